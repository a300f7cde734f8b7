import { type Selectable, sql } from 'kysely';
import { gather } from '../lib/gather.ts';
import type { Db } from '../platform/db/database.ts';
import { preparedOnce } from '../platform/db/prepared.ts';
import type { Tables } from '../platform/db/tables.ts';
import { invalidText } from '../platform/http/world-errors.ts';
import type { Calendar } from './calendar.ts';
import type { Newsletter, Publisher, Section } from './newsletter.ts';
import { defaultRecipe, type Recipe } from './recipe.ts';

const columns = [
  'id',
  'slug',
  'name',
  'promise',
  'welcome',
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
  'archive_delay_minutes',
  'opinions',
  'confirmation_reminder',
  'allowed_origins',
  'return_to',
  'revision',
  'created_at',
] as const;

type Row = Selectable<Tables['newsletters']>;

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
  if (db.isTransaction) return readNewsletter(db, by);
  const found = await stampOf(db, { id: null, slug: null, ...by });
  if (!found) return undefined;
  const kept = known.get(db) ?? new Map();
  known.set(db, kept);
  const last = kept.get(found.id);
  if (last?.stamp === found.stamp) return last.newsletter;
  const newsletter = await readNewsletter(db, { id: found.id });
  if (newsletter) kept.set(found.id, { stamp: found.stamp, newsletter: Object.freeze(newsletter) });
  return newsletter;
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

async function readNewsletter(
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

/** What a deed writes of a newsletter; the sections are rows of their own. */
export type Written = Omit<
  Newsletter,
  'id' | 'revision' | 'createdAt' | 'postalAddress' | 'privacyUrl' | 'publisherName' | 'legalName'
>;

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

function toColumns(written: Written) {
  return {
    name: written.name,
    promise: JSON.stringify(written.promise),
    welcome: JSON.stringify(written.welcome),
    languages: written.languages,
    state: written.state,
    visibility: written.visibility,
    from_name: written.fromName,
    from_email: written.fromEmail,
    reply_to: written.replyTo,
    postal_address: written.own.postalAddress ?? null,
    privacy_url: written.own.privacyUrl ?? null,
    time_zone: written.timeZone,
    calendar: JSON.stringify(written.calendar),
    recipe: JSON.stringify(written.recipe),
    template: written.template,
    approvals: written.approvals,
    thin_day: written.thinDay,
    lang_gap: written.langGap,
    unknown_policy: written.unknownPolicy,
    deadline_hours: written.deadlineHours,
    draft_lead_minutes: written.draftLeadMinutes,
    archive_delay_minutes: written.archiveDelayMinutes,
    opinions: written.opinions,
    confirmation_reminder: written.confirmationReminder,
    allowed_origins: written.allowedOrigins,
    return_to: written.returnTo,
  };
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
    welcome: row.welcome,
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
    recipe: { ...defaultRecipe, ...(row.recipe as Partial<Recipe>) },
    sections,
    template: row.template,
    approvals: row.approvals,
    thinDay: row.thin_day,
    langGap: row.lang_gap,
    unknownPolicy: row.unknown_policy,
    deadlineHours: row.deadline_hours,
    draftLeadMinutes: row.draft_lead_minutes,
    archiveDelayMinutes: row.archive_delay_minutes,
    opinions: row.opinions,
    confirmationReminder: row.confirmation_reminder,
    allowedOrigins: row.allowed_origins,
    returnTo: row.return_to,
    revision: row.revision,
    createdAt: row.created_at,
  };
}
