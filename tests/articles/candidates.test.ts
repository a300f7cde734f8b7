import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { IncomingArticle } from '../../src/articles/article.ts';
import { type CandidateQuery, findCandidates } from '../../src/articles/candidates.ts';
import { editArticle } from '../../src/articles/edit.ts';
import { announceArrival, insertArticle, nextStoryId } from '../../src/articles/queries.ts';
import { receive } from '../../src/articles/receive.ts';
import { withdrawArticle } from '../../src/articles/withdraw.ts';
import { morning, type TestContext, testContext } from '../support/context.ts';
import { until } from '../support/until.ts';

let ctx: TestContext;

beforeAll(async () => {
  ctx = await testContext();
});
afterAll(() => ctx.close());
beforeEach(async () => {
  ctx.clock.set(morning);
  await ctx.db.deleteFrom('articles').execute();
});

const hourMs = 3_600_000;
const at = (hours: number) => new Date(morning.getTime() + hours * hourMs);

async function arrive(name: string, receivedAtHour: number, more: Partial<IncomingArticle> = {}) {
  ctx.clock.set(at(receivedAtHour));
  const incoming = { title: name, lang: 'en', canonicalUrl: `https://news.example.org/${name}`, ...more };
  return (await receive(ctx, incoming)).article;
}

async function candidates(query: Partial<CandidateQuery> = {}) {
  const found = await findCandidates(ctx.db, {
    since: at(0),
    asOf: at(24),
    languages: ['en', 'id'],
    ageMaxHours: 72,
    ...query,
  });
  return found.map(({ articles, barred }) => [articles[0]?.title ?? '–', barred?.kind ?? 'free']);
}

describe('the stories an edition may weigh', () => {
  it('are those first received since the last cut-off, however early they were published', async () => {
    await arrive('before', 0);
    await arrive('after', 1, { publishedAt: at(-20) });
    await arrive('late', 25);
    expect(await candidates()).toEqual([['after', 'free']]);
  });

  it('are weighed once: an update or a translation that comes later brings none back', async () => {
    const original = await arrive('original', 0);
    await arrive('original', 2, { dek: 'New dek' });
    await arrive('translation', 3, { lang: 'id', translationOf: original.id });
    expect(await candidates()).toEqual([]);
  });

  it('include what was carried over, and leave out what is asked to be left out', async () => {
    const carried = await arrive('carried', -10);
    const held = await arrive('held', 2);
    expect(await candidates({ carriedStoryIds: [carried.storyId], excludeStoryIds: [held.storyId] })).toEqual(
      [['carried', 'free']],
    );
  });

  it('before the first edition go back as far as a story may be old', async () => {
    await arrive('ancient', -73);
    await arrive('recent', -40);
    expect(await candidates({ since: undefined, asOf: at(0) })).toEqual([['recent', 'free']]);
  });

  it('O10 come in one order: priority, then published, then the order of arrival', async () => {
    const shared = { publishedAt: at(3) };
    await arrive('b', 4, shared);
    await arrive('a', 4, shared);
    await arrive('newer', 6, { publishedAt: at(5) });
    const top = await arrive('top', 1);
    await arrive('from-the-future', 2, { publishedAt: at(500) });
    await editArticle(ctx, top.id, { priority: 2 });
    const names = ['top', 'newer', 'b', 'a', 'from-the-future'];
    expect((await candidates()).map(([name]) => name)).toEqual(names);
    expect((await candidates()).map(([name]) => name)).toEqual(names);
  });

  it('offer the article of each language, the newsletter’s first language leading', async () => {
    const original = await arrive('story', 1);
    await arrive('cerita', 2, { lang: 'id', translationOf: original.id });
    await arrive('histoire', 2, { lang: 'fr', translationOf: original.id });
    const [story] = await findCandidates(ctx.db, {
      since: at(0),
      asOf: at(24),
      languages: ['id', 'en'],
      ageMaxHours: 72,
    });
    expect(story?.articles.map((one) => one.title)).toEqual(['cerita', 'story']);
    expect(Object.keys(story?.byLang ?? {}).sort()).toEqual(['en', 'id']);
    expect(story?.firstReceivedAt).toEqual(at(1));
  });
});

describe('a story that may not be shown', () => {
  it('comes back with the reason', async () => {
    const withdrawn = await arrive('withdrawn', 1);
    const never = await arrive('never', 2);
    await arrive('embargoed', 3, { embargoUntil: at(30) });
    await arrive('expired', 4, { expiresAt: at(20) });
    await arrive('old', 5, { publishedAt: at(-100) });
    await arrive('foreign', 6, { lang: 'fr' });
    await withdrawArticle(ctx, withdrawn.id);
    await editArticle(ctx, never.id, { never: true });
    const found = await candidates();
    expect(found.map(([, barred]) => barred).sort()).toEqual([
      'embargoed',
      'expired',
      'never',
      'no-language',
      'too-old',
      'withdrawn',
    ]);
  });

  it('is free once the first reader gets it after the embargo', async () => {
    await arrive('embargoed', 1, { embargoUntil: at(25) });
    expect(await candidates({ firstDeliveryAt: at(24.9) })).toEqual([['–', 'embargoed']]);
    expect(await candidates({ firstDeliveryAt: at(25) })).toEqual([['embargoed', 'free']]);
  });

  it('is held whole by the embargo of one version, since a translation would tell it', async () => {
    const original = await arrive('story', 1);
    await arrive('cerita', 2, { lang: 'id', translationOf: original.id, embargoUntil: at(30) });
    expect(await candidates()).toEqual([['story', 'embargoed']]);
  });

  it('in one language is still shown in the other', async () => {
    const original = await arrive('story', 1);
    await arrive('cerita', 2, { lang: 'id', translationOf: original.id });
    await withdrawArticle(ctx, original.id);
    expect(await candidates()).toEqual([['cerita', 'free']]);
  });
});

it('an article on its way in is waited for, so no edition passes it by', async () => {
  const announced = signal();
  const released = signal();
  const arrived = ctx.db.transaction().execute(async (db) => {
    await announceArrival(db);
    announced.give();
    await released.given;
    const storyId = await nextStoryId(db);
    const row = { title: 'slow', lang: 'en', guid: 'slow', received_at: at(1), updated_at: at(1) };
    await insertArticle(db, { ...row, story_id: storyId });
  });
  await announced.given;
  let done = false;
  const asked = candidates().finally(() => {
    done = true;
  });
  await until(async () => (await waiting()) > 0, { what: 'the edition waits for the article' });
  expect(done).toBe(false);
  released.give();
  await arrived;
  expect(await asked).toEqual([['slow', 'free']]);
});

async function waiting(): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())`.execute(ctx.db);
  return rows[0]?.n ?? 0;
}

function signal(): { give(): void; given: Promise<void> } {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { give, given };
}
