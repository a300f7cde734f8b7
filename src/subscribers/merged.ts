import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import { selectSubscriber } from './queries.ts';
import type { Subscriber } from './subscriber.ts';

/** More often than anyone changes to an address that was theirs already. */
const mergesMax = 20;

/**
 * The person that an id in an old link or mail means today: themselves, or whom they were merged into. `undefined` for an id that
 * never was; a person who was erased is given as such.
 */
export async function presentSubscriber(db: Db, subscriberId: number): Promise<Subscriber | undefined> {
  let person = await selectSubscriber(db, { id: subscriberId });
  for (let n = 0; person?.mergedInto !== undefined && n < mergesMax; n += 1) {
    person = await selectSubscriber(db, { id: person.mergedInto });
  }
  return person;
}

/** The ids under which a person's consents and history stand: their own, and those of readers that were merged into them. */
export function idsOf(subscriberId: number) {
  return sql<number>`(
    with recursive one as (
      select ${subscriberId}::bigint as id
      union select s.id from subscribers s join one on s.merged_into = one.id
    ) select id from one)`;
}
