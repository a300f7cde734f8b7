import { type Command, settle, type Transaction } from './smtp-command.ts';
import { parseReply } from './smtp-reply.ts';

/**
 * What a reply means for its connection. `on`: the next reply can come. `refused`: nothing more of this message need
 * leave. `body`: the server waits for it. `distrust`: the reply does not fit our command, so no later one can be trusted.
 */
export type Verdict =
  | { readonly kind: 'on' | 'refused' }
  | { readonly kind: 'body'; readonly transaction: Transaction }
  | { readonly kind: 'distrust' | 'close'; readonly reason: string };

const on: Verdict = { kind: 'on' };

/** Applies a reply to the message whose command it answers, and settles the message where it decides. */
export function applyReply(command: Command, code: number, lines: string[]): Verdict {
  switch (command.step) {
    case 'quit':
      return { kind: 'close', reason: 'we have quit' };
    case 'rset':
      return code < 300 || code === 421 ? on : { kind: 'close', reason: 'the server refused RSET' };
    case 'mail':
    case 'rcpt':
      return applyEnvelope(command.step, command.transaction, code, lines);
    case 'data':
      return applyData(command.transaction, code, lines);
    case 'dot':
      return applyDot(command.transaction, code, lines);
  }
}

function applyEnvelope(
  step: 'mail' | 'rcpt',
  transaction: Transaction,
  code: number,
  lines: string[],
): Verdict {
  if (code >= 400) {
    if (step === 'mail') transaction.mailRefused = true;
    settle(transaction, { kind: 'reply', phase: step, reply: parseReply(lines) });
    return { kind: 'refused' };
  }
  if (code >= 300) return distrust(`the server answered ${code} to ${step.toUpperCase()}`);
  transaction.step = step === 'mail' ? 'rcpt' : 'data';
  return on;
}

function applyData(transaction: Transaction, code: number, lines: string[]): Verdict {
  if (code >= 400) {
    settle(transaction, { kind: 'reply', phase: 'data', reply: parseReply(lines) });
    return { kind: 'refused' };
  }
  if (code < 300) return distrust(`the server answered ${code} to DATA`);
  // No dot is safe here: whatever the server believes it is receiving, it is not our message.
  if (transaction.mailRefused) return distrust('the server took DATA after it refused MAIL');
  return { kind: 'body', transaction };
}

function applyDot(transaction: Transaction, code: number, lines: string[]): Verdict {
  if (code >= 300 && code < 400) return distrust(`the server answered ${code} to the end of the message`);
  if (code < 300 && transaction.mailRefused)
    return distrust('the server took a message after it refused MAIL');
  if (transaction.dotSent || code >= 400) {
    settle(transaction, { kind: 'reply', phase: 'dot', reply: parseReply(lines) });
  }
  return transaction.dotSent
    ? on
    : { kind: 'close', reason: 'the server answered before the end of the message' };
}

function distrust(reason: string): Verdict {
  return { kind: 'distrust', reason };
}
