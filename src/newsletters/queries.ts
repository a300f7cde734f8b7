import type { Selectable } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import type { Tables } from '../platform/db/tables.ts';
import type { Calendar } from './calendar.ts';
import type { Newsletter, Publisher, Section } from './newsletter.ts';
import { type Recipe, recipeSchema } from './recipe.ts';

const columns = [
  'id',
  'slug',
  'name',
  'promise',
  'languages',
  'state',
  'visibility',
  'from_name',
  'from_email',
  'reply_to',
  'postal_address',
  'privacy_url',
  'time_zone',
  'calendar',
  'recipe',
  'template',
  'approvals',
  'thin_day',
  'lang_gap',
  'unknown_policy',
  'deadline_hours',
  'draft_lead_minutes',
  'allowed_origins',
  'return_to',
  'revision',
  'created_at',
] as const;

type Row = Selectable<Tables['newsletters']>;

export async function newsletterBy(
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

/** A recipe stored by an older version gets the defaults of what it did not know. */
function toNewsletter(row: Row, publisher: Publisher, sections: Section[]): Newsletter {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    promise: row.promise,
    languages: row.languages,
    state: row.state,
    visibility: row.visibility,
    fromName: row.from_name,
    fromEmail: row.from_email,
    replyTo: row.reply_to,
    postalAddress: row.postal_address ?? publisher.postalAddress,
    privacyUrl: row.privacy_url ?? publisher.privacyUrl,
    own: { postalAddress: row.postal_address ?? undefined, privacyUrl: row.privacy_url ?? undefined },
    publisherName: publisher.name,
    legalName: publisher.legalName,
    timeZone: row.time_zone,
    calendar: row.calendar as Calendar,
    recipe: recipeSchema.parse(row.recipe) satisfies Recipe,
    sections,
    template: row.template,
    approvals: row.approvals,
    thinDay: row.thin_day,
    langGap: row.lang_gap,
    unknownPolicy: row.unknown_policy,
    deadlineHours: row.deadline_hours,
    draftLeadMinutes: row.draft_lead_minutes,
    allowedOrigins: row.allowed_origins,
    returnTo: row.return_to,
    revision: row.revision,
    createdAt: row.created_at,
  };
}
