import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { approvalsOf, putApproval } from './approval-queries.ts';
import type { Edition } from './edition.ts';
import { findEditionById } from './find.ts';
import { launch } from './launch.ts';
import { moveEdition } from './move.ts';
import { lockEdition } from './queries.ts';

const approverCharsMax = 100;

/**
 * Approves an edition as it is composed now. From then on it is not put together anew by itself, and a change of its words asks
 * for new approvals. With as many as its newsletter demands it is `approved`, and goes out at its slot, or at once when only
 * they were missing at it. Safe to run twice: one approver counts once.
 *
 * @throws Refusal 403 `test_key`; 409 `wrong_state`, `not_ready`, `changed_meanwhile`; 422 for a name that is none.
 */
export async function approveEdition(
  ctx: Context,
  at: {
    edition: Edition;
    newsletter: Newsletter;
    /** Who approves, and by a key of which mode: what is approved reaches readers. */
    by: { name: string; mode: 'live' | 'test' };
    /** The revision that was looked at, where it is known. */
    revision?: number | undefined;
  },
): Promise<Edition> {
  const { newsletter, by } = at;
  const { id } = at.edition;
  if (by.mode === 'test') {
    throw new Refusal(403, 'test_key', 'A test key cannot approve what goes to readers. Use a live key.');
  }
  const approver = checkApprover(by.name);
  const now = ctx.clock.now();
  const given = await ctx.db.transaction().execute(async (db) => {
    const edition = await lockEdition(db, id);
    checkEdition(edition, at.revision);
    await putApproval(db, edition, approver, now);
    const count = (await approvalsOf(db, id, edition.revision)).length;
    if (count >= newsletter.approvals) {
      await moveEdition(db, id, ['ready'], 'approved', now, { held_reason: null });
    }
    return count;
  });
  ctx.log.info({ deed: 'approve', editionId: id, given, needed: newsletter.approvals }, 'approved');
  await launch(ctx, id);
  const after = await findEditionById(ctx.db, id);
  if (!after) throw new Error(`edition ${id} is gone`);
  return after;
}

function checkApprover(name: string): string {
  const approver = name.trim();
  if (approver !== '' && approver.length <= approverCharsMax && !/[\r\n\0]/.test(approver)) return approver;
  throw new Refusal(422, 'bad_approver', `Say who approves, in 1 to ${approverCharsMax} characters.`, 'by');
}

function checkEdition(
  edition: Edition | undefined,
  revision: number | undefined,
): asserts edition is Edition {
  if (!edition) throw new Refusal(404, 'no_such_edition', 'There is no such edition.');
  if (edition.state !== 'ready' && edition.state !== 'approved') {
    throw new Refusal(
      409,
      'wrong_state',
      `The edition is ${edition.state}; only a ready one can be approved.`,
    );
  }
  if (edition.composedRevision !== edition.revision) {
    throw new Refusal(409, 'not_ready', 'The edition has changed since it was composed. Compose it first.');
  }
  if (revision !== undefined && revision !== edition.revision) {
    throw new Refusal(
      409,
      'changed_meanwhile',
      `Somebody changed it meanwhile: this is revision ${edition.revision}.`,
    );
  }
}
