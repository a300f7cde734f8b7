// The archive: what an edition's page says is kept per language and version as it was printed, so that a change of an article
// never changes a page silently. A correction prints a new version and says what was wrong; the old ones stay. A private
// newsletter's pages are found only by who has their key. And a sign-up can ask a third thing: to try an address again whose
// mail came back; and an editor's own words stand in the welcome.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
alter table editions add column published_at timestamptz,
  add column web_key text not null default replace(gen_random_uuid()::text, '-', '');
update editions e set published_at = coalesce((select s.started_at from sends s where s.edition_id = e.id), e.slot_at)
  where archive_state <> 'hidden';
create table edition_pages (
  edition_id bigint not null references editions, lang text not null, version int not null check (version > 0),
  title text not null, description text not null, page jsonb not null, printed_at timestamptz not null,
  primary key (edition_id, lang, version)
);
create table corrections (
  edition_id bigint not null references editions, version int not null check (version > 1),
  notes jsonb not null, words jsonb not null default '{}', made_by text not null, at timestamptz not null,
  primary key (edition_id, version)
);
create index editions_archive on editions (newsletter_id, slot_date, seq)
  where archive_state = 'public' and kind = 'regular';
alter table newsletters add column welcome jsonb not null default '{}';
alter table sign_ups drop constraint sign_ups_asks_check;
alter table sign_ups add constraint sign_ups_asks_check check (asks in ('subscribe', 'manage', 'retry'));`)
    .execute(db);
}
