import { createKey } from '../../src/access/create-key.ts';
import type { IncomingArticle } from '../../src/articles/article.ts';
import { receive } from '../../src/articles/receive.ts';
import { editionCommand } from '../../src/editions/commands.ts';
import { draft } from '../../src/editions/draft.ts';
import type { Edition } from '../../src/editions/edition.ts';
import { moveEdition } from '../../src/editions/move.ts';
import { publishEdition } from '../../src/editions/publish.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import type { TestContext } from './context.ts';
import { receiveStories } from './newsroom.ts';
import { type Ran, runCommand } from './shell.ts';
import type { Web } from './web.ts';

/** Receives a day's stories in both languages and lets its edition begin to go out at eleven, UTC. */
export async function goOut(
  ctx: TestContext,
  newsletter: Newsletter,
  slotDate: string,
  more: (index: number) => Partial<IncomingArticle> = () => ({}),
): Promise<Edition> {
  ctx.clock.set(new Date(`${slotDate}T10:00:00Z`));
  await receiveStories(ctx, 6, (index) => ({
    canonicalUrl: `https://www.example.org/${slotDate}/${index}`,
    ...more(index),
  }));
  await receiveStories(ctx, 5, (index) => ({
    lang: 'id',
    title: `${['Senat', 'Mahkamah', 'Gubernur', 'Menteri', 'Serikat'][index]} pada ${slotDate}`,
    canonicalUrl: `https://www.example.org/id/${slotDate}/${index}`,
  }));
  await receive(ctx, {
    title: `A letter to readers of ${slotDate}`,
    lang: 'en',
    guid: `letter-${slotDate}`,
    body: 'We moved.\n\nThe desk is on the third floor now.',
    section: 'world',
    priority: 2,
    publishedAt: ctx.clock.now(),
  });
  const { edition } = await draft(ctx, { newsletter, slotDate });
  ctx.clock.set(new Date(`${slotDate}T11:00:00Z`));
  await ctx.db.transaction().execute(async (tx) => {
    await moveEdition(tx, edition.id, ['ready'], 'starting', ctx.clock.now());
    await moveEdition(tx, edition.id, ['starting'], 'sending', ctx.clock.now());
    await publishEdition(tx, edition.id, ctx.config.baseUrl);
  });
  return edition;
}

/** Asks the pages, the API as the desk, and `dateline edition`. */
export async function openDesk({ ctx, url }: Web): Promise<{
  run(...line: string[]): Promise<Ran>;
  get(
    path: string,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Headers; body: string }>;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  post(path: string, body?: object): Promise<{ status: number; body: any }>;
}> {
  const { text: key } = await createKey(ctx, { name: 'desk', scopes: ['*'], mode: 'live' });
  return {
    run: (...line) =>
      runCommand(ctx, (shell) => [editionCommand(shell)], ['edition', ...line], {
        newsletter: 'inside-washington',
      }),
    get: async (path, headers = {}) => {
      const response = await fetch(`${url}${path}`, { headers, redirect: 'manual' });
      return { status: response.status, headers: response.headers, body: await response.text() };
    },
    post: async (path, body = {}) => {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: await response.json() };
    },
  };
}
