import { sql } from 'kysely';
import type { Context } from '../src/context.ts';
import { draft } from '../src/editions/draft.ts';
import { localDate } from '../src/lib/clock-time.ts';
import { createNewsletter } from '../src/newsletters/create.ts';
import type { Newsletter } from '../src/newsletters/newsletter.ts';
import { setPublisher } from '../src/newsletters/publisher.ts';
import { addReaders, giveRhythms } from './readers.ts';
import { receiveStories, storiesPerEdition } from './stories.ts';

/** Newsletters by the size of their audience, each with as many editions as are asked for. */
export interface Newsroom {
  /** An edition that is ready to be sent to so many readers: made, assembled and composed by the program itself. */
  edition(
    readers: number,
    options?: { rhythms: boolean },
  ): Promise<{ editionId: number; newsletter: Newsletter }>;
}

const timeZone = 'Etc/UTC';
const editionsADay = 9;

export async function openNewsroom(ctx: Context): Promise<Newsroom> {
  await setPublisher(ctx, {
    name: 'Example Media',
    legal_name: 'Example Media Ltd',
    postal_address: '1 Example Street, London EC1A 1AA',
    privacy_url: 'https://www.example.org/privacy',
    from_email: 'news@example.org',
    languages: ['en'],
    time_zone: timeZone,
  });
  const newsletters = new Map<string, { newsletter: Newsletter; editions: number }>();
  let editions = 0;
  let told: number[] = [];
  return {
    edition: async (readers, { rhythms } = { rhythms: false }) => {
      const slug = `${rhythms ? 'rhythms' : 'morning'}-${readers}`;
      const at = newsletters.get(slug) ?? { newsletter: await found(ctx, { slug, readers }), editions: 0 };
      if (rhythms && at.editions === 0) await giveRhythms(ctx, at.newsletter.id);
      newsletters.set(slug, at);
      editions += 1;
      told = await receiveStories(ctx, editions, told);
      const slot = nextSlot(ctx, at.editions);
      at.editions += 1;
      const { edition, refused } = await draft(ctx, { newsletter: at.newsletter, ...slot });
      if (edition.state !== 'ready') {
        throw new Error(`edition ${edition.id} is ${edition.state}: ${refused ?? edition.heldReason ?? ''}`);
      }
      // A server's own upkeep comes when it likes; here it comes before what is measured.
      await sql`analyze subscribers, subscriptions`.execute(ctx.db);
      return { editionId: edition.id, newsletter: at.newsletter };
    },
  };
}

async function found(
  ctx: Context,
  { slug, readers }: { slug: string; readers: number },
): Promise<Newsletter> {
  const newsletter = await createNewsletter(ctx, {
    slug,
    name: 'Inside Washington',
    promise: { en: 'US politics, reported and explained from the capital, every weekday morning.' },
    languages: ['en'],
    from_email: 'inside-washington@example.org',
    reply_to: 'desk@example.org',
    time_zone: timeZone,
    // The calendar's own editions stay away: its one day is half a week off.
    calendar: { days: [((weekday(ctx) + 3) % 7) + 1], time: '07:00' },
    recipe: { stories_min: 1, stories_max: storiesPerEdition, briefs_max: 0 },
    sections: ['politics', 'economy', 'world', 'culture'].map((key) => ({
      key,
      label: { en: key[0]?.toUpperCase() + key.slice(1) },
      max: storiesPerEdition,
    })),
  } as Parameters<typeof createNewsletter>[1]);
  await addReaders(ctx, newsletter.id, readers);
  return newsletter;
}

/** A day has nine editions at most; the tenth is of the next day. */
function nextSlot(ctx: Context, before: number): { slotDate: string; seq: number } {
  const day = new Date(ctx.clock.now().getTime() + Math.floor(before / editionsADay) * 24 * 3_600_000);
  return { slotDate: localDate(day, timeZone), seq: (before % editionsADay) + 1 };
}

/** 0 = Monday. */
function weekday(ctx: Context): number {
  return (ctx.clock.now().getUTCDay() + 6) % 7;
}
