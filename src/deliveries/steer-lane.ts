import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { domainName } from '../lib/domain-name.ts';
import { Refusal } from '../lib/errors.ts';
import type { Db } from '../platform/db/database.ts';
import { freeBatches } from './batches.ts';
import { hurry } from './hurry.ts';
import { isOpenLane } from './lane.ts';
import { otherLane, providers, wellKnownLane } from './lane-names.ts';
import { forgetOpenLane, paceOf } from './lane-queries.ts';
import { ring } from './ring.ts';

/** What an operator wants of a lane. */
export type LaneOrder =
  /** Not more than so many at once, or so many a second, over all workers. */
  | { do: 'slow'; connections?: number | undefined; ratePerSecond?: number | undefined }
  /** Nothing begins; what is on the wire finishes. */
  | { do: 'pause'; reason?: string | undefined }
  /** Every limit, pause and trouble is forgotten, and the lane goes on at once. */
  | { do: 'resume' };

const bellsMax = 2_000;

/**
 * Slows, pauses or resumes a lane, for all sends and all workers, from their next window on. Of a domain without a lane of its
 * own, its readers are taken out of the lane they share as they come up. Safe to run twice.
 *
 * @throws Refusal 422 for a name under which no mail goes out, or a limit that is none.
 */
export async function steerLane(
  ctx: Context,
  what: { lane: string; order: LaneOrder; by: string },
): Promise<void> {
  const { lane, order, by } = what;
  const now = ctx.clock.now();
  await needLane(ctx.db, lane, order);
  switch (order.do) {
    case 'slow': {
      const { connections, ratePerSecond } = order;
      if (connections === undefined && ratePerSecond === undefined) {
        throw new Refusal(
          422,
          'invalid',
          'Say how slow: connections, a rate per second, or both.',
          'connections',
        );
      }
      if (connections !== undefined && !(Number.isInteger(connections) && connections > 0)) {
        throw new Refusal(422, 'invalid', 'connections is a whole number above 0.', 'connections');
      }
      await write(ctx, { lane, state: 'slow', connections, ratePerSecond, reason: undefined, by, now });
      break;
    }
    case 'pause':
      await write(ctx, { lane, state: 'paused', reason: order.reason ?? `paused by ${by}`, by, now });
      break;
    case 'resume': {
      await sql`
        update lanes set state = 'open', connections = null, rate_per_second = null, probe = null, probe_accepted = 0,
          back_off_until = null, failures = 0, reason = null, last_answer = null, changed_by = ${by}, changed_at = ${now}
        where lane = ${lane}`.execute(ctx.db);
      await forgetOpenLane(ctx.db, lane);
      await hurry(ctx.db, { lane, now });
      break;
    }
  }
  ctx.log.info({ deed: 'steer-lane', lane, order: order.do, by }, 'lane steered');
  if (isOpenLane(await paceOf(ctx.db, lane), now)) {
    await ring(ctx, 'deliver', await freeBatches(ctx.db, { lane, now, limit: bellsMax }));
  }
}

/** Whoever pauses gmail.com means Gmail, and would hold back nothing: its mail goes in the lane gmail, like a customer's of it. */
async function needLane(db: Db, lane: string, order: LaneOrder): Promise<void> {
  if (lane === otherLane || providers.has(lane)) return;
  if (!domainName.test(lane)) {
    const names = [...providers, otherLane].join(', ');
    const words = `${lane.slice(0, 40)} is no lane: name ${names}, or a domain like example.org.`;
    throw new Refusal(422, 'invalid', words, 'lane');
  }
  const { rows } = await sql<{ provider: string | null; in_use: boolean }>`
    select (select lane from mail_domains where domain = ${lane}) as provider,
      exists (select from delivery_batches where lane = ${lane} and done_at is null)
        or ${order.do === 'resume'} and exists (select from lanes where lane = ${lane}) as in_use`.execute(
    db,
  );
  const provider = wellKnownLane(lane) ?? rows[0]?.provider;
  // Whose provider was found out after an edition was planned has a lane of its own in that one.
  if (!provider || rows[0]?.in_use) return;
  const words = `Mail for ${lane} goes in the lane ${provider}, with all of that provider: name ${provider}.`;
  throw new Refusal(422, 'invalid', words, 'lane');
}

async function write(
  ctx: Context,
  to: {
    lane: string;
    state: 'slow' | 'paused';
    connections?: number | undefined;
    ratePerSecond?: number | undefined;
    reason: string | undefined;
    by: string;
    now: Date;
  },
): Promise<void> {
  const row = {
    state: to.state,
    reason: to.reason ?? null,
    changed_by: to.by,
    changed_at: to.now,
    ...(to.state === 'slow'
      ? { connections: to.connections ?? null, rate_per_second: to.ratePerSecond ?? null }
      : {}),
  };
  await ctx.db
    .insertInto('lanes')
    .values({ lane: to.lane, ...row })
    .onConflict((conflict) => conflict.column('lane').doUpdateSet(row))
    .execute();
}
