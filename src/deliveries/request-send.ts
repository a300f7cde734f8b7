import type { Context } from '../context.ts';
import type { Edition } from '../editions/edition.ts';
import { findEditionById } from '../editions/find.ts';
import { moveEdition } from '../editions/move.ts';
import { never, Refusal } from '../lib/errors.ts';
import { getNewsletter } from '../newsletters/find.ts';
import { refuseArchived } from '../newsletters/refuse-archived.ts';
import type { Db } from '../platform/db/database.ts';
import { countAudience } from './audience.ts';
import { openSend } from './open-send.ts';
import { ring } from './ring.ts';
import { selectVariants } from './variants.ts';

export interface SendRequest {
  editionId: number;
  /** How many readers the caller believes it goes to. Missing: refused, with the number. */
  expectRecipients: number | undefined;
  /** How long a cancel still prevents everything. Default 60. */
  holdSeconds?: number | undefined;
  /** Who asked, and by a key of which mode: a test key never reaches readers. */
  by: { name: string; mode: 'live' | 'test' };
}

export interface Requested {
  editionId: number;
  recipients: number;
  holdUntil: Date;
}

export const holdSecondsDefault = 60;
export const holdSecondsMax = 3600;
const audienceOffShareMax = 0.05;

/**
 * Asks for an edition to be sent: the edition becomes `starting`, its books are opened, and after the hold `start-send` lets
 * it go. The guards, in this order: the key is live, the edition is ready, composed and approved, and the caller's number
 * of recipients is within 5 % of the true one. Of two requests one wins.
 *
 * @throws Refusal 403 `test_key`; 404; 409 `already_sent`, `wrong_state`, `not_ready`, `not_approved`, `audience_changed`,
 * `nobody_to_send_to`; 422 for a hold outside 0 to 3600 seconds.
 */
export async function requestSend(ctx: Context, request: SendRequest): Promise<Requested> {
  const now = ctx.clock.now();
  const holdSeconds = checkHold(request.holdSeconds ?? holdSecondsDefault);
  if (request.by.mode === 'test') {
    throw new Refusal(403, 'test_key', 'A test key cannot send to readers. Use a live key.');
  }
  const edition = await findEditionById(ctx.db, request.editionId);
  if (!edition) throw new Refusal(404, 'no_such_edition', 'There is no such edition.');
  await checkEdition(ctx.db, edition);
  const recipients = await countAudience(ctx.db, edition, now);
  checkAudience(request.expectRecipients, recipients);
  const holdUntil = new Date(now.getTime() + holdSeconds * 1000);
  const opened = await ctx.db.transaction().execute(async (tx) => {
    if (
      !(await moveEdition(
        tx,
        edition.id,
        ['ready', 'approved'],
        'starting',
        now,
        { held_reason: null },
        edition.revision,
      ))
    ) {
      return false;
    }
    await openSend(tx, {
      editionId: edition.id,
      holdUntil,
      expected: request.expectRecipients,
      requestedBy: request.by.name,
      requestedAt: now,
    });
    return true;
  });
  if (!opened) throw alreadySent(edition);
  ctx.log.info({ deed: 'request-send', editionId: edition.id, recipients, holdSeconds }, 'send requested');
  await ring(ctx, 'start-send', [{ editionId: edition.id }], { delayMs: holdSeconds * 1000 });
  return { editionId: edition.id, recipients, holdUntil };
}

function checkHold(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= holdSecondsMax) return seconds;
  throw new Refusal(422, 'bad_hold', `The hold is 0 to ${holdSecondsMax} whole seconds.`, 'hold_seconds');
}

async function checkEdition(db: Db, edition: Edition): Promise<void> {
  switch (edition.state) {
    case 'ready':
    case 'approved':
      break;
    case 'scheduled':
    case 'starting':
    case 'sending':
    case 'paused':
    case 'sent':
      throw alreadySent(edition);
    case 'draft':
    case 'skipped':
    case 'cancelled':
    case 'failed':
      throw new Refusal(409, 'wrong_state', `The edition is ${edition.state}; only a ready one can be sent.`);
    default:
      never(edition.state);
  }
  const variants = await selectVariants(db, edition.id);
  if (edition.composedRevision !== edition.revision || variants.length === 0) {
    throw new Refusal(409, 'not_ready', 'The edition has changed since it was composed. Compose it first.');
  }
  const newsletter = await getNewsletter(db, edition.newsletterId);
  refuseArchived(newsletter);
  const { approvals } = newsletter;
  const given = await countApprovals(db, edition);
  if (given < approvals) {
    throw new Refusal(
      409,
      'not_approved',
      `The edition has ${given} of the ${approvals} approvals it needs: \`dateline edition approve ed_${edition.id}\`.`,
    );
  }
}

function alreadySent(edition: Edition): Refusal {
  const words = edition.state === 'sent' ? 'has been sent' : 'is already on its way out';
  return new Refusal(409, 'already_sent', `The edition ${words}. An edition is sent once.`);
}

async function countApprovals(db: Db, edition: Edition): Promise<number> {
  const rows = await db
    .selectFrom('approvals')
    .select('approver')
    .where('edition_id', '=', edition.id)
    .where('revision', '=', edition.revision)
    .execute();
  return rows.length;
}

function checkAudience(expected: number | undefined, recipients: number): void {
  if (expected === undefined) {
    throw new Refusal(
      409,
      'audience_changed',
      `Say how many readers you expect: at this moment the edition would go to ${recipients}.`,
      'expect_recipients',
    );
  }
  if (Math.abs(recipients - expected) > recipients * audienceOffShareMax) {
    throw new Refusal(
      409,
      'audience_changed',
      `You expect ${expected} readers; at this moment the edition would go to ${recipients}.`,
      'expect_recipients',
    );
  }
  if (recipients === 0) {
    throw new Refusal(409, 'nobody_to_send_to', 'Nobody would receive this edition.', 'expect_recipients');
  }
}
