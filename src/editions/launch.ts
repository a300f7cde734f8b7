import type { Context } from '../context.ts';
import { getNewsletter } from '../newsletters/find.ts';
import { approvalsOf } from './approval-queries.ts';
import { findEditionById } from './find.ts';
import { moveEdition } from './move.ts';
import { holdEdition } from './queries.ts';

/** After this much delay news is stale enough that a person decides. */
const lateMinutesMax = 60;

export type Launched = { kind: 'launched' } | { kind: 'waits'; reason: string };

/**
 * Lets an edition of the calendar go at its slot, when it is composed, approved as its newsletter demands, and not more
 * than an hour late (the server was down: it goes out late and says so; later than that it is held). Safe to run twice:
 * one conditional move lets one caller ring `start-send`.
 */
export async function launch(ctx: Context, editionId: number): Promise<Launched> {
  const now = ctx.clock.now();
  const edition = await findEditionById(ctx.db, editionId);
  if (!edition?.scheduled) return { kind: 'waits', reason: 'it is sent by hand' };
  if (now < edition.slotAt) return { kind: 'waits', reason: 'its slot has not come' };
  if (edition.state !== 'ready' && edition.state !== 'approved')
    return { kind: 'waits', reason: `it is ${edition.state}` };
  if (edition.composedRevision !== edition.revision) return { kind: 'waits', reason: 'it is not composed' };
  const newsletter = await getNewsletter(ctx.db, edition.newsletterId);
  if (newsletter.state === 'archived') return { kind: 'waits', reason: 'its newsletter is archived' };
  const approvals = (await approvalsOf(ctx.db, editionId, edition.revision)).length;
  if (approvals < newsletter.approvals) {
    return hold(ctx, editionId, `${approvals} of ${newsletter.approvals} approvals at its slot`);
  }
  const lateMinutes = Math.floor((now.getTime() - edition.slotAt.getTime()) / 60_000);
  if (lateMinutes > lateMinutesMax) {
    return hold(ctx, editionId, `missed its slot by ${lateMinutes} minutes: send it by hand or cancel it`);
  }
  if (!(await moveEdition(ctx.db, editionId, ['ready', 'approved'], 'scheduled', now))) {
    return { kind: 'waits', reason: 'another process took it' };
  }
  ctx.log.info({ deed: 'launch', editionId, lateMinutes }, 'launched');
  await ctx.queues.ring('start-send', { editionId });
  return { kind: 'launched' };
}

async function hold(ctx: Context, editionId: number, reason: string): Promise<Launched> {
  await holdEdition(ctx.db, editionId, reason);
  ctx.log.warn({ deed: 'launch', editionId, reason }, 'held');
  return { kind: 'waits', reason };
}
