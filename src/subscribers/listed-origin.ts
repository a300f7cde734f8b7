import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';

/** The origin in a list of its own when any open newsletter lists it, for an answer that concerns no single one. */
export async function listedOrigin(db: Db, origin: string | undefined): Promise<string[]> {
  if (origin === undefined) return [];
  const { rows } = await sql<{ found: boolean }>`
    select exists (select 1 from newsletters where state = 'open' and ${origin} = any(allowed_origins)) as found`.execute(
    db,
  );
  return rows[0]?.found ? [origin] : [];
}
