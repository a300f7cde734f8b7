import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { freeBatches } from './batches.ts';
import { countLost } from './count-lost.ts';
import { finish } from './finish.ts';
import { gatherStrays } from './gather-strays.ts';
import { handsOf } from './hands.ts';
import { freeDeadLeases, freeForgottenLeases } from './leases.ts';
import { pauseIfHarmful } from './pause-if-harmful.ts';
import { planMerged } from './plan-merged.ts';
import { prunedBefore } from './prune.ts';
import { retry } from './retry.ts';
import { ring } from './ring.ts';
import { sweepCancelled } from './sweep-cancelled.ts';
import { verifySend } from './verify-send.ts';

/** What one run found and picked up. All zeros: nothing was dropped. */
export interface DeliveriesRescued {
  /** Batches taken back from workers that are gone, and their deliveries whose outcome nobody knows. */
  batchesFreed: number;
  unknown: number;
  /** Sends past their hold, fan-outs that stopped half-way, batches that nobody came for: bells rung. */
  startsRung: number;
  fanOutsRung: number;
  batchesRung: number;
  /** Deferred deliveries that are due again. */
  retried: number;
  cancelled: number;
  /** Queued deliveries that stood in no open batch. */
  strays: number;
  /** Readers who stand for a merged one since the send began, and had been left out. */
  merged: number;
  finished: number;
  /** Sends that do harm and now wait for a person: complaints come from outside, at any time. */
  paused: number;
  /** Finished sends that were recounted; of them, those whose books were wrong. */
  verified: number;
  mended: number;
}

const bellsMax = 2_000;
const sendsMax = 200;

/**
 * Finds what sends have dropped and picks it up: leases of workers that died, bells that were lost, editions that stopped
 * half-way; and recounts each finished send once. Reads the books alone, so an emptied Redis, a killed process or a restarted
 * database changes nothing but the time. Safe to run twice and at once.
 */
export async function rescueDeliveries(ctx: Context): Promise<DeliveriesRescued> {
  const now = ctx.clock.now();
  const dead = await freeDeadLeases(ctx.db, now);
  const forgotten =
    ctx.workerId === undefined
      ? { batches: 0, unknown: [] }
      : await freeForgottenLeases(ctx.db, { workerId: ctx.workerId, batches: handsOf(ctx).batches }, now);
  const lost = [...dead.unknown, ...forgotten.unknown];
  countLost(ctx, lost);
  const report: DeliveriesRescued = {
    batchesFreed: dead.batches + forgotten.batches,
    unknown: lost.length,
    startsRung: 0,
    fanOutsRung: 0,
    batchesRung: 0,
    retried: 0,
    cancelled: 0,
    strays: 0,
    merged: 0,
    finished: 0,
    paused: 0,
    verified: 0,
    mended: 0,
  };
  for (const send of await openSends(ctx, now)) await rescueSend(ctx, send, report);
  const batches = await freeBatches(ctx.db, { now, limit: bellsMax });
  await ring(ctx, 'deliver', batches);
  report.batchesRung = batches.length;
  await verifyFinished(ctx, report);
  return report;
}

interface OpenSend {
  editionId: number;
  state: string;
  startDue: boolean;
  fanOutDue: boolean;
}

/** Sends that are not at their end: under way, or finished and with something that is to be tried again. */
async function openSends(ctx: Context, now: Date): Promise<OpenSend[]> {
  const { rows } = await sql<OpenSend>`
    select s.edition_id as "editionId", e.state,
      e.state = 'starting' and s.hold_until <= ${now} as "startDue",
      s.frozen_at is not null and s.fanned_out_at is null as "fanOutDue"
    from sends s join editions e on e.id = s.edition_id join newsletters n on n.id = e.newsletter_id
    where s.finished_at is null or exists (select from send_counts c where c.edition_id = s.edition_id
      having sum(c.queued) + sum(c.deferred) > 0 or n.unknown_policy = 'resend-once' and sum(c.unknown) > 0)
    order by s.edition_id desc limit ${sendsMax}`.execute(ctx.db);
  return rows;
}

async function rescueSend(ctx: Context, send: OpenSend, report: DeliveriesRescued): Promise<void> {
  const { editionId, state, startDue, fanOutDue } = send;
  if (startDue) {
    await ring(ctx, 'start-send', [{ editionId }]);
    report.startsRung += 1;
  }
  if (fanOutDue) {
    await ring(ctx, 'fan-out', [{ editionId, after: 0 }]);
    report.fanOutsRung += 1;
  }
  if (state === 'cancelled') report.cancelled += await sweepCancelled(ctx, editionId);
  report.retried += await retry(ctx, { editionId });
  if (!fanOutDue) report.strays += await gatherStrays(ctx, editionId);
  report.merged += await planMerged(ctx, editionId);
  if (await finish(ctx, editionId)) report.finished += 1;
  else if (state === 'sending' && (await pauseIfHarmful(ctx, editionId))) report.paused += 1;
}

async function verifyFinished(ctx: Context, report: DeliveriesRescued): Promise<void> {
  const finished = await ctx.db
    .selectFrom('sends')
    .select('edition_id')
    .where('finished_at', '>=', prunedBefore(ctx.clock.now()))
    .where('verified_at', 'is', null)
    .orderBy('edition_id')
    .limit(10)
    .execute();
  for (const { edition_id } of finished) {
    const { agreed } = await verifySend(ctx, edition_id);
    report.verified += 1;
    if (!agreed) report.mended += 1;
  }
}
