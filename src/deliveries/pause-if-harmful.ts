import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { readBooks } from './counts.ts';
import { pauseByItself } from './pause-send.ts';
import { selectSend } from './queries.ts';

/** What the readers' servers, and the readers, have said of a send so far. */
export interface Harm {
  /** Addresses found dead or disabled. */
  bounced: number;
  complaints: number;
  /** Accepted and refused. */
  decided: number;
}

/** More bounces than this share of what was decided pause a send, once there are so many of them. */
export const bouncedShareMax = 0.08;
const bouncedMin = 20;
/** Gmail and Yahoo ask for fewer complaints than this share, always. */
export const complaintShareMax = 0.003;
const complaintsMin = 5;

/** Why a send should not go on by itself, in words; `undefined` when all is well. What a person has pardoned does not count. */
export function harmIn(
  seen: Harm,
  pardoned: Harm = { bounced: 0, complaints: 0, decided: 0 },
): string | undefined {
  const bounced = seen.bounced - pardoned.bounced;
  const complaints = seen.complaints - pardoned.complaints;
  const decided = Math.max(1, seen.decided - pardoned.decided);
  if (bounced >= bouncedMin && bounced / decided > bouncedShareMax) {
    return `${share(bounced, decided)} of the addresses bounced (${bounced} of ${decided}; the limit is ${percent(bouncedShareMax)}): the list may be old or bought, or a provider refuses everyone`;
  }
  if (complaints >= complaintsMin && complaints / decided > complaintShareMax) {
    return `${share(complaints, decided)} of the readers reported it as spam (${complaints} of ${decided}; the limit is ${percent(complaintShareMax)})`;
  }
  return undefined;
}

/**
 * Pauses a send whose bounces or complaints are over the limit, with the reason in words. Looks at the books and the bounces
 * of this edition only. Safe to run at any time, twice and at once.
 *
 * @returns the reason, when this call paused it.
 */
export async function pauseIfHarmful(ctx: Context, editionId: number): Promise<string | undefined> {
  const send = await selectSend(ctx.db, editionId);
  if (send?.state !== 'sending') return undefined;
  const reason = harmIn(await readHarm(ctx, editionId), send.pardoned);
  if (reason === undefined) return undefined;
  return (await pauseByItself(ctx, editionId, reason)) ? reason : undefined;
}

/** What is known of a send's harm now: a sum of its books and one index look-up. */
export async function readHarm(ctx: Context, editionId: number): Promise<Harm> {
  const { counts } = await readBooks(ctx.db, editionId, ctx.clock.now());
  const { rows } = await sql<{ bounced: number; complaints: number }>`
    select count(*) filter (where class in ('dead', 'disabled')) as bounced,
      count(*) filter (where class = 'complaint') as complaints
    from bounces where edition_id = ${editionId}`.execute(ctx.db);
  const { bounced = 0, complaints = 0 } = rows[0] ?? {};
  return { bounced, complaints, decided: counts.accepted + counts.refused };
}

function percent(of: number): string {
  return `${Math.round(of * 1000) / 10} %`;
}

function share(part: number, whole: number): string {
  return percent(part / whole);
}
