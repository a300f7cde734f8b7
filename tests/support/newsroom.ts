import type { IncomingArticle } from '../../src/articles/article.ts';
import { receive } from '../../src/articles/receive.ts';
import type { Context } from '../../src/context.ts';
import { createNewsletter } from '../../src/newsletters/create.ts';
import { boxHtml } from '../../src/newsletters/embed.ts';
import { namedOrOnlyNewsletter } from '../../src/newsletters/find.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { setPublisher } from '../../src/newsletters/publisher.ts';
import { currentWordings } from '../../src/newsletters/wordings.ts';
import { readVisit, type Visit } from './reader.ts';

/** *Inside Washington*, made as an operator makes it. */
export async function openNewsroom(ctx: Context, more: Record<string, unknown> = {}): Promise<Newsletter> {
  await setPublisher(ctx, {
    name: 'Example Media',
    legal_name: 'Example Media Ltd',
    postal_address: '1 Example Street, London EC1A 1AA',
    privacy_url: 'https://www.example.org/privacy',
    from_email: 'news@example.org',
    languages: ['en', 'id'],
    time_zone: 'America/New_York',
  });
  return createNewsletter(ctx, {
    slug: 'inside-washington',
    name: 'Inside Washington',
    promise: {
      en: 'US politics, reported and explained from the capital, every weekday morning.',
      id: 'Politik Amerika Serikat, diliput dan dijelaskan dari ibu kotanya, setiap pagi hari kerja.',
    },
    languages: ['en', 'id'],
    from_email: 'inside-washington@example.org',
    reply_to: 'desk@example.org',
    time_zone: 'America/New_York',
    calendar: { days: [1, 2, 3, 4, 5], time: '07:00' },
    sections: [
      { key: 'politics', label: { en: 'Politics', id: 'Politik' }, max: 3 },
      { key: 'world', label: { en: 'World', id: 'Dunia' }, max: 3 },
    ],
    ...more,
  } as Parameters<typeof createNewsletter>[1]);
}

/** Stories as a feed brings them, one received a minute after the other; the last one is the newest. */
export async function receiveStories(
  ctx: Context,
  count: number,
  more: (index: number) => Partial<IncomingArticle> = () => ({}),
): Promise<number[]> {
  const storyIds: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const publishedAt = new Date(ctx.clock.now().getTime() - (count - index) * 60_000);
    const { article } = await receive(ctx, {
      title: `${subjects[index % subjects.length]} ${ordinals[Math.floor(index / subjects.length)] ?? index}`,
      lang: 'en',
      canonicalUrl: `https://www.example.org/stories/${more(index).lang ?? 'en'}/${index}`,
      dek: `What it means, in one sentence, number ${index}.`,
      body: Array.from({ length: 120 }, (_, word) => `word${word}`).join(' '),
      author: 'Ana Writer',
      section: index % 2 === 0 ? 'politics' : 'world',
      publishedAt,
      ...(index === count - 1
        ? {
            image: {
              url: 'https://www.example.org/lead.jpg',
              alt: 'The dome at dawn',
              width: 1200,
              height: 675,
            },
          }
        : {}),
      ...more(index),
    });
    storyIds.push(article.storyId);
  }
  return storyIds;
}

const subjects = [
  'Senate sends the budget to the floor',
  'Court hears the water rights appeal',
  'Governors meet over the rail plan',
  'Inspectors open the harbour books',
  'Ministers agree the fishing quota',
  'Union votes on the postal contract',
  'Regulator reviews the power tariff',
  'Observers arrive for the island vote',
];
const ordinals = ['again', 'once more', 'for a third time', 'after all'];

/** An article page of another site with the sign-up box pasted into it, as a reader's browser has it. */
export async function articleWithBox(ctx: Context, lang: string): Promise<Visit> {
  const newsletter = await namedOrOnlyNewsletter(ctx.db, undefined);
  const wordings = await currentWordings(ctx.db, newsletter, lang);
  const box = boxHtml(newsletter, lang, { baseUrl: ctx.config.baseUrl, wordings });
  return readVisit(
    new Response(`<!doctype html><title>An article</title><body>${box}</body>`),
    'https://www.example.org/article',
  );
}
