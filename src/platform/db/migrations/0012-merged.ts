// A reader who takes an address that is another reader's becomes one with them: the other's row stands for both, the merged one
// keeps its consents and history and says whom to ask.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
alter table subscribers add column merged_into bigint references subscribers;
create index subscribers_merged on subscribers (merged_into) where merged_into is not null;`)
    .execute(db);
}
