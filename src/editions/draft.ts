import type { Context } from '../context.ts';
import { localDate } from '../lib/clock-time.ts';
import { Refusal } from '../lib/errors.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { refuseArchived } from '../newsletters/refuse-archived.ts';
import { type Assembled, assemble } from './assemble.ts';
import { compose } from './compose.ts';
import type { Edition } from './edition.ts';
import { findEditionById, findEditionBySlot } from './find.ts';

export interface Drafted {
  edition: Edition;
  assembled: Assembled;
  /** Why it could not be composed, when it could not. */
  refused: string | undefined;
}

const editionsADayMax = 9;

/**
 * Drafts an edition at an operator's word: the one of that date, put together anew if nobody has touched it, and composed
 * at once. A second edition of a day is asked for by its sequence. It is sent by hand, unless the calendar's own slot comes.
 */
export async function draft(
  ctx: Context,
  asked: { newsletter: Newsletter; slotDate?: string | undefined; seq?: number | undefined },
): Promise<Drafted> {
  const { newsletter } = asked;
  refuseArchived(newsletter);
  const slotDate = asked.slotDate ?? localDate(ctx.clock.now(), newsletter.timeZone);
  const seq = asked.seq ?? 1;
  if (seq > editionsADayMax)
    throw new Refusal(422, 'too_many_editions', `A day has at most ${editionsADayMax} editions.`, 'date');
  if (
    seq > 1 &&
    !(await findEditionBySlot(ctx.db, { newsletterId: newsletter.id, slotDate, seq: seq - 1 }))
  ) {
    throw new Refusal(409, 'wrong_state', `There is no edition ${seq - 1} of ${slotDate} yet.`);
  }
  const assembled = await assemble(ctx, { newsletterId: newsletter.id, kind: 'regular', slotDate, seq });
  let refused: string | undefined;
  if (assembled.kind === 'drafted') {
    const composed = await compose(ctx, { editionId: assembled.editionId, revision: assembled.revision });
    if (composed.kind === 'refused') refused = composed.reason;
  }
  const edition = await findEditionById(ctx.db, assembled.editionId);
  if (!edition) throw new Error(`edition ${assembled.editionId} is gone`);
  return { edition, assembled, refused };
}
