// Pacing per mailbox provider: the books of a send are kept per lane, a lane remembers its trouble and its limits for every
// worker, and a send can be let on for a few more deliveries before a person decides.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
create table mail_domains (domain text primary key, lane text, mx_at timestamptz);
create index mail_domains_unknown on mail_domains (domain) where mx_at is null;
create table lanes (
  lane text primary key,
  state text not null default 'open' check (state in ('open', 'slow', 'paused')),
  connections int check (connections > 0), rate_per_second real check (rate_per_second > 0),
  back_off_until timestamptz, probe int check (probe > 0), probe_accepted int not null default 0,
  failures int not null default 0, worker_id bigint,
  reason text, last_answer text, changed_by text, changed_at timestamptz not null
);
alter table sends add column allowance int check (allowance >= 0),
  add column pardoned jsonb;
alter table send_counts add column lane text not null default 'all';
alter table send_counts drop constraint send_counts_pkey;
alter table send_counts add primary key (edition_id, lane, shard);
create index bounces_edition on bounces (edition_id) where edition_id is not null;
create index delivery_batches_lane on delivery_batches (lane, due_at) where done_at is null;`)
    .execute(db);
}
