import { afterEach } from 'vitest';
import { openSmtp, type SmtpOptions } from '../../../src/platform/mail/open-smtp.ts';
import type { SmtpConnection } from '../../../src/platform/mail/smtp.ts';
import type { Outcome } from '../../../src/platform/mail/smtp-outcome.ts';
import { type Script, type ScriptedSmtp, scriptedSmtp } from '../../support/scripted-smtp.ts';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A scripted server, closed after the test. */
export async function server(script: Script = {}): Promise<ScriptedSmtp> {
  const scripted = await scriptedSmtp(script);
  open.push(() => scripted.close());
  return scripted;
}

/** A connection to it, cut after the test. */
export async function connect(
  to: Pick<ScriptedSmtp, 'relay'>,
  options: Partial<SmtpOptions> = {},
): Promise<SmtpConnection> {
  const connection = await openSmtp(to.relay, { ehloName: 'client.example.org', ...options });
  open.push(() => connection.cut('the test is over'));
  return connection;
}

export const body = (word: string) => `Subject: ${word}\r\n\r\n${word}\r\n`;
export const envelope = (name: string) => ({ from: 'news@example.org', to: `${name}@example.com` });
export const send = (connection: SmtpConnection, ...names: string[]) =>
  Promise.all(names.map((name) => connection.deliver(envelope(name), body(name))));

/** An outcome in one word: the code with its phase, or what was lost and whether it is in doubt. */
export function brief(outcome: Outcome): string {
  if (outcome.kind === 'reply') return `${outcome.phase} ${outcome.reply.code}`;
  return `lost ${outcome.phase}${outcome.afterDot ? ' in doubt' : ''}`;
}
