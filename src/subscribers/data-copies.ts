import type { Context } from '../context.ts';
import { parseEmailAddress } from '../lib/email-address.ts';
import { fingerprint } from '../lib/signed-token.ts';
import { planLetter } from '../platform/mail/letters.ts';
import { recordEvents } from './events.ts';
import type { LetterKind } from './letter-kinds.ts';
import { lockSubscriber, selectSubscriber } from './queries.ts';
import { ringNotice } from './ring-notice.ts';

// A reader's copy of their data: asked for here, put together where everything can be read, kept here until it is fetched.

export const copyMs = 24 * 60 * 60_000;
const gapMs = 10 * 60_000;
const dayMs = 24 * 60 * 60_000;
const perDayMax = 3;

/** Asks for a copy. One that was asked for within ten minutes serves; three a day are made at most. @returns whether this call asked for one. */
export async function askForData(ctx: Context, subscriberId: number): Promise<boolean> {
  const now = ctx.clock.now();
  const asked = await ctx.db.transaction().execute(async (tx) => {
    const person = await lockSubscriber(tx, subscriberId);
    if (person?.email === undefined) return false;
    const recent = await tx
      .selectFrom('data_copies')
      .select('asked_at')
      .where('subscriber_id', '=', subscriberId)
      .where('asked_at', '>', new Date(now.getTime() - dayMs))
      .execute();
    if (recent.length >= perDayMax) return false;
    if (recent.some((one) => now.getTime() - one.asked_at.getTime() < gapMs)) return false;
    await tx.insertInto('data_copies').values({ subscriber_id: subscriberId, asked_at: now }).execute();
    await recordEvents(tx, [{ subscriberId, kind: 'data_asked', actor: 'reader', at: now }]);
    return true;
  });
  if (asked) await ringGatherData(ctx, [subscriberId]);
  return asked;
}

/** What was asked for stands whether or not the bell rings: `rescue` rings for copies that wait. */
export async function ringGatherData(ctx: Context, subscriberIds: readonly number[]): Promise<void> {
  try {
    await ctx.queues.ringAll(
      'gather-data',
      subscriberIds.map((subscriberId) => ({ subscriberId })),
    );
  } catch (error) {
    ctx.log.warn({ deed: 'ring', job: 'gather-data', reason: String(error) }, 'the bell did not ring');
  }
}

/** Readers whose copy has waited since before then. */
export async function waitingForData(ctx: Context, before: Date): Promise<number[]> {
  const rows = await ctx.db
    .selectFrom('data_copies')
    .select('subscriber_id')
    .where('made_at', 'is', null)
    .where('asked_at', '<', before)
    .orderBy('asked_at')
    .limit(100)
    .execute();
  return [...new Set(rows.map((row) => row.subscriber_id))];
}

/** The copy of a person that still waits to be made. */
export async function waitingCopy(ctx: Context, subscriberId: number): Promise<number | undefined> {
  const row = await ctx.db
    .selectFrom('data_copies')
    .select('id')
    .where('subscriber_id', '=', subscriberId)
    .where('made_at', 'is', null)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}

/** Keeps a copy for a day and plans the letter that says where it is. Of two that were made one is kept. */
export async function keepCopy(ctx: Context, copyId: number, zip: Buffer): Promise<boolean> {
  const now = ctx.clock.now();
  const letterId = await ctx.db.transaction().execute(async (tx) => {
    const kept = await tx
      .updateTable('data_copies')
      .set({ zip, made_at: now, expires_at: new Date(now.getTime() + copyMs) })
      .where('id', '=', copyId)
      .where('made_at', 'is', null)
      .returning('subscriber_id')
      .executeTakeFirst();
    const person = kept && (await selectSubscriber(tx, { id: kept.subscriber_id }));
    if (person?.email === undefined) return undefined;
    const limitKey = parseEmailAddress(person.email)?.limitKey ?? person.email;
    const kind: LetterKind = 'data-ready';
    const print = fingerprint(ctx.keyring, limitKey).bytes;
    return (await planLetter(tx, { kind, about: copyId, fingerprint: print, at: now })).id;
  });
  if (letterId === undefined) return false;
  await ringNotice(ctx, letterId);
  return true;
}

/** A copy that is ready and not too old. */
export async function findCopy(ctx: Context, copyId: number): Promise<Buffer | undefined> {
  const row = await ctx.db
    .selectFrom('data_copies as d')
    .innerJoin('subscribers as s', 's.id', 'd.subscriber_id')
    .select('d.zip')
    .where('d.id', '=', copyId)
    .where('d.expires_at', '>', ctx.clock.now())
    .where('s.erased_at', 'is', null)
    .executeTakeFirst();
  return row?.zip ?? undefined;
}
