import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addSource } from '../../src/articles/add-source.ts';
import { listArticles } from '../../src/articles/find-article.ts';
import { listSources, namedSource } from '../../src/articles/find-source.ts';
import { importUrl } from '../../src/articles/import-url.ts';
import { nextPollAt, readRetryAfter } from '../../src/articles/next-poll.ts';
import { outsidePreview } from '../../src/articles/outside.ts';
import { pollSource } from '../../src/articles/poll-source.ts';
import { previewSource } from '../../src/articles/preview-source.ts';
import { removeSource } from '../../src/articles/remove-source.ts';
import { rescueArticles } from '../../src/articles/rescue.ts';
import { ringDuePolls } from '../../src/articles/ring-due-polls.ts';
import { healthOf, type Source } from '../../src/articles/source.ts';
import { updateSource } from '../../src/articles/update-source.ts';
import { publicId } from '../../src/lib/ids.ts';
import { morning, type TestContext, testContext } from '../support/context.ts';
import { type Loopback, openLoopback } from '../support/loopback.ts';
import * as fixtures from './fixtures/one-story.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
let ctx: TestContext;
let web: Loopback;

beforeAll(async () => {
  web = await openLoopback();
  ctx = await testContext({ env: { FETCH_ALLOW: web.pair } });
});
afterAll(async () => {
  await ctx.close();
  await web.close();
});
beforeEach(async () => {
  ctx.clock.set(morning);
  web.asked.length = 0;
  await ctx.db.deleteFrom('articles').execute();
  await ctx.db.deleteFrom('sources').execute();
});

function serves(body: string, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/rss+xml; charset=utf-8', ...headers }).end(body);
  };
}

function answers(status: number, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(status, headers).end();
  };
}

function feed(...items: string[]): string {
  return `<rss version="2.0"><channel><title>Example Media</title><language>en</language>${items.join('')}</channel></rss>`;
}

function item(name: string, more = ''): string {
  return `<item><title>${name}</title><link>https://news.example.org/${name}</link>${more}</item>`;
}

async function follow(body: string): Promise<Source> {
  web.answer(serves(body));
  const { source } = await addSource(ctx, { url: `${web.url}/feed` });
  web.asked.length = 0;
  return source;
}

const again = (source: Source) => namedSource(ctx.db, publicId('source', source.id));
const titles = async () => (await listArticles(ctx.db, { limit: 50 })).map((one) => one.title).sort();

describe('adding a source', () => {
  it('looks at it first, and the same address twice is one source', async () => {
    web.answer(serves(feed(item('one'))));
    const added = await addSource(ctx, { url: `${web.url}/feed#top`, section: 'US Politics' });
    expect(added).toMatchObject({
      kind: 'added',
      source: {
        kind: 'feed',
        url: `${web.url}/feed`,
        lang: 'en',
        section: 'us-politics',
        nextPollAt: morning,
      },
    });
    const twice = await addSource(ctx, { url: `${web.url}/feed` });
    expect(twice).toMatchObject({ kind: 'exists', source: { id: added.source.id } });
    expect(await titles()).toEqual([]);
  });

  it('finds the feed that a page names', async () => {
    web.answer((request, response) => {
      if (request.url === '/rss.xml') serves(feed(item('one')))(request, response);
      else {
        response
          .writeHead(200, { 'content-type': 'text/html' })
          .end(
            '<html><link rel="alternate" type="application/rss+xml" href="/rss.xml"><body>News</body></html>',
          );
      }
    });
    const { source } = await addSource(ctx, { url: web.url });
    expect(source).toMatchObject({ kind: 'feed', url: `${web.url}/rss.xml` });
  });

  it.each([
    ['<html><body>News</body></html>', {}, 'not_a_feed', /^not a feed: it is a web page and names no feed/],
    ['{"a":1}', {}, 'not_a_feed', /^not a feed: it is JSON, but no JSON Feed$/],
    [feed().replace('<language>en</language>', ''), {}, 'lang_missing', /^it does not say its language/],
    [feed(), { lang: 'English' }, 'invalid_lang', /^not a language: English$/],
    [
      '<html><body>News</body></html>',
      { kind: 'page' as const, lang: 'en' },
      'not_an_article',
      /^not an article/,
    ],
  ])('refuses what is none, in words: %j %j', async (body, wanted, code, message) => {
    web.answer(serves(body));
    await expect(addSource(ctx, { url: web.url, ...wanted })).rejects.toMatchObject({
      status: 422,
      code,
      message: expect.stringMatching(message),
    });
    expect(await listSources(ctx.db, { limit: 10 })).toEqual([]);
  });

  it('O8 refuses a private network and says so', async () => {
    for (const url of ['http://169.254.169.254/latest', 'http://10.0.0.1/feed', 'http://localhost:1/feed']) {
      await expect(addSource(ctx, { url })).rejects.toMatchObject({
        code: 'source_unreachable',
        message: expect.stringMatching(/^cannot be read: not fetched: .* leads into a private network$/),
      });
    }
    await expect(addSource(ctx, { url: 'file:///etc/passwd' })).rejects.toMatchObject({
      code: 'invalid_url',
    });
  });

  it('takes up one that was removed, with what was asked for this time', async () => {
    const source = await follow(feed(item('one')));
    expect([await removeSource(ctx, source.id), await removeSource(ctx, source.id)]).toEqual([true, false]);
    expect(await pollSource(ctx, { sourceId: source.id, now: true })).toEqual({ kind: 'not-due' });
    await expect(again(source)).rejects.toMatchObject({ status: 404 });
    const back = await addSource(ctx, { url: source.url, section: 'world' });
    expect(back).toMatchObject({ kind: 'added', source: { id: source.id, section: 'world', failures: 0 } });
  });
});

describe('a poll', () => {
  it('brings what is new, and the second time nothing', async () => {
    const source = await follow(feed(item('one'), item('two')));
    expect(await pollSource(ctx, { sourceId: source.id })).toMatchObject({
      kind: 'polled',
      new: 2,
      unusable: 0,
    });
    expect(await pollSource(ctx, { sourceId: source.id })).toEqual({ kind: 'not-due' });
    ctx.clock.advance(10 * minuteMs);
    web.answer(serves(feed(item('one'), item('two'), item('three'))));
    expect(await pollSource(ctx, { sourceId: source.id })).toMatchObject({ new: 1, unchanged: 2 });
    expect(await titles()).toEqual(['one', 'three', 'two']);
    expect(web.asked).toHaveLength(2);
    expect(web.asked[0]?.headers['user-agent']).toMatch(
      /^Dateline\/\d+\.\d+\.\d+ \(\+https:\/\/news\.example\.org\)$/,
    );
  });

  it('by many at once asks once', async () => {
    const source = await follow(feed(item('one')));
    const polled = await Promise.all(
      Array.from({ length: 6 }, () => pollSource(ctx, { sourceId: source.id })),
    );
    expect(polled.filter((one) => one.kind === 'polled')).toHaveLength(1);
    expect(web.asked).toHaveLength(1);
  });

  it('asks with the validators it was given, and a 304 is a success', async () => {
    const source = await follow(feed(item('one')));
    web.answer(serves(feed(item('one')), { etag: '"v1"', 'last-modified': 'Tue, 14 Jul 2026 09:00:00 GMT' }));
    await pollSource(ctx, { sourceId: source.id });
    ctx.clock.advance(10 * minuteMs);
    web.answer(answers(304));
    expect(await pollSource(ctx, { sourceId: source.id })).toEqual({ kind: 'not-modified' });
    expect(web.asked[1]?.headers).toMatchObject({
      'if-none-match': '"v1"',
      'if-modified-since': 'Tue, 14 Jul 2026 09:00:00 GMT',
    });
    expect(await again(source)).toMatchObject({ etag: '"v1"', lastOkAt: ctx.clock.now(), failures: 0 });
  });

  it('reads everything again after its settings changed', async () => {
    const source = await follow(feed(item('one', '<category>World</category>')));
    web.answer(serves(feed(item('one', '<category>World</category>')), { etag: '"v1"' }));
    await pollSource(ctx, { sourceId: source.id });
    await updateSource(ctx, source.id, { section: 'politics', silentAfterHours: 6 });
    await pollSource(ctx, { sourceId: source.id, now: true });
    expect(web.asked[1]?.headers['if-none-match']).toBeUndefined();
    expect(await listArticles(ctx.db, { limit: 1 })).toMatchObject([
      { section: 'politics', tags: ['World'] },
    ]);
    await expect(updateSource(ctx, 999, {})).rejects.toMatchObject({ status: 404 });
    await expect(updateSource(ctx, source.id, { lang: 'English' })).rejects.toMatchObject({
      code: 'invalid_lang',
    });
  });

  it('takes in the items it can use and tells of the others', async () => {
    const source = await follow(
      feed(item('one', '<pubDate>soon</pubDate>'), '<item><description>x</description></item>'),
    );
    expect(await pollSource(ctx, { sourceId: source.id })).toEqual({
      kind: 'polled',
      new: 1,
      updated: 0,
      unchanged: 0,
      unusable: 1,
      remarks: ['date cannot be read: soon', 'there is no title'],
    });
  });

  it('of a page brings its article, and its changes', async () => {
    web.answer(serves(fixtures.page, { 'content-type': 'text/html' }));
    const { source } = await addSource(ctx, { url: `${web.url}/politics/senate-votes`, kind: 'page' });
    expect(source).toMatchObject({ kind: 'page', lang: 'en' });
    expect(await pollSource(ctx, { sourceId: source.id })).toMatchObject({ new: 1 });
    web.answer(serves(fixtures.page.replaceAll('for now', 'at last'), { 'content-type': 'text/html' }));
    expect(await pollSource(ctx, { sourceId: source.id, now: true })).toMatchObject({ updated: 1 });
    expect(await titles()).toEqual(['Senate votes to keep the lights on — at last']);
  });
});

describe('a source that fails', () => {
  it('leaves what is there alone, says what is wrong, and is asked later and later', async () => {
    const source = await follow(feed(item('one')));
    await pollSource(ctx, { sourceId: source.id });
    const waits: number[] = [];
    for (const [listener, words] of [
      [
        serves('<rss version="2.0"><channel><item>'),
        'not a feed: it begins like a feed, but its XML is broken or cut off',
      ],
      [
        serves('<html><body>Sorry</body></html>', { 'content-type': 'text/html' }),
        'not a feed: it is a web page',
      ],
      [answers(404), `${web.pair} answered 404 Not Found`],
      [serves('x'.repeat(6 * 1024 * 1024)), 'not fetched: larger than 5 MB'],
    ] as const) {
      web.answer(listener);
      ctx.clock.set((await again(source)).nextPollAt);
      const failed = await pollSource(ctx, { sourceId: source.id });
      expect(failed).toMatchObject({ kind: 'failed', reason: words });
      const after = await again(source);
      expect(after).toMatchObject({ lastError: words, lastOkAt: morning });
      waits.push((after.nextPollAt.getTime() - ctx.clock.now().getTime()) / minuteMs);
    }
    expect(waits).toEqual([10, 20, 40, 80]);
    expect(await titles()).toEqual(['one']);
    expect(healthOf(await again(source), ctx.clock.now())).toEqual({
      state: 'failing',
      words: 'not fetched: larger than 5 MB (4 times in a row)',
    });
    web.answer(serves(feed(item('one'))));
    await pollSource(ctx, { sourceId: source.id, now: true });
    expect(await again(source)).toMatchObject({ lastError: undefined, failures: 0 });
  });

  it('is left alone for as long as it asks', async () => {
    const source = await follow(feed(item('one')));
    web.answer(answers(429, { 'retry-after': '7200' }));
    await pollSource(ctx, { sourceId: source.id });
    expect((await again(source)).nextPollAt).toEqual(new Date(morning.getTime() + 2 * hourMs));
  });

  it('does not tell its words in the log with an address in them', async () => {
    const source = await follow(feed(item('one')));
    await pollSource(ctx, { sourceId: source.id });
    expect(ctx.logged()).toContain('"deed":"poll-source"');
    expect(ctx.logged()).not.toContain(`${web.pair}/feed`);
  });
});

describe('when to ask again', () => {
  const minutes = (outcome: Parameters<typeof nextPollAt>[1]) =>
    (nextPollAt(morning, outcome).getTime() - morning.getTime()) / minuteMs;

  it.each([
    [{ failures: 0 }, 10],
    [{ failures: 0, ttlMinutes: 60 }, 60],
    [{ failures: 0, ttlMinutes: 1 }, 10],
    [{ failures: 0, ttlMinutes: 100_000 }, 24 * 60],
    [{ failures: 1 }, 10],
    [{ failures: 5 }, 160],
    [{ failures: 40 }, 24 * 60],
    [{ failures: 1, retryAfterMs: hourMs }, 60],
    [{ failures: 3, retryAfterMs: 1 }, 40],
  ])('%j is in %i minutes', (outcome, wanted) => {
    expect(minutes(outcome)).toBe(wanted);
  });

  it('reads Retry-After in both its forms', () => {
    expect(readRetryAfter('120', morning)).toBe(120_000);
    expect(readRetryAfter('Tue, 14 Jul 2026 11:00:00 GMT', morning)).toBe(hourMs);
    expect(readRetryAfter('Tue, 14 Jul 2026 09:00:00 GMT', morning)).toBe(0);
    expect(readRetryAfter('soon', morning)).toBeUndefined();
    expect(readRetryAfter(undefined, morning)).toBeUndefined();
  });

  it('is told by the tick, for those that are due and not removed', async () => {
    const due = await follow(feed(item('one')));
    expect([await ringDuePolls(ctx), await ringDuePolls(ctx)]).toEqual([1, 1]);
    expect((await ctx.queues.depths()).articles.waiting).toBe(1);
    expect(await rescueArticles(ctx)).toEqual({ polls: 1 });
    await pollSource(ctx, { sourceId: due.id });
    expect(await ringDuePolls(ctx)).toBe(0);
    ctx.clock.advance(hourMs);
    await removeSource(ctx, due.id);
    expect(await ringDuePolls(ctx)).toBe(0);
  });
});

describe('silence', () => {
  it('is shown when nothing new came for longer than the source may be silent', async () => {
    const source = await follow(feed(item('one')));
    const health = async () => healthOf(await again(source), ctx.clock.now()).state;
    expect(await health()).toBe('new');
    await pollSource(ctx, { sourceId: source.id });
    expect(await health()).toBe('ok');
    ctx.clock.advance(48 * hourMs);
    await pollSource(ctx, { sourceId: source.id });
    expect(healthOf(await again(source), ctx.clock.now())).toEqual({
      state: 'silent',
      words: 'nothing new for 48 hours',
    });
    web.answer(serves(feed(item('two'))));
    await pollSource(ctx, { sourceId: source.id, now: true });
    expect(await health()).toBe('ok');
  });
});

describe('a preview', () => {
  it('shows what was understood of each item and stores nothing', async () => {
    web.answer(serves(fixtures.rss));
    const preview = await previewSource(ctx, { url: `${web.url}/feed` });
    expect(preview).toMatchObject({ kind: 'feed', title: 'Example Media', lang: 'en-us' });
    expect(preview.items).toMatchObject([{ kind: 'article', article: fixtures.story, remarks: [] }]);
    expect(await titles()).toEqual([]);
  });

  it('shows what an item without a language says otherwise, so that one can tell which it is', async () => {
    web.answer(serves(fixtures.rss.replace(/<language>.*?<\/language>/, '')));
    const { items } = outsidePreview(await previewSource(ctx, { url: `${web.url}/feed` }));
    expect(items).toMatchObject([
      {
        usable: false,
        remarks: ['the language is not said'],
        title: fixtures.story.title,
        url: expect.any(String),
        lang: null,
      },
    ]);
  });
});

describe('importing an address', () => {
  it.each([
    ['text/html; charset=utf-8', fixtures.page],
    ['text/markdown', fixtures.markdown],
  ])('O6 takes one article in from %s', async (contentType, body) => {
    web.answer(serves(body, { 'content-type': contentType }));
    const received = await importUrl(ctx, { url: `${web.url}/politics/senate-votes` });
    const own = { ...fixtures.story, canonicalUrl: expect.any(String), image: expect.any(Object) };
    expect(received).toMatchObject({ kind: 'new', article: own });
    expect((await importUrl(ctx, { url: `${web.url}/politics/senate-votes` })).kind).toBe('unchanged');
  });

  it('says what is wrong with it', async () => {
    web.answer(answers(500));
    await expect(importUrl(ctx, { url: web.url })).rejects.toMatchObject({
      code: 'source_unreachable',
      message: `cannot be read: ${web.pair} answered 500 Internal Server Error`,
    });
    web.answer(serves(fixtures.rss));
    await expect(importUrl(ctx, { url: web.url })).rejects.toMatchObject({ code: 'is_a_feed' });
    await expect(importUrl(ctx, { url: 'ftp://x.org/' })).rejects.toMatchObject({ code: 'invalid_url' });
  });
});
