import type { Db } from '../platform/db/database.ts';
import type { Newsletter, Publisher, Section } from './newsletter.ts';
import { columns, type Row, toColumns, toNewsletter, type Written } from './newsletter-row.ts';

export async function selectNewsletter(
  db: Db,
  by: { id: number } | { slug: string },
): Promise<Newsletter | undefined> {
  const query = db.selectFrom('newsletters').select(columns);
  const row = await ('id' in by
    ? query.where('id', '=', by.id)
    : query.where('slug', '=', by.slug)
  ).executeTakeFirst();
  const [newsletter] = row ? await withPublisherAndSections(db, [row]) : [];
  return newsletter;
}

/** One page, in the order of creation. */
export async function newslettersAfter(
  db: Db,
  page: { after: number; limit: number; only?: readonly number[] | undefined; publicOnly?: boolean },
): Promise<Newsletter[]> {
  let query = db
    .selectFrom('newsletters')
    .select(columns)
    .where('id', '>', page.after)
    .orderBy('id')
    .limit(page.limit);
  if (page.only) query = query.where('id', 'in', page.only.length > 0 ? page.only : [0]);
  if (page.publicOnly) query = query.where('visibility', '=', 'public').where('state', '=', 'open');
  return withPublisherAndSections(db, await query.execute());
}

/** @returns the new row, or `undefined` when the slug is taken. */
export async function insertNewsletter(db: Db, written: Written, now: Date): Promise<number | undefined> {
  const row = await db
    .insertInto('newsletters')
    .values({ ...toColumns(written), slug: written.slug, created_at: now })
    .onConflict((conflict) => conflict.column('slug').doNothing())
    .returning('id')
    .executeTakeFirst();
  return row?.id;
}

/** Writes only over the revision that was read. @returns whether it did. */
export async function updateNewsletter(
  db: Db,
  { id, revision }: { id: number; revision: number },
  written: Written,
): Promise<boolean> {
  const row = await db
    .updateTable('newsletters')
    .set({ ...toColumns(written), revision: revision + 1 })
    .where('id', '=', id)
    .where('revision', '=', revision)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

export async function replaceSections(
  db: Db,
  newsletterId: number,
  sections: readonly Section[],
): Promise<void> {
  await db.deleteFrom('newsletter_sections').where('newsletter_id', '=', newsletterId).execute();
  if (sections.length === 0) return;
  const rows = sections.map(({ key, label, min, max }, sort) => ({
    newsletter_id: newsletterId,
    key,
    label: JSON.stringify(label),
    sort,
    min,
    max,
  }));
  await db.insertInto('newsletter_sections').values(rows).execute();
}

export async function upsertPublisher(db: Db, publisher: Publisher): Promise<void> {
  const row = {
    name: publisher.name,
    legal_name: publisher.legalName,
    postal_address: publisher.postalAddress,
    privacy_url: publisher.privacyUrl,
    from_name: publisher.fromName,
    from_email: publisher.fromEmail,
    languages: publisher.languages,
    time_zone: publisher.timeZone,
  };
  await db
    .insertInto('publishers')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
}

export async function publisherRow(db: Db): Promise<Publisher | undefined> {
  const row = await db.selectFrom('publishers').selectAll().executeTakeFirst();
  return (
    row && {
      name: row.name,
      legalName: row.legal_name,
      postalAddress: row.postal_address,
      privacyUrl: row.privacy_url,
      fromName: row.from_name,
      fromEmail: row.from_email,
      languages: row.languages,
      timeZone: row.time_zone,
    }
  );
}

async function withPublisherAndSections(db: Db, rows: Row[]): Promise<Newsletter[]> {
  if (rows.length === 0) return [];
  const publisher = await publisherRow(db);
  if (!publisher) throw new Error('there are newsletters and no publisher');
  const sections = await sectionsOf(
    db,
    rows.map((row) => row.id),
  );
  return rows.map((row) => toNewsletter(row, publisher, sections.get(row.id) ?? []));
}

async function sectionsOf(db: Db, ids: number[]): Promise<Map<number, Section[]>> {
  const rows = await db
    .selectFrom('newsletter_sections')
    .select(['newsletter_id', 'key', 'label', 'min', 'max'])
    .where('newsletter_id', 'in', ids)
    .orderBy('newsletter_id')
    .orderBy('sort')
    .execute();
  const sections = new Map<number, Section[]>();
  for (const { newsletter_id, ...section } of rows) {
    sections.set(newsletter_id, [...(sections.get(newsletter_id) ?? []), section]);
  }
  return sections;
}
