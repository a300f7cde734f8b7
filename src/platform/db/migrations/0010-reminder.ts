// Who asked to join and has not confirmed after a day may be reminded: once, and only where the newsletter says so.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
alter table newsletters add column confirmation_reminder boolean not null default false;
alter table sign_ups add column reminded_at timestamptz;`)
    .execute(db);
}
