import { isLocalDate } from '../lib/clock-time.ts';
import { Refusal } from '../lib/errors.ts';
import { rowId } from '../lib/ids.ts';
import { namedOrOnlyNewsletter } from '../newsletters/find.ts';
import type { Db } from '../platform/db/database.ts';
import type { Edition } from './edition.ts';
import { editionsOf, toEdition } from './queries.ts';

export async function findEditionById(db: Db, editionId: number): Promise<Edition | undefined> {
  const row = await db.selectFrom('editions').selectAll().where('id', '=', editionId).executeTakeFirst();
  return row && toEdition(row);
}

export async function findEditionBySlot(
  db: Db,
  slot: { newsletterId: number; slotDate: string; seq: number; kind?: Edition['kind'] },
): Promise<Edition | undefined> {
  const row = await db
    .selectFrom('editions')
    .selectAll()
    .where('newsletter_id', '=', slot.newsletterId)
    .where('kind', '=', slot.kind ?? 'regular')
    .where('slot_date', '=', slot.slotDate)
    .where('seq', '=', slot.seq)
    .executeTakeFirst();
  return row && toEdition(row);
}

/**
 * The edition that a person or a program names: `ed_12`, or `2026-07-14` (`2026-07-14-2` for the second of a day) of a
 * newsletter, which may be left out when there is only one.
 *
 * @throws Refusal 404 in words when there is none.
 */
export async function namedEdition(db: Db, name: string, newsletterName?: string): Promise<Edition> {
  const id = rowId('edition', name);
  const edition =
    id === undefined ? await bySlotName(db, name, newsletterName) : await findEditionById(db, id);
  if (edition) return edition;
  throw new Refusal(
    404,
    'no_such_edition',
    `There is no edition ${name}. \`dateline edition list\` shows those there are.`,
  );
}

/** The newest regular edition that is on the web for everybody by then, or `undefined` before the first. */
export async function latestPublic(
  db: Db,
  newsletterId: number,
  appearedBy: Date,
): Promise<Edition | undefined> {
  const row = await db
    .selectFrom('editions')
    .selectAll()
    .where('newsletter_id', '=', newsletterId)
    .where('kind', '=', 'regular')
    .where('archive_state', '=', 'public')
    .where((eb) => eb.or([eb('archive_delay_minutes', '=', 0), eb('appears_at', '<=', appearedBy)]))
    .orderBy('slot_date', 'desc')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && toEdition(row);
}

/** The newest first, `limit` at a time; `before` is the last id of the page before. */
export async function listEditions(
  db: Db,
  page: { newsletterId?: number | undefined; before?: number | undefined; limit: number },
): Promise<Edition[]> {
  return editionsOf(db, page);
}

async function bySlotName(
  db: Db,
  name: string,
  newsletterName: string | undefined,
): Promise<Edition | undefined> {
  const slot = readSlotName(name);
  if (!slot) {
    throw new Refusal(
      422,
      'no_edition_name',
      `${name} names no edition: give ed_<number> or a date like 2026-07-14.`,
      'edition',
    );
  }
  const newsletter = await namedOrOnlyNewsletter(db, newsletterName);
  return findEditionBySlot(db, { newsletterId: newsletter.id, ...slot });
}

/** Reads `2026-07-14` or `2026-07-14-2`. */
export function readSlotName(name: string): { slotDate: string; seq: number } | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:-([2-9]))?$/.exec(name);
  if (!match?.[1] || !isLocalDate(match[1])) return undefined;
  return { slotDate: match[1], seq: Number(match[2] ?? 1) };
}
