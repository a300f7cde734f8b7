// The reader's own rhythm: an edition is kept as one marked mail per language, of which each group of readers gets its part.
// And the reader's account: links that open it once, changes of address, and the copy of their data that waits to be fetched.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
create table edition_blocks (
  edition_id bigint not null references editions, lang text not null,
  html text not null, text text not null, facts jsonb not null, revision int not null,
  primary key (edition_id, lang)
);
alter table subscriptions add constraint subscriptions_hour check (hour between 5 and 22),
  add constraint subscriptions_weekly_day check (weekly_day between 1 and 7);
create index subscriptions_weekly on subscriptions (newsletter_id, weekly_day)
  where state = 'active' and frequency = 'weekly';
create table account_links (
  id bigint generated always as identity primary key,
  subscriber_id bigint not null references subscribers,
  act text not null check (act in ('email', 'data', 'erase', 'history')),
  asked_at timestamptz not null, hash bytea unique, expires_at timestamptz, used_at timestamptz
);
create index account_links_person on account_links (subscriber_id, asked_at);
create table account_sessions (
  hash bytea primary key, subscriber_id bigint not null references subscribers, expires_at timestamptz not null
);
create index account_sessions_person on account_sessions (subscriber_id);
create table email_changes (
  id bigint generated always as identity primary key,
  subscriber_id bigint not null references subscribers,
  new_email text, state text not null default 'asked' check (state in ('asked', 'changed', 'stopped', 'expired')),
  asked_at timestamptz not null, changed_at timestamptz, expires_at timestamptz not null
);
create unique index email_changes_open on email_changes (subscriber_id) where state = 'asked';
create index email_changes_person on email_changes (subscriber_id);
create table data_copies (
  id bigint generated always as identity primary key,
  subscriber_id bigint not null references subscribers,
  asked_at timestamptz not null, made_at timestamptz, expires_at timestamptz, zip bytea
);
create index data_copies_person on data_copies (subscriber_id);
create index data_copies_waiting on data_copies (asked_at) where made_at is null;`)
    .execute(db);
}
