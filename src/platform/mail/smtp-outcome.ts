import { maskAddresses } from '../../lib/mask.ts';
import { type Phase, type Reply, replyText } from './smtp-reply.ts';

export type Envelope = {
  /** Empty for the null sender. */
  readonly from: string;
  readonly to: string;
  /** The message itself needs SMTPUTF8 (an address that needs it is seen without this). */
  readonly smtpUtf8?: boolean;
  /** The message holds bytes above 127. */
  readonly eightBit?: boolean;
  readonly sizeBytes?: number;
  /** Some line of the message begins with a dot: it is doubled where the message leaves by DATA. */
  readonly dotted?: boolean;
  /**
   * Asks for a report when the mail fails or is late, with its headers only (RFC 3461), where the server offers DSN; the
   * report names this. 1 to 100 printable ASCII characters.
   */
  readonly envelopeId?: string;
};

/**
 * What became of one message. `reply`: the server decided, in that phase; only a 2xx at `dot` is acceptance.
 * `lost`: nobody answered. `afterDot` is true when the server may hold the whole message: then it is in doubt
 * and must not be sent again by itself. `reply` on `lost` is the answer that ended a handshake.
 */
export type Outcome =
  | { readonly kind: 'reply'; readonly phase: 'mail' | 'rcpt' | 'data' | 'dot'; readonly reply: Reply }
  | {
      readonly kind: 'lost';
      readonly phase: Phase;
      readonly afterDot: boolean;
      readonly reason: string;
      readonly reply?: Reply;
    };

/** A connection that never came to its first message. The sentence holds no address and no password. */
export class SmtpLost extends Error {
  readonly phase: Phase;
  readonly reply: Reply | undefined;

  constructor(phase: Phase, reason: string, reply?: Reply) {
    super(reply ? `${reason}: ${maskAddresses(replyText(reply))}` : reason);
    this.name = 'SmtpLost';
    this.phase = phase;
    this.reply = reply;
  }
}

/** The handshake's failure as the outcome of a message that waited for it. */
export function lostOutcome(lost: SmtpLost): Outcome {
  const { phase, reply } = lost;
  return { kind: 'lost', phase, afterDot: false, reason: lost.message, ...(reply ? { reply } : {}) };
}

/** The connection had ended before it came to this message, so nothing of the message can have been taken. */
export function endedBetweenMessages(outcome: Outcome): boolean {
  if (outcome.phase !== 'mail') return false;
  if (outcome.kind === 'lost') return !outcome.afterDot;
  return outcome.reply.code === 421 && saysEnough(outcome.reply);
}

/**
 * The 421 of a relay that hangs up on a message instead of taking it, whatever it took before on the same connection. At MAIL
 * it may mean that this connection has carried enough, and at RCPT it is the word of the recipient’s provider.
 */
export function turnedAway(outcome: Outcome): Reply | undefined {
  if (outcome.kind !== 'reply' || (outcome.phase !== 'data' && outcome.phase !== 'dot')) return undefined;
  return outcome.reply.code === 421 && !saysEnough(outcome.reply) ? outcome.reply : undefined;
}

/** This connection has carried enough, or has waited too long. */
function saysEnough({ status, text }: Reply): boolean {
  return status === '4.4.2' || /per (?:connection|session)/i.test(text);
}

/** The reply of a relay that would not begin now, before it heard whom the message was for; the connection stays. */
export function putOffAtMail(outcome: Outcome): Reply | undefined {
  if (outcome.kind !== 'reply' || outcome.phase !== 'mail') return undefined;
  const { code } = outcome.reply;
  return code >= 400 && code < 500 && code !== 421 ? outcome.reply : undefined;
}

/** What opening a connection threw. */
export function asLost(error: unknown): SmtpLost {
  if (error instanceof SmtpLost) return error;
  const reason = error instanceof Error ? error.message : error;
  return new SmtpLost('connect', `the connection could not be opened (${reason})`);
}

export type SmtpTimeouts = {
  connectMs: number;
  greetingMs: number;
  ehloMs: number;
  tlsMs: number;
  authMs: number;
  mailMs: number;
  rcptMs: number;
  dataMs: number;
  /** One piece of a long body must leave within this. */
  blockMs: number;
  /** The reply to the final dot. RFC 5321 §4.5.3.2 has 10 min; shorter leaves more in doubt. */
  dotMs: number;
  quitMs: number;
};

export const smtpTimeouts: Readonly<SmtpTimeouts> = {
  connectMs: 30_000,
  greetingMs: 60_000,
  ehloMs: 60_000,
  tlsMs: 30_000,
  authMs: 60_000,
  mailMs: 120_000,
  rcptMs: 120_000,
  dataMs: 120_000,
  blockMs: 180_000,
  dotMs: 300_000,
  quitMs: 3_000,
};
