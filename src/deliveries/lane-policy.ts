import type { Phase, ReplyClass } from '../platform/mail/smtp-reply.ts';

/** Trouble that concerns a whole lane, and how it is met. */
export interface Trouble {
  kind: 'quota' | 'rate' | 'reputation' | 'network';
  /** The lane rests so long; with `doubles` twice as long each time in a row. */
  pauseMs: number;
  doubles: boolean;
  /** So many deliveries at once are tried afterwards, then one more after each few that are accepted. */
  probe: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** What only means something when so many come in a row from one lane, with nothing accepted between. */
export const inARowMax = {
  /** The way to the provider is broken: the lane rests. */
  network: 5,
  /** Our own authentication fails there, so the next mail fails the same way: the send pauses. */
  auth: 5,
  /** The mail itself, or we, are taken for spam: the send pauses. */
  content: 20,
};
export type InARow = keyof typeof inARowMax;

/** A pause that doubles ends here. */
export const pauseMsMax = 2 * hourMs;
/** Accepted deliveries, per connection tried, until one more is given back. */
export const acceptedPerProbe = 5;
/** With so many connections again the trouble is over. */
export const probeMax = 20;

const afterTrouble = 4;

const quota: Trouble = { kind: 'quota', pauseMs: 10 * minuteMs, doubles: false, probe: 1 };
const block: Trouble = { kind: 'reputation', pauseMs: 2 * hourMs, doubles: false, probe: 1 };
const circuit: Trouble = { kind: 'network', pauseMs: 5 * minuteMs, doubles: true, probe: 1 };

/** What the large providers say when they have had enough, and for how long each is known to mean it. */
const rates: { when: (seen: Seen) => boolean; trouble: Trouble }[] = [
  // Gmail's own recovery: stop ten minutes, then one connection; when that fails, ten more; else one more at a time.
  { when: ({ status }) => status?.slice(2) === '7.28', trouble: quota },
  { when: ({ text }) => /\[(?:IP)?TSS?0[4-6]\]/i.test(text), trouble: rate(2 * hourMs, 1) },
  { when: ({ text }) => /\[(?:IP)?TSS?0[1-3]\]/i.test(text), trouble: rate(30 * minuteMs, 1) },
  {
    when: ({ status, text }) => /^4\.7\.65[01]$/.test(status ?? '') || /\bRP-00\d/.test(text),
    trouble: rate(30 * minuteMs, 1),
  },
  { when: ({ text }) => /\[(?:HCM\d|BS\d+)\]|OFR\w*_104/i.test(text), trouble: rate(15 * minuteMs, 1) },
  {
    when: ({ text }) => /too many (?:concurrent )?(?:connections|messages)/i.test(text),
    trouble: { ...rate(minuteMs / 2, afterTrouble), doubles: true },
  },
];

function rate(pauseMs: number, probe: number): Trouble {
  return { kind: 'rate', pauseMs, doubles: false, probe };
}

interface Seen {
  phase: Phase;
  class: ReplyClass;
  status: string | undefined;
  text: string;
}

/**
 * What an answer means for everyone in the same lane; `undefined` when it concerns this reader or our relay alone. Only
 * answers from RCPT on speak of the recipient's provider. A message that met it is tried again and has used up nothing.
 * (Gmail's recovery of 4.7.28, the pauses of Yahoo, Outlook, iCloud and Orange: providers' own pages and their senders'
 * published practice.) Pure.
 */
export function troubleOf(seen: Seen): Trouble | undefined {
  if (seen.phase !== 'rcpt' && seen.phase !== 'data' && seen.phase !== 'dot') return undefined;
  switch (seen.class) {
    case 'rate':
      return (
        rates.find(({ when }) => when(seen))?.trouble ?? { ...rate(minuteMs, afterTrouble), doubles: true }
      );
    case 'reputation':
      return block;
    case 'network':
      return circuit;
    default:
      return undefined;
  }
}

/** How long the lane rests when this trouble comes for the nth time in a row (n from 0). */
export function pauseMsOf({ pauseMs, doubles }: Trouble, failures: number): number {
  return doubles ? Math.min(pauseMsMax, pauseMs * 2 ** Math.min(failures, 10)) : pauseMs;
}
