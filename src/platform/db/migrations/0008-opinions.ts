// What readers of an edition think of it, as two numbers: nothing says whose opinion was counted. A newsletter may leave the
// question out.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
alter table newsletters add column opinions boolean not null default true;
create table edition_opinions (
  edition_id bigint not null references editions, wish text not null check (wish in ('more', 'less')),
  n int not null check (n > 0),
  primary key (edition_id, wish)
);`)
    .execute(db);
}
