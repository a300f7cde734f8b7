import type { Db } from '../platform/db/database.ts';

/** Those of the newsletters that still take readers, in the order given. */
export async function openNewsletterIds(db: Db, newsletterIds: readonly number[]): Promise<number[]> {
  if (newsletterIds.length === 0) return [];
  const rows = await db
    .selectFrom('newsletters')
    .select('id')
    .where('id', 'in', [...newsletterIds])
    .where('state', '=', 'open')
    .execute();
  const open = new Set(rows.map((row) => row.id));
  return newsletterIds.filter((id) => open.has(id));
}
