import { sql } from 'kysely';
import { gather } from '../lib/gather.ts';
import type { Db } from '../platform/db/database.ts';
import { preparedOnce } from '../platform/db/prepared.ts';
import { invalidText } from '../platform/http/world-errors.ts';
import type { Newsletter } from './newsletter.ts';
import { selectNewsletter } from './queries.ts';

/** What was read of newsletters, by what stood in the ledger then. */
const known = new WeakMap<Db, Map<number, { stamp: string; newsletter: Newsletter }>>();

/**
 * A newsletter with its sections and what it has of its publisher. A small question tells whether the rows are still those that
 * were read last (`xmin`, the transaction that wrote a row): every page and sign-up asks, and hardly one finds a change.
 */
export async function newsletterBy(
  db: Db,
  by: { id: number } | { slug: string },
): Promise<Newsletter | undefined> {
  // Inside a transaction the sections may be about to change under the same stamp.
  if (db.isTransaction) return selectNewsletter(db, by);
  const found = await stampOf(db, { id: null, slug: null, ...by });
  if (!found) return undefined;
  const kept = known.get(db) ?? new Map();
  known.set(db, kept);
  const last = kept.get(found.id);
  if (last?.stamp === found.stamp) return last.newsletter;
  const newsletter = await selectNewsletter(db, { id: found.id });
  if (newsletter) kept.set(found.id, { stamp: found.stamp, newsletter: Object.freeze(newsletter) });
  return newsletter;
}

/** As this process read it last, for who cannot read now; `undefined` when it never did. Asks nobody. */
export function lastReadNewsletter(db: Db, slug: string): Newsletter | undefined {
  const kept = [...(known.get(db)?.values() ?? [])];
  return kept.find(({ newsletter }) => newsletter.slug === slug)?.newsletter;
}

interface Asked {
  id: number | null;
  slug: string | null;
}

interface Stamp {
  id: number;
  slug: string;
  stamp: string;
}

const askedMax = 200;

/** Of everyone who asks at this moment, in one statement. */
const stampOf = gather<Db, Asked, Stamp | undefined>(
  async (db, asked) => {
    const { rows } = await selectStamps(db, { asked: JSON.stringify(asked) });
    return asked.map(({ id, slug }) => rows.find((row) => row.id === id || row.slug === slug));
  },
  { callsMax: askedMax, mendable: invalidText },
);

const selectStamps = preparedOnce<{ asked: string }, Stamp>(
  'newsletter-stamps',
  (v) => sql`
    select distinct n.id, n.slug, concat(n.xmin, ' ', p.xmin) as stamp
    from json_to_recordset(${v.asked}::json) as asked(id bigint, slug text)
    join newsletters n on n.id = asked.id or n.slug = asked.slug
    left join publishers p on true`,
);
