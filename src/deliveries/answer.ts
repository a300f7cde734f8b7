import { needsSmtpUtf8 } from '../lib/email-address.ts';
import { maskAddresses } from '../lib/mask.ts';
import type { Outcome } from '../platform/mail/smtp-outcome.ts';
import {
  classifyReply,
  type Phase,
  type Reply,
  type ReplyClass,
  replyText,
} from '../platform/mail/smtp-reply.ts';
import { nextTryAt } from './back-off.ts';
import type { Claimed, Settlement } from './claim.ts';
import { type Trouble, troubleOf } from './lane-policy.ts';

/** What a claimed delivery came to. */
export interface Answer {
  settlement: Settlement;
  /** The class of a refusal that may tell something about the reader's mailbox, to be weighed with what is known of it. */
  bounce: ReplyClass | undefined;
  /** The reader's mailbox provider, as far as the address tells. */
  domain: string;
  /** The relay could not be reached, or would not talk: the delivery was never begun. */
  relayAway: boolean;
  /** The answer says that the reader's whole lane is in trouble. */
  trouble: Trouble | undefined;
}

/** Phases before the server has said a word about the message: what is lost there is our way to the relay, not the reader. */
const unheard: readonly Phase[] = ['connect', 'greeting', 'ehlo', 'starttls', 'auth', 'mail'];

/**
 * Reads the outcome of one SMTP transaction as a line in the books. 2xx after the final dot is `accepted`; 4xx `deferred`,
 * 5xx `refused`, by the policy of `classifyReply`; lost after the dot `unknown`; lost before it `deferred`; never begun, or cut
 * off while this process shuts down before the dot, `queued` as it was. Pure: the same outcome gives the same line.
 */
export function readAnswer(
  claimed: Claimed,
  outcome: Outcome,
  at: { editionId: number; now: Date; stopping: boolean },
): Answer {
  const domain = domainOf(claimed.email);
  const settle = (settlement: Partial<Settlement> & Pick<Settlement, 'state'>): Settlement => ({
    subscriberId: claimed.subscriberId,
    claim: claimed.claim,
    class: null,
    smtpCode: null,
    status: null,
    textMasked: null,
    dueAt: null,
    burnt: false,
    ...settlement,
  });
  const quiet = { bounce: undefined, domain, relayAway: false, trouble: undefined };
  if (outcome.kind === 'lost') {
    const textMasked = maskAddresses(outcome.reply ? replyText(outcome.reply) : outcome.reason);
    if (outcome.afterDot) {
      return {
        settlement: settle({ state: 'unknown', class: 'in-doubt', textMasked, burnt: true }),
        ...quiet,
      };
    }
    const isUnheard = unheard.includes(outcome.phase);
    if (isUnheard || at.stopping) {
      // What this process cuts when it ends says nothing of the relay: the next worker need not wait for it.
      return { ...quiet, settlement: settle({ state: 'queued' }), relayAway: isUnheard && !at.stopping };
    }
    const dueAt = nextTryAt({ ...claimed, editionId: at.editionId }, claimed.attempts, at.now);
    const lost = { class: 'network', textMasked, dueAt, burnt: true };
    const trouble = troubleOf({
      phase: outcome.phase,
      class: 'network',
      code: 0,
      status: undefined,
      text: textMasked,
    });
    return { settlement: settle({ state: 'deferred', ...lost }), ...quiet, trouble };
  }
  const { phase, reply } = outcome;
  const { code, status, text } = reply;
  const verdict = classifyReply({ phase, code, status, text });
  if (verdict.disposition === 'accepted') return accepted(claimed, reply, domain);
  const said = { smtpCode: reply.code, status: reply.status ?? null };
  const seen = { ...said, textMasked: maskAddresses(replyText(reply)) };
  const trouble = troubleOf({ ...reply, phase, class: verdict.class, status: reply.status });
  switch (verdict.disposition) {
    case 'deferred': {
      const dueAt = nextTryAt({ ...claimed, editionId: at.editionId }, claimed.attempts, at.now);
      // A server that is busy, or a lane that is too fast, uses up nobody's tries.
      const burnt = verdict.class !== 'rate';
      return {
        settlement: settle({ ...seen, state: 'deferred', class: verdict.class, dueAt, burnt }),
        ...quiet,
        trouble,
      };
    }
    case 'refused': {
      const lacksUtf8 = needsSmtpUtf8(claimed.email) && reply.status?.slice(2) === '6.7';
      return {
        settlement: settle({
          ...seen,
          state: 'refused',
          class: lacksUtf8 ? 'smtputf8' : verdict.class,
          burnt: true,
        }),
        ...quiet,
        trouble,
        bounce: lacksUtf8 || phase === 'mail' ? undefined : verdict.class,
      };
    }
  }
}

/** Of a million answers nearly all are this one, and an object that is put together from others costs 3 to 7 µs. */
function accepted({ subscriberId, claim }: Claimed, reply: Reply, domain: string): Answer {
  const settlement: Settlement = {
    subscriberId,
    claim,
    state: 'accepted',
    class: null,
    smtpCode: reply.code,
    status: reply.status ?? null,
    textMasked: null,
    dueAt: null,
    burnt: true,
  };
  return { settlement, bounce: undefined, domain, relayAway: false, trouble: undefined };
}

/** A claimed delivery that was not begun goes back as it was. */
export function withdrawn(claimed: Claimed): Answer {
  const { subscriberId, claim } = claimed;
  const nothing = { class: null, smtpCode: null, status: null, textMasked: null, dueAt: null, burnt: false };
  return {
    settlement: { subscriberId, claim, state: 'queued', ...nothing },
    bounce: undefined,
    domain: domainOf(claimed.email),
    relayAway: false,
    trouble: undefined,
  };
}

/**
 * A mail that could not be written. For this reader (`hopeless`: an address that no header can hold) it is refused; for a
 * fault of ours it waits, so that nobody is lost while it is mended.
 */
export function unwritable(
  claimed: Claimed,
  at: { editionId: number; now: Date; reason: string; hopeless: boolean },
): Answer {
  const { settlement, ...rest } = withdrawn(claimed);
  const seen = { class: 'unwritable', textMasked: maskAddresses(at.reason), burnt: true };
  if (at.hopeless) return { ...rest, settlement: { ...settlement, ...seen, state: 'refused' } };
  const dueAt = nextTryAt({ ...claimed, editionId: at.editionId }, claimed.attempts, at.now);
  return { ...rest, settlement: { ...settlement, ...seen, state: 'deferred', dueAt } };
}

function domainOf(email: string): string {
  return email.slice(email.lastIndexOf('@') + 1).toLowerCase();
}
