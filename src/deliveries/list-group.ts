import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import { type Delivery, listDeliveries } from './list-deliveries.ts';

/** How often a recipient domain stands in a group of failures. */
export interface GroupDomain {
  domain: string;
  deliveries: number;
}

const domainsShown = 10;
/** Domains are counted over so many deliveries of a group at most: enough to see whose trouble it is. */
const countedMax = 10_000;

/** States in which a delivery stands among the failures of its send. */
export const failedStates = ['refused', 'unknown', 'deferred'] as const;

/**
 * A page of the deliveries that failed for one reason, by subscriber; `group` left out: of all that failed. Ids and answers,
 * never an address.
 */
export async function listGroup(
  db: Db,
  asked: { editionId: number; group: string | undefined; after?: number | undefined; limit: number },
): Promise<Delivery[]> {
  const { group, ...page } = asked;
  return listDeliveries(db, { ...page, states: failedStates, class: group });
}

/**
 * The domains that a group's readers are at, the commonest first: the ten largest among the group's first 10,000. People who
 * were erased since are not among them.
 */
export async function groupDomains(
  db: Db,
  asked: { editionId: number; group: string },
): Promise<GroupDomain[]> {
  const { editionId, group } = asked;
  const { rows } = await sql<GroupDomain>`
    with members as (
      select subscriber_id from deliveries
      where edition_id = ${editionId} and class is not null and state = any(${[...failedStates]}::text[])
        and coalesce(class, 'unknown') = ${group}
      order by subscriber_id limit ${countedMax}
    )
    select split_part(s.email_key, '@', 2) as domain, count(*) as deliveries
    from members m join subscribers s on s.id = m.subscriber_id where s.email_key is not null
    group by 1 order by count(*) desc, 1 limit ${domainsShown}`.execute(db);
  return rows;
}
