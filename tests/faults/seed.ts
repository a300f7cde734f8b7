import type { Db } from '../../src/platform/db/database.ts';
import { openDatabase } from '../../src/platform/db/database.ts';
import { migrate } from '../../src/platform/db/migrate.ts';
import { seedNewsletter, seedReaders, seedReadyEdition } from '../support/seed.ts';
import type { Cluster } from './cluster.ts';
import { command } from './role.ts';

/** The database that each scenario's own is a copy of: the schema and one API key. */
export const template = 'dateline_template';
/** Readers are spread over so many mailbox providers, so that no provider's limit is the edition's. */
const providers = ['one', 'two', 'three', 'four', 'five'];
const hourMs = 3_600_000;

/** Writes the template into a running cluster. @returns the API key in it. */
export async function makeTemplate(cluster: Cluster, secretKey: string): Promise<string> {
  await cluster.ask('postgres', `create database ${template}`);
  const { db, close } = openDatabase(cluster.config(template), { max: 2 });
  await migrate(db);
  await close();
  const env = {
    PATH: process.env.PATH ?? '',
    BASE_URL: 'https://news.example.org',
    SECRET_KEY: secretKey,
    DATABASE_URL: cluster.url(template),
  };
  const scopes = 'sends:read,sends:write,editions:write';
  const { key } = await command<{ key: string }>(env, 'key', 'create', 'faults', '--scopes', scopes);
  return key;
}

export interface Seeded {
  newsletterId: number;
  editionId: number;
  /** The domains of its readers, nobody else's; each has as many. */
  domains: string[];
}

/** A newsletter of this name, its readers and an edition that is ready. */
export async function seedFaultSend(db: Db, name: string, readers: number): Promise<Seeded> {
  const now = new Date();
  const dayAgo = new Date(now.getTime() - 24 * hourMs);
  const newsletterId = await seedNewsletter(db, { slug: name, at: now });
  // The calendar has no slot near, so that nothing else is composed meanwhile.
  await setCalendar(db, newsletterId, new Date(now.getTime() + 12 * hourMs));
  const domains = providers.map((provider) => `${provider}.${name}.example`);
  const count = Math.round(readers / domains.length);
  for (const domain of domains) await seedReaders(db, { newsletterId, count, at: dayAgo, domain });
  const editionId = await seedReadyEdition(db, { newsletterId, at: now });
  return { newsletterId, editionId, domains };
}

/** Lets a newsletter have one slot a day, at the minute of this instant. */
export async function setCalendar(db: Db, newsletterId: number, at: Date): Promise<void> {
  const time = at.toISOString().slice(11, 16);
  const calendar = { days: [1, 2, 3, 4, 5, 6, 7], time, holidays: [], skipDates: [] };
  await db
    .updateTable('newsletters')
    .set({ calendar: JSON.stringify(calendar), time_zone: 'UTC' })
    .where('id', '=', newsletterId)
    .execute();
}
