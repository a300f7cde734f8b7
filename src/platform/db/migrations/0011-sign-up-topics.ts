// A form in an article about politics may ask for a newsletter's politics alone: the sections that a sign-up names become the
// topics of the subscription it makes. Null is all of them.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table sign_ups add column topics text[]`.execute(db);
}
