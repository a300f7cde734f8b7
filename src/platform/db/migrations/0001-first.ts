// The first ledger: everything from a sign-up to the settled delivery. Uniqueness lives here, since it is the
// idempotency of the whole program; states are text with a check, so a dump reads like the glossary.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    newsletters,
    access,
    subscribers,
    letters,
    articles,
    editions,
    deliveries,
    upkeep,
  ]) {
    await sql.raw(statement).execute(db);
  }
}

const newsletters = `
create table publishers (
  id smallint primary key default 1 check (id = 1),
  name text not null, legal_name text not null, postal_address text not null, privacy_url text not null,
  from_name text not null, from_email text not null, languages text[] not null, time_zone text not null
);
create table newsletters (
  id bigint generated always as identity primary key,
  slug text not null unique,
  name text not null,
  promise jsonb not null,
  languages text[] not null check (cardinality(languages) > 0),
  state text not null default 'open' check (state in ('open', 'closed', 'archived')),
  visibility text not null default 'public' check (visibility in ('public', 'private')),
  from_name text not null, from_email text not null, reply_to text not null,
  postal_address text, privacy_url text,
  time_zone text not null,
  calendar jsonb not null,
  recipe jsonb not null,
  template text not null default 'digest',
  approvals smallint not null default 0 check (approvals between 0 and 2),
  thin_day text not null default 'skip' check (thin_day in ('skip', 'hold', 'short')),
  lang_gap text not null default 'omit' check (lang_gap in ('omit', 'mark')),
  unknown_policy text not null default 'hold' check (unknown_policy in ('hold', 'resend-once')),
  deadline_hours int not null default 24 check (deadline_hours between 1 and 120),
  draft_lead_minutes int not null default 60 check (draft_lead_minutes between 0 and 1440),
  allowed_origins text[] not null default '{}',
  return_to text[] not null default '{}',
  revision int not null default 1,
  created_at timestamptz not null
);
create table newsletter_sections (
  newsletter_id bigint not null references newsletters, key text not null, label jsonb not null,
  sort int not null, min int not null default 0, max int not null default 4,
  primary key (newsletter_id, key), check (min >= 0 and max >= min)
);
create table newsletter_showcase (
  newsletter_id bigint not null references newsletters, lang text not null, latest jsonb not null,
  primary key (newsletter_id, lang)
);
create table wordings (
  id bigint generated always as identity primary key,
  purpose text not null check (purpose in ('newsletter', 'marketing')),
  newsletter_id bigint references newsletters, version text not null, lang text not null,
  text text not null, sha256 text not null, created_at timestamptz not null
);
create unique index wordings_version on wordings (purpose, coalesce(newsletter_id, 0), version, lang);`;

const access = `
create table api_keys (
  id bigint generated always as identity primary key,
  name text not null, prefix text not null unique, hash bytea not null,
  mode text not null check (mode in ('live', 'test')),
  scopes text[] not null, newsletter_ids bigint[],
  created_at timestamptz not null, expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz
);
create table idempotency_keys (
  key_id bigint not null, key text not null, request_sha256 text not null,
  status int, body jsonb, created_at timestamptz not null,
  primary key (key_id, key)
);`;

const subscribers = `
create table subscribers (
  id bigint generated always as identity primary key,
  email text, email_key text unique, language text not null, time_zone text,
  mail_state text not null default 'ok' check (mail_state in ('ok', 'undeliverable', 'suppressed')),
  marketing_since timestamptz, tags text[] not null default '{}', source text,
  created_at timestamptz not null, erased_at timestamptz,
  check ((email is null) = (erased_at is not null))
);
create table subscriptions (
  id bigint generated always as identity primary key,
  subscriber_id bigint not null references subscribers, newsletter_id bigint not null references newsletters,
  state text not null check (state in ('pending', 'active', 'unsubscribed')),
  frequency text not null default 'each' check (frequency in ('each', 'weekdays', 'weekly')),
  weekly_day smallint, hour smallint, topics text[], paused_until timestamptz,
  confirmed_at timestamptz, unsubscribed_at timestamptz, catch_up_since timestamptz, source text,
  created_at timestamptz not null,
  unique (subscriber_id, newsletter_id)
);
create index subscriptions_active on subscriptions (newsletter_id, id) where state = 'active';
create table subscriber_events (
  id bigint generated always as identity primary key,
  subscriber_id bigint not null references subscribers, subscription_id bigint references subscriptions,
  kind text not null, before jsonb, at timestamptz not null, actor text not null
);
create index subscriber_events_person on subscriber_events (subscriber_id, id);
create index subscriber_events_subscription on subscriber_events (subscription_id);
create table sign_ups (
  id bigint generated always as identity primary key,
  asks text not null default 'subscribe' check (asks in ('subscribe', 'manage')),
  email text, email_key text, newsletter_ids bigint[] not null, marketing boolean not null,
  wording_ids bigint[] not null, lang text not null, form text not null, page_url text,
  ip_net text, agent_family text, signal text,
  state text not null default 'received' check (state in ('received', 'answered', 'confirmed', 'expired', 'withdrawn')),
  outcome text, subscriber_id bigint references subscribers,
  created_at timestamptz not null, put_off_until timestamptz, expires_at timestamptz
);
create index sign_ups_received on sign_ups (created_at) where state = 'received';
create index sign_ups_address on sign_ups (email_key, created_at);
create index sign_ups_expiry on sign_ups (expires_at) where state = 'answered';
create index sign_ups_person on sign_ups (subscriber_id);
create table confirmation_tokens (
  hash bytea primary key, sign_up_id bigint not null references sign_ups,
  created_at timestamptz not null, expires_at timestamptz not null, used_at timestamptz
);
create index confirmation_tokens_sign_up on confirmation_tokens (sign_up_id);
create table consents (
  id bigint generated always as identity primary key,
  subscriber_id bigint not null references subscribers,
  purpose text not null check (purpose in ('newsletter', 'marketing')),
  newsletter_id bigint references newsletters,
  act text not null check (act in ('given', 'withdrawn')),
  wording_id bigint references wordings,
  fingerprint bytea not null, fingerprint_key_id text not null, email_masked text,
  form text, page_url text, ip_net text, agent_family text,
  method text not null, letter_id bigint, evidence text, at timestamptz not null
);
create index consents_person on consents (subscriber_id, id);
create function keep_consents() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then raise exception 'consents are append-only'; end if;
  if (new.id, new.subscriber_id, new.purpose, new.act, new.fingerprint, new.method, new.at)
     is distinct from (old.id, old.subscriber_id, old.purpose, old.act, old.fingerprint, old.method, old.at)
     or new.newsletter_id is distinct from old.newsletter_id or new.wording_id is distinct from old.wording_id
     or new.form is distinct from old.form or new.letter_id is distinct from old.letter_id
     or new.evidence is distinct from old.evidence
     or (new.email_masked is not null and new.email_masked is distinct from old.email_masked)
     or (new.page_url is not null and new.page_url is distinct from old.page_url)
     or (new.ip_net is not null and new.ip_net is distinct from old.ip_net)
     or (new.agent_family is not null and new.agent_family is distinct from old.agent_family)
  then raise exception 'consents are append-only: erasure may only empty their personal columns'; end if;
  return new;
end $$;
create trigger consents_append_only before update or delete on consents for each row execute function keep_consents();
create table suppressions (
  id bigint generated always as identity primary key,
  fingerprint bytea not null, key_id text not null,
  subscriber_id bigint references subscribers, newsletter_id bigint references newsletters,
  reason text not null check (reason in ('hard', 'complaint', 'never', 'soft', 'manual')),
  evidence text, source text not null, at timestamptz not null,
  released_at timestamptz, released_by text, release_reason text
);
create unique index suppressions_standing on suppressions (fingerprint, coalesce(newsletter_id, 0), reason)
  where released_at is null;
create index suppressions_person on suppressions (subscriber_id)
  where released_at is null and newsletter_id is not null;
create index suppressions_subscriber on suppressions (subscriber_id);
create table bounces (
  id bigint generated always as identity primary key,
  subscriber_id bigint references subscribers, edition_id bigint, letter_id bigint,
  source text not null check (source in ('smtp', 'dsn', 'arf', 'webhook')), source_id text not null,
  class text not null, code int, status text, text_masked text, at timestamptz not null,
  counted boolean not null default true,
  unique (source, source_id)
);
create index bounces_person on bounces (subscriber_id, at);
create table limits (
  key text not null, window_start timestamptz not null, n int not null, expires_at timestamptz not null,
  primary key (key, window_start)
);`;

const letters = `
create table letters (
  id bigint generated always as identity primary key,
  kind text not null, about bigint not null, fingerprint bytea not null,
  state text not null default 'queued'
    check (state in ('queued', 'sending', 'accepted', 'deferred', 'refused', 'unknown', 'dropped')),
  message_id text, attempts smallint not null default 0, doubts smallint not null default 0, due_at timestamptz not null,
  detail jsonb, story_ids bigint[], smtp_code int, class text, text_masked text,
  at timestamptz not null, settled_at timestamptz, worker_id bigint,
  unique (kind, about)
);
create index letters_address on letters (kind, fingerprint, at);
create index letters_waiting on letters (due_at) where state in ('queued', 'deferred', 'sending');`;

const articles = `
create table sources (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('feed', 'page')), url text not null unique,
  section text, lang text not null, mapping jsonb not null default '{}', weight int not null default 0,
  etag text, last_modified text, next_poll_at timestamptz not null, last_ok_at timestamptz, last_item_at timestamptz,
  last_error text, failures int not null default 0, silent_after_hours int not null default 48,
  state text not null default 'active' check (state in ('active', 'removed')), created_at timestamptz not null
);
create table articles (
  id bigint generated always as identity primary key,
  story_id bigint not null,
  canonical_url text unique, guid text, source_id bigint references sources,
  title text not null, dek text, body text, author text, section text, tags text[] not null default '{}',
  lang text not null, image jsonb, published_at timestamptz, received_at timestamptz not null,
  embargo_until timestamptz, expires_at timestamptz, priority smallint not null default 0 check (priority between 0 and 3),
  never boolean not null default false, words int not null default 0,
  source_fields jsonb not null default '{}', edited_fields text[] not null default '{}',
  withdrawn_at timestamptz, revision int not null default 1, updated_at timestamptz not null
);
create sequence story_ids owned by articles.story_id;
create unique index articles_guid on articles (coalesce(source_id, 0), guid)
  where canonical_url is null and guid is not null;
create index articles_source on articles (source_id, guid);
create index articles_story on articles (story_id);
create index articles_received on articles (received_at, id);`;

const editions = `
create table editions (
  id bigint generated always as identity primary key,
  newsletter_id bigint not null references newsletters,
  kind text not null default 'regular' check (kind in ('regular', 'weekly')),
  slot_date date not null, seq smallint not null default 1, slot_at timestamptz not null,
  number int, state text not null default 'draft' check (state in ('draft', 'ready', 'approved', 'scheduled', 'starting',
    'sending', 'paused', 'sent', 'skipped', 'cancelled', 'failed')),
  held_reason text, skipped_reason text, failed_reason text,
  subject jsonb not null default '{}', preheader jsonb not null default '{}', greeting jsonb not null default '{}',
  cutoff_at timestamptz, touched_at timestamptz, revision int not null default 1, composed_revision int,
  audience_rule text not null default 'all', archive_state text not null default 'hidden'
    check (archive_state in ('hidden', 'public', 'unpublished')),
  scheduled boolean not null default false,
  created_at timestamptz not null, updated_at timestamptz not null,
  unique (newsletter_id, kind, slot_date, seq), unique (newsletter_id, number)
);
create index editions_open on editions (slot_at) where state not in ('sent', 'skipped', 'cancelled', 'failed');
create table edition_stories (
  edition_id bigint not null references editions, newsletter_id bigint not null references newsletters,
  kind text not null default 'regular', story_id bigint not null,
  place text not null check (place in ('lead', 'section', 'brief', 'carried', 'excluded', 'web')),
  section text, position int not null, reason text not null, words jsonb not null default '{}',
  pinned boolean not null default false,
  primary key (edition_id, story_id)
);
create unique index edition_stories_once on edition_stories (newsletter_id, story_id)
  where kind = 'regular' and place in ('lead', 'section', 'brief', 'web');
create table edition_variants (
  id bigint generated always as identity primary key,
  edition_id bigint not null references editions, lang text not null,
  topics text not null default '', greeting text not null default '', catch_up text not null default '',
  subject text not null default '', preheader text not null default '',
  html text not null, text text not null, mime jsonb not null, html_bytes int not null, revision int not null,
  unique (edition_id, lang, topics, greeting, catch_up)
);
create table approvals (
  edition_id bigint not null references editions, revision int not null, approver text not null, at timestamptz not null,
  primary key (edition_id, revision, approver)
);`;

// Deliveries carry no foreign keys and a fillfactor of 70: a million rows are inserted and updated in grouped
// statements, and every update should stay on its page.
const deliveries = `
create table workers (
  id bigint generated always as identity primary key,
  host text not null, pid int not null, roles text[] not null,
  started_at timestamptz not null, heartbeat_at timestamptz not null, stopped_at timestamptz
);
create table sends (
  edition_id bigint primary key references editions,
  frozen_at timestamptz, fan_out_after bigint not null default 0, fanned_out_at timestamptz,
  hold_until timestamptz, expected int, requested_by text not null, requested_at timestamptz not null,
  pause_reason text, batch_no int not null default 0,
  started_at timestamptz, finished_at timestamptz, verified_at timestamptz
);
create table deliveries (
  edition_id bigint not null, subscriber_id bigint not null, variant_id bigint not null,
  lane text not null default 'all',
  state text not null default 'queued' check (state in ('queued', 'sending', 'accepted', 'deferred', 'refused',
    'skipped', 'unknown', 'cancelled')),
  due_at timestamptz not null, deadline_at timestamptz not null,
  attempts smallint not null default 0, resends smallint not null default 0,
  claim int not null default 0, worker_id bigint,
  class text, smtp_code int, status text, text_masked text, settled_at timestamptz,
  primary key (edition_id, subscriber_id)
) with (fillfactor = 70);
create index deliveries_open on deliveries (edition_id, due_at) where state in ('deferred', 'unknown');
create table delivery_batches (
  edition_id bigint not null, no int not null, lane text not null default 'all', due_at timestamptz not null,
  subscriber_ids bigint[] not null, worker_id bigint, leased_at timestamptz, done_at timestamptz,
  primary key (edition_id, no), check (cardinality(subscriber_ids) between 1 and 500)
);
create index delivery_batches_open on delivery_batches (due_at) where done_at is null;
create table send_counts (
  edition_id bigint not null, shard smallint not null,
  planned bigint not null default 0, accepted bigint not null default 0, deferred bigint not null default 0,
  refused bigint not null default 0, skipped bigint not null default 0, unknown bigint not null default 0,
  cancelled bigint not null default 0, queued bigint not null default 0,
  bucket bigint not null default 0, bucket_n int not null default 0, before_n int not null default 0,
  primary key (edition_id, shard)
);`;

const upkeep = `
create table upkeep (deed text primary key, ran_at timestamptz not null, report jsonb);`;
