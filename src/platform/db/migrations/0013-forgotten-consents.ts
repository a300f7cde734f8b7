// Who is erased and wants even their refusal forgotten leaves no fingerprint behind: it may be emptied in a consent, as the other
// personal columns may, and never changed to another.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
create or replace function keep_consents() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then raise exception 'consents are append-only'; end if;
  if (new.id, new.subscriber_id, new.purpose, new.act, new.method, new.at)
     is distinct from (old.id, old.subscriber_id, old.purpose, old.act, old.method, old.at)
     or new.newsletter_id is distinct from old.newsletter_id or new.wording_id is distinct from old.wording_id
     or new.form is distinct from old.form or new.letter_id is distinct from old.letter_id
     or new.evidence is distinct from old.evidence
     or (new.fingerprint <> ''::bytea and new.fingerprint is distinct from old.fingerprint)
     or (new.email_masked is not null and new.email_masked is distinct from old.email_masked)
     or (new.page_url is not null and new.page_url is distinct from old.page_url)
     or (new.ip_net is not null and new.ip_net is distinct from old.ip_net)
     or (new.agent_family is not null and new.agent_family is distinct from old.agent_family)
  then raise exception 'consents are append-only: erasure may only empty their personal columns'; end if;
  return new;
end $$;`)
    .execute(db);
}
