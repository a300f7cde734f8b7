import { sql } from 'kysely';
import { gather } from '../lib/gather.ts';
import type { Db } from '../platform/db/database.ts';

/** Those of the newsletters that still take readers, in the order given. Asked at the same time, they are one statement. */
export async function openNewsletterIds(db: Db, newsletterIds: readonly number[]): Promise<number[]> {
  return newsletterIds.length === 0 ? [] : openTogether(db, newsletterIds);
}

const openTogether = gather<Db, readonly number[], number[]>(
  async (db, asked) => {
    const rows = await db
      .selectFrom('newsletters')
      .select('id')
      .where('id', '=', sql<number>`any(${[...new Set(asked.flat())]}::bigint[])`)
      .where('state', '=', 'open')
      .execute();
    const open = new Set(rows.map((row) => row.id));
    return asked.map((newsletterIds) => newsletterIds.filter((id) => open.has(id)));
  },
  { callsMax: 200 },
);
