// Rates that all workers keep together: what was granted so far, in one row per relay, per lane, or over all. It is changed
// several times a second, and never its key, so its page keeps room for the next version.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
create table rates (
  scope text primary key, drawn jsonb not null, version bigint not null default 1, drawn_at timestamptz not null
) with (fillfactor = 40);`)
    .execute(db);
}
