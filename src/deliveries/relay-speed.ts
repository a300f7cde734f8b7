import type { Context } from '../context.ts';
import type { Rate } from '../lib/rate.ts';
import { type Relay, relaysFor } from '../platform/mail/relay.ts';
import type { Drawn } from '../platform/rate/drawn.ts';
import { RatesAhead, readDrawn } from '../platform/rate/rates-ahead.ts';
import { type Speed, shareOut, steady } from './share-out.ts';

export interface RelayRates {
  /** Those that editions go out by; none: the trap takes them, as fast as they come. */
  relays: readonly Relay[];
  /** `SMTP_RATE`, which holds for all together. */
  overall: readonly Rate[];
  /** What each account has drawn so far. */
  drawn: ReadonlyMap<string, Drawn>;
}

/** The rates that editions go out at, as they stand now. */
export async function readRelayRates(ctx: Context): Promise<RelayRates> {
  const relays = relaysFor('bulk', ctx.config.relays);
  const overall = ctx.config.smtpRates;
  return { relays, overall, drawn: await readDrawn(ctx.db, relays, overall, ctx.clock.now()) };
}

/**
 * How fast editions go out by their relays from that instant on: by the rates of `SMTP_URL` and `SMTP_RATE`, by what was drawn
 * of them, and by the days of a warm-up; no faster than `perSecondMax`, our own speed. Pure, but for what it is told.
 */
export function relaySpeed(
  { relays, overall, drawn }: RelayRates,
  from: Date,
  perSecondMax = Infinity,
): Speed {
  if (relays.length === 0) return steady(perSecondMax);
  const ahead = new RatesAhead(relays, overall, drawn);
  // Whole milliseconds, or a fraction lost in adding up would stand before the instant at which a window opens.
  const msOf = (seconds: number) => Math.round(from.getTime() + seconds * 1000);
  return {
    at: (seconds) => {
      const { perSecond, mails, untilMs } = ahead.at(msOf(seconds));
      return {
        perSecond: Math.min(perSecond, perSecondMax),
        mails,
        untilSeconds: (untilMs - from.getTime()) / 1000,
      };
    },
    take: (mails, { from: start, to }) => ahead.take(mails, { fromMs: msOf(start), toMs: msOf(to) }),
  };
}

/**
 * How many mails per second the relays take of so many that begin at that instant, on average until the last of them.
 * `undefined`: they take all of them at once. Pure.
 */
export function relayRatePerSecond(
  rates: RelayRates,
  load: { mails: number; from: Date },
): number | undefined {
  const mails = Math.max(1, load.mails);
  const [seconds] = shareOut(
    [{ mails, later: [], startsInSeconds: 0, perSecondMax: Infinity }],
    relaySpeed(rates, load.from),
  );
  return seconds ? mails / seconds : undefined;
}
