import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { freeBatches } from './batches.ts';
import { isOpenLane } from './lane.ts';
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

const laneName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
const bellsMax = 2_000;

/**
 * Slows, pauses or resumes a lane, for all sends and all workers, from their next window on. Of a domain without a lane of its
 * own, its readers are taken out of the lane they share as they come up. Safe to run twice.
 *
 * @throws Refusal 422 for a name that is no lane, or a limit that is none.
 */
export async function steerLane(
  ctx: Context,
  what: { lane: string; order: LaneOrder; by: string },
): Promise<void> {
  const { lane, order, by } = what;
  const now = ctx.clock.now();
  if (!laneName.test(lane)) {
    throw new Refusal(
      422,
      'invalid',
      'A lane is a provider like gmail, or a domain like example.org.',
      'lane',
    );
  }
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
      break;
    }
  }
  ctx.log.info({ deed: 'steer-lane', lane, order: order.do, by }, 'lane steered');
  if (isOpenLane(await paceOf(ctx.db, lane), now)) {
    await ring(ctx, 'deliver', await freeBatches(ctx.db, { lane, now, limit: bellsMax }));
  }
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
