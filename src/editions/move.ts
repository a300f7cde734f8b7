import { sql } from 'kysely';
import { Refusal } from '../lib/errors.ts';
import type { Db } from '../platform/db/database.ts';
import type { EditionState } from '../platform/db/tables.ts';
import { mayFollow } from './edition.ts';

/**
 * Moves an edition from one of the given states to another: one conditional update, so of two callers one wins.
 * The only place that writes `editions.state`. Run it inside the caller's transaction when more changes with it.
 *
 * @returns whether this call moved it; `false` means that it was in none of the given states, or at another revision than
 * the one that was looked at.
 * @throws Error when the move is not one that an edition can make, which is a bug in the caller.
 */
export async function moveEdition(
  db: Db,
  editionId: number,
  from: readonly EditionState[],
  to: EditionState,
  at: Date,
  reasons: {
    held_reason?: string | null;
    skipped_reason?: string | null;
    failed_reason?: string | null;
  } = {},
  onlyRevision?: number,
): Promise<boolean> {
  const illegal = from.find((state) => !mayFollow[state].includes(to));
  if (illegal) throw new Error(`an edition cannot move from ${illegal} to ${to}`);
  const moved = await db
    .updateTable('editions')
    .set((expression) => ({
      state: to,
      updated_at: at,
      // Its page is there with the first mail, since every mail links to it; for everybody, when its newsletter says so.
      archive_state:
        to === 'sending'
          ? sql<'public'>`case archive_state when 'hidden' then 'public' else archive_state end`
          : expression.ref('archive_state'),
      published_at:
        to === 'sending'
          ? expression.fn.coalesce('published_at', expression.val(at))
          : expression.ref('published_at'),
      appears_at:
        to === 'sending'
          ? sql<Date>`coalesce(appears_at, ${at}::timestamptz + archive_delay_minutes * interval '1 minute')`
          : expression.ref('appears_at'),
      ...reasons,
    }))
    .where('id', '=', editionId)
    .where('state', 'in', [...from])
    .$if(onlyRevision !== undefined, (query) => query.where('revision', '=', onlyRevision ?? 0))
    .returning('id')
    .executeTakeFirst();
  return moved !== undefined;
}

/** As `moveEdition`, for a caller who was asked to: a wrong state is refused in words. */
export async function mustMoveEdition(
  db: Db,
  editionId: number,
  from: readonly EditionState[],
  to: EditionState,
  at: Date,
): Promise<void> {
  if (await moveEdition(db, editionId, from, to, at)) return;
  const found = await db
    .selectFrom('editions')
    .select('state')
    .where('id', '=', editionId)
    .executeTakeFirst();
  if (!found) throw new Refusal(404, 'no_such_edition', 'There is no such edition.');
  throw new Refusal(
    409,
    'wrong_state',
    `The edition is ${found.state}; this needs it to be ${from.join(' or ')}.`,
  );
}
