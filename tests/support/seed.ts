import { sql } from 'kysely';
import type { Db } from '../../src/platform/db/database.ts';
import { composeMessage } from '../../src/platform/mail/message.ts';

/** A newsletter as rows, without asking the chapter that makes them. */
export async function seedNewsletter(
  db: Db,
  more: {
    slug?: string;
    languages?: string[];
    approvals?: number;
    unknownPolicy?: 'hold' | 'resend-once';
    deadlineHours?: number;
    at: Date;
  },
): Promise<number> {
  await sql`
    insert into publishers (id, name, legal_name, postal_address, privacy_url, from_name, from_email, languages, time_zone)
    values (1, 'The Paper', 'The Paper Ltd', '1 Main Street', 'https://example.org/privacy', 'The Paper',
      'hello@example.org', '{en,id}', 'America/New_York') on conflict do nothing`.execute(db);
  const row = await db
    .insertInto('newsletters')
    .values({
      slug: more.slug ?? 'inside-washington',
      name: 'Inside Washington',
      promise: JSON.stringify({ en: 'What matters, by seven.', id: 'Yang penting, pukul tujuh.' }),
      languages: more.languages ?? ['en', 'id'],
      from_name: 'Inside Washington',
      from_email: 'washington@news.example.org',
      reply_to: 'desk@news.example.org',
      time_zone: 'America/New_York',
      calendar: JSON.stringify({ days: [1, 2, 3, 4, 5], time: '07:00', holidays: [], skipDates: [] }),
      recipe: JSON.stringify({
        storyAgeMaxHours: 72,
        storiesMin: 1,
        storiesMax: 13,
        leadNeedsImage: false,
        briefsMax: 6,
        sectionsMax: 5,
      }),
      approvals: more.approvals ?? 0,
      unknown_policy: more.unknownPolicy ?? 'hold',
      deadline_hours: more.deadlineHours ?? 24,
      created_at: more.at,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

/** Readers with an active, confirmed subscription: `reader1@readers.example` and so on. */
export async function seedReaders(
  db: Db,
  readers: {
    newsletterId: number;
    count: number;
    at: Date;
    language?: string;
    prefix?: string;
    domain?: string;
  },
): Promise<number[]> {
  const { newsletterId, count, at, language = 'en', prefix = 'reader', domain = 'readers.example' } = readers;
  const { rows } = await sql<{ subscriber_id: number }>`
    with people as (
      insert into subscribers (email, email_key, language, created_at)
      select ${prefix} || n || '@' || ${domain}::text, ${prefix} || n || '@' || ${domain}::text, ${language}, ${at}::timestamptz
      from generate_series(1, ${count}::int) as n
      returning id
    )
    insert into subscriptions (subscriber_id, newsletter_id, state, confirmed_at, created_at)
    select id, ${newsletterId}, 'active', ${at}, ${at} from people order by id
    returning subscriber_id`.execute(db);
  return rows.map((row) => row.subscriber_id);
}

/** An edition that is ready, composed once per language with every place that a reader's mail has. */
export async function seedReadyEdition(
  db: Db,
  edition: {
    newsletterId: number;
    at: Date;
    slotDate?: string;
    languages?: string[];
    bounceDomain?: boolean;
    number?: number;
  },
): Promise<number> {
  const {
    newsletterId,
    at,
    slotDate = '2026-07-14',
    languages = ['en', 'id'],
    bounceDomain = false,
  } = edition;
  const { id } = await db
    .insertInto('editions')
    .values({
      newsletter_id: newsletterId,
      slot_date: slotDate,
      slot_at: at,
      number: edition.number ?? null,
      state: 'ready',
      composed_revision: 1,
      created_at: at,
      updated_at: at,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  for (const lang of languages) {
    const html = `<p lang="${lang}">Story</p><p>You signed up as [[masked_address]] on [[signed_up_on]].
<a href="[[manage_url]]">Manage</a> <a href="[[unsubscribe_url]]">Unsubscribe</a></p>`;
    const text = `Story (${lang})\n\n[[masked_address]] [[signed_up_on]]\n[[manage_url]]\n[[unsubscribe_url]]\n`;
    const mime = composeMessage({
      from: { name: 'Inside Washington', address: 'washington@news.example.org' },
      replyTo: { address: 'desk@news.example.org' },
      subject: lang === 'id' ? 'Pagi ini' : 'This morning',
      html,
      text,
      headers: [
        {
          name: 'List-Unsubscribe',
          value: `<[[unsubscribe_url]]>${bounceDomain ? ', <mailto:[[unsubscribe_mail]]>' : ''}`,
        },
        { name: 'List-Unsubscribe-Post', value: 'List-Unsubscribe=One-Click' },
        { name: 'List-Id', value: 'Inside Washington <inside-washington.news.example.org>' },
      ],
      places: ['masked_address', 'signed_up_on', 'manage_url', 'unsubscribe_url', 'unsubscribe_mail'],
    });
    await db
      .insertInto('edition_variants')
      .values({
        edition_id: id,
        lang,
        html,
        text,
        mime: JSON.stringify(mime),
        html_bytes: Buffer.byteLength(html),
        revision: 1,
      })
      .execute();
  }
  return id;
}

/** Everything that a send needs: newsletter, readers, a ready edition. */
export async function seedSend(
  db: Db,
  what: { readers: number; at: Date; unknownPolicy?: 'hold' | 'resend-once'; deadlineHours?: number },
): Promise<{ newsletterId: number; editionId: number; subscriberIds: number[] }> {
  const { at, readers, ...more } = what;
  const before = new Date(at.getTime() - 24 * 3_600_000);
  const newsletterId = await seedNewsletter(db, { ...more, at: before });
  const subscriberIds = await seedReaders(db, { newsletterId, count: readers, at: before });
  const editionId = await seedReadyEdition(db, { newsletterId, at });
  return { newsletterId, editionId, subscriberIds };
}
