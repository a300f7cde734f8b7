// Deliveries with a trouble, found by their class. An index whose columns or condition change when a delivery is claimed and
// accepted makes both a new entry in every index; the class of one that is simply accepted stays null, so both are HOT updates.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(`
drop index deliveries_open;
update deliveries set class = 'not-begun' where state = 'deferred' and class is null;
update deliveries set class = 'in-doubt' where state = 'unknown' and class is null;
update deliveries set class = 'unknown' where state = 'refused' and class is null;
alter table deliveries add constraint deliveries_trouble_has_class
  check (class is not null or state not in ('deferred', 'unknown', 'refused'));
create index deliveries_troubled on deliveries (edition_id, due_at) where class is not null;`)
    .execute(db);
}
