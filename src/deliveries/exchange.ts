import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { deliveryId } from '../lib/ids.ts';
import { maskAddresses } from '../lib/mask.ts';
import type { Db } from '../platform/db/database.ts';
import { noteAttempts, recordBounce } from '../subscribers/record-bounce.ts';
import type { Answer } from './answer.ts';
import { type Lease, settleAndClaim, type Window } from './claim.ts';
import { countSettled } from './count-settled.ts';
import { handsOf } from './hands.ts';
import { heedAnswers } from './heed-answers.ts';
import { settleLate } from './settle-late.ts';

/** Answers that cannot be written down for so long are given up: their deliveries end as `unknown`. */
const giveUpAfterMs = 5 * 60_000;
const retryMsMax = 5_000;
/** From this failure on the answers are written without what they say about mailboxes: the books come first. */
const failuresWithBounces = 3;

/**
 * Writes down a window's answers and claims the next window, through whatever happens to the database: answers are the one
 * thing that exists nowhere else, so it is tried again for five minutes. A statement whose own outcome was lost may have
 * claimed deliveries that we never heard of; they are given back before the next try.
 *
 * @throws Error when the database was away for longer.
 */
export async function exchange(
  ctx: Context,
  lease: Lease,
  answers: readonly Answer[],
  nextIds: readonly number[],
  drawn = false,
): Promise<Window> {
  const startedMs = performance.now();
  for (let failures = 0; ; failures += 1) {
    try {
      if (failures > 0) await giveBackUnheard(ctx.db, lease, nextIds);
      return await write(ctx, lease, {
        answers,
        nextIds,
        drawn,
        withBounces: failures < failuresWithBounces,
      });
    } catch (error) {
      if (performance.now() - startedMs > giveUpAfterMs) {
        throw new Error(`${answers.length} answers could not be written down`, { cause: error });
      }
      const reason = maskAddresses(String(error));
      ctx.log.warn(
        { deed: 'deliver', editionId: lease.editionId, batchNo: lease.batchNo, reason },
        'answers could not be written down, trying again',
      );
      await pause(Math.min(retryMsMax, 100 * 2 ** failures));
    }
  }
}

async function write(
  ctx: Context,
  lease: Lease,
  what: { answers: readonly Answer[]; nextIds: readonly number[]; drawn: boolean; withBounces: boolean },
): Promise<Window> {
  const { answers, nextIds, drawn } = what;
  const bounced = what.withBounces ? answers.filter((one) => one.bounce !== undefined) : [];
  const act = async (db: Db): Promise<Window> => {
    const now = ctx.clock.now();
    const settlements = answers.map((one) => one.settlement);
    const window = await settleAndClaim(db, lease, settlements, nextIds, now, drawn);
    const left = settlements.filter((one) => !window.settled.has(one.subscriberId));
    for (const id of await settleLate(db, lease, left, now)) window.settled.add(id);
    await recordBounces(
      ctx,
      db,
      lease,
      bounced.filter((one) => window.settled.has(one.settlement.subscriberId)),
    );
    return window;
  };
  const startedMs = performance.now();
  const window = await (bounced.length > 0 ? ctx.db.transaction().execute(act) : act(ctx.db));
  countSettled(ctx, lease.lane, answers, window.settled, performance.now() - startedMs);
  await heedAnswers(ctx, lease, answers, window);
  return window;
}

/** Deliveries of the window that are `sending` under our name though no answer told us so: they were not begun. */
async function giveBackUnheard(db: Db, lease: Lease, nextIds: readonly number[]): Promise<void> {
  if (nextIds.length === 0) return;
  await sql`
    update deliveries set state = 'queued'
    where edition_id = ${lease.editionId} and subscriber_id = any(${[...nextIds]}::bigint[])
      and state = 'sending' and worker_id = ${lease.workerId}`.execute(db);
}

/** In the order of their domains, so that two workers take the guard's counters in the same order. */
async function recordBounces(ctx: Context, db: Db, lease: Lease, bounced: readonly Answer[]): Promise<void> {
  const at = ctx.clock.now();
  const { attempts } = handsOf(ctx);
  const inOrder = [...bounced].sort((a, b) => (a.domain < b.domain ? -1 : 1));
  for (const { settlement, bounce, domain } of inOrder) {
    if (!bounce) continue;
    const { subscriberId, claim, smtpCode, status, textMasked } = settlement;
    await noteAttempts(db, Array<string>(attempts.take(domain)).fill(domain), at);
    const consequence = await recordBounce(db, ctx.keyring, {
      subscriberId,
      editionId: lease.editionId,
      source: 'smtp',
      sourceId: `${deliveryId(lease.editionId, subscriberId)}-${claim}`,
      class: bounce,
      code: smtpCode ?? undefined,
      status: status ?? undefined,
      textMasked: textMasked ?? undefined,
      at,
    });
    ctx.log.info(
      { deed: 'record-bounce', subscriberId, class: bounce, consequence: consequence.kind },
      'bounced',
    );
  }
}
