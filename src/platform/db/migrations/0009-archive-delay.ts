// An edition's page may appear some time after its sending started. Its mails are composed knowing whether, so that their links
// open it from the first minute; how long is kept with the edition, and a change of the setting never makes a link a dead end.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
alter table newsletters add column archive_delay_minutes int not null default 0
  check (archive_delay_minutes between 0 and 10080);
alter table editions add column archive_delay_minutes int not null default 0, add column appears_at timestamptz;
update editions set appears_at = published_at where published_at is not null;`)
    .execute(db);
}
