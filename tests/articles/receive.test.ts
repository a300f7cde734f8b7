import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { IncomingArticle } from '../../src/articles/article.ts';
import { articlesOfStories } from '../../src/articles/candidates.ts';
import { editArticle } from '../../src/articles/edit.ts';
import { namedArticle } from '../../src/articles/find-article.ts';
import { importDocument } from '../../src/articles/import-document.ts';
import { pushArticle } from '../../src/articles/push.ts';
import { type Received, receive } from '../../src/articles/receive.ts';
import { revertArticle } from '../../src/articles/revert.ts';
import { withdrawArticle } from '../../src/articles/withdraw.ts';
import { publicId } from '../../src/lib/ids.ts';
import { morning, type TestContext, testContext } from '../support/context.ts';

let ctx: TestContext;

beforeAll(async () => {
  ctx = await testContext();
});
afterAll(() => ctx.close());
beforeEach(async () => {
  ctx.clock.set(morning);
  await ctx.db.deleteFrom('articles').execute();
  await ctx.db.deleteFrom('sources').execute();
});

const article: IncomingArticle = {
  title: 'Senate votes',
  dek: 'The bill passes 62–38.',
  body: 'First paragraph.\n\nSecond paragraph.',
  author: 'Rina Sari',
  tags: ['Senate'],
  lang: 'en',
  section: 'politics',
  canonicalUrl: 'https://news.example.org/votes',
  image: { url: 'https://news.example.org/votes.jpg', alt: 'The chamber', width: 1200 },
  publishedAt: new Date('2026-07-14T05:30:00Z'),
};
const { canonicalUrl: _url, ...withoutUrl } = article;

async function rows() {
  return ctx.db.selectFrom('articles').selectAll().orderBy('id').execute();
}

async function source(url: string): Promise<number> {
  const { id } = await ctx.db
    .insertInto('sources')
    .values({ kind: 'feed', url, lang: 'en', next_poll_at: morning, created_at: morning })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

describe('the same article', () => {
  it('O7 twice is one row, and the second time changes nothing', async () => {
    const first = await receive(ctx, article);
    ctx.clock.advance(60_000);
    const second = await receive(ctx, article);
    expect([first.kind, second.kind]).toEqual(['new', 'unchanged']);
    expect(second.article).toEqual(first.article);
    expect(first.article).toMatchObject({ ...article, words: 4, priority: 0, never: false, revision: 1 });
    expect(await rows()).toHaveLength(1);
  });

  it('at once from many hands is one row', async () => {
    const received = await Promise.all(Array.from({ length: 12 }, () => receive(ctx, article)));
    expect(received.map((one) => one.kind).sort()).toEqual(['new', ...Array(11).fill('unchanged')].sort());
    expect(await rows()).toHaveLength(1);
  });

  it('at once with and without its address is one row', async () => {
    const sourceId = await source('https://a.example.org/feed');
    const both = [
      { ...withoutUrl, guid: 'g1' },
      { ...article, guid: 'g1' },
    ];
    const received = await Promise.all(
      Array.from({ length: 12 }, (_, n) => receive(ctx, both[n % 2] ?? article, { sourceId })),
    );
    expect(received.filter((one) => one.kind === 'new')).toHaveLength(1);
    expect(await rows()).toMatchObject([{ canonical_url: article.canonicalUrl, guid: 'g1' }]);
  });

  it('is known by its guid within its source, and gets its address later', async () => {
    const a = await source('https://a.example.org/feed');
    const b = await source('https://b.example.org/feed');
    const first = await receive(ctx, { ...withoutUrl, guid: 'g1' }, { sourceId: a });
    const elsewhere = await receive(ctx, { ...withoutUrl, guid: 'g1' }, { sourceId: b });
    expect(elsewhere.kind).toBe('new');
    const again = await receive(ctx, { ...withoutUrl, guid: 'g1' }, { sourceId: a });
    expect(again.kind).toBe('unchanged');
    const addressed = await receive(ctx, { ...article, guid: 'g1' }, { sourceId: a });
    expect(addressed).toMatchObject({
      kind: 'updated',
      article: { id: first.article.id, storyId: first.article.storyId, canonicalUrl: article.canonicalUrl },
    });
    const bare = await receive(ctx, { ...withoutUrl, guid: 'g1' }, { sourceId: a });
    expect(bare).toMatchObject({ kind: 'unchanged', article: { id: first.article.id } });
    expect(await rows()).toHaveLength(2);
  });

  it('under one guid but two addresses is two articles', async () => {
    const sourceId = await source('https://a.example.org/feed');
    await receive(ctx, { ...article, guid: '1' }, { sourceId });
    const other = { ...article, guid: '1', canonicalUrl: 'https://news.example.org/other' };
    expect((await receive(ctx, other, { sourceId })).kind).toBe('new');
    expect(await rows()).toHaveLength(2);
  });

  it('without address and guid is known by its words', async () => {
    expect((await receive(ctx, withoutUrl)).kind).toBe('new');
    expect((await receive(ctx, withoutUrl)).kind).toBe('unchanged');
    expect((await receive(ctx, { ...withoutUrl, lang: 'id' })).kind).toBe('new');
  });

  it('O7 in two rows is merged when its address shows that they are one', async () => {
    const sourceId = await source('https://a.example.org/feed');
    const bare = await receive(ctx, { ...withoutUrl, guid: 'g1' }, { sourceId });
    const pushed = await receive(ctx, article);
    expect(pushed.article.storyId).not.toBe(bare.article.storyId);
    const merged = await receive(ctx, { ...article, guid: 'g1' }, { sourceId });
    expect(merged).toMatchObject({
      kind: 'updated',
      article: { id: pushed.article.id, storyId: bare.article.storyId, guid: 'g1', sourceId },
    });
    const [first, second] = await rows();
    expect(first).toMatchObject({ id: bare.article.id, guid: null, withdrawn_at: morning });
    expect(second).toMatchObject({ withdrawn_at: null });
    expect((await receive(ctx, { ...article, guid: 'g1' }, { sourceId })).kind).toBe('unchanged');
  });

  it('listens to the source that brought it, not to each feed in turn', async () => {
    const a = await source('https://a.example.org/feed');
    const b = await source('https://b.example.org/feed');
    await receive(ctx, { ...article, guid: 'a' }, { sourceId: a });
    expect((await receive(ctx, { ...article, dek: 'Another dek', guid: 'b' }, { sourceId: b })).kind).toBe(
      'unchanged',
    );
    expect(await rows()).toMatchObject([{ dek: article.dek, source_id: a, guid: 'a' }]);
    await ctx.db.updateTable('sources').set({ state: 'removed' }).where('id', '=', a).execute();
    expect((await receive(ctx, { ...article, dek: 'Another dek', guid: 'b' }, { sourceId: b })).kind).toBe(
      'updated',
    );
  });

  it('keeps its guid when a person hands it in again', async () => {
    const sourceId = await source('https://a.example.org/feed');
    await receive(ctx, { ...article, guid: 'a' }, { sourceId });
    expect((await receive(ctx, { ...article, dek: 'By hand' })).kind).toBe('updated');
    expect(await rows()).toMatchObject([{ dek: 'By hand', source_id: sourceId, guid: 'a' }]);
  });
});

describe('what a source says later', () => {
  it('O7 changes its fields and keeps those an editor changed', async () => {
    const { article: first } = await receive(ctx, article);
    await editArticle(ctx, first.id, { title: 'The Senate votes to fund the government', priority: 3 });
    ctx.clock.advance(60_000);
    const updated = await receive(ctx, {
      ...article,
      title: 'Senate votes 62–38',
      dek: 'A new dek',
      priority: 1,
    });
    expect(updated).toMatchObject({
      kind: 'updated',
      article: {
        title: 'The Senate votes to fund the government',
        dek: 'A new dek',
        priority: 3,
        editedFields: ['title', 'priority'],
        receivedAt: morning,
        revision: 3,
      },
    });
    const reverted = await revertArticle(ctx, first.id, ['title', 'dek']);
    expect(reverted).toMatchObject({ title: 'Senate votes 62–38', editedFields: ['priority'] });
    expect(await revertArticle(ctx, first.id, ['title'])).toEqual(reverted);
    const followed = await receive(ctx, { ...article, title: 'Third title' });
    expect(followed.article).toMatchObject({ title: 'Third title', priority: 3 });
  });

  it('of a field that an editor emptied is kept aside', async () => {
    const { article: first } = await receive(ctx, article);
    await editArticle(ctx, first.id, { image: null, section: null });
    const { article: later } = await receive(ctx, { ...article, dek: 'New' });
    expect([later.image, later.section]).toEqual([undefined, undefined]);
    const reverted = await revertArticle(ctx, first.id, ['image', 'section']);
    expect(reverted).toMatchObject({ image: article.image, section: 'politics' });
  });

  it('empties nothing by saying less', async () => {
    await receive(ctx, article);
    const less: IncomingArticle = {
      title: article.title,
      lang: 'en',
      canonicalUrl: 'https://news.example.org/votes',
    };
    const received = await receive(ctx, less);
    expect(received).toMatchObject({
      kind: 'unchanged',
      article: { body: article.body, image: article.image },
    });
  });

  it('goes back to nothing where the source never said it', async () => {
    const { article: first } = await receive(ctx, {
      title: 'T',
      lang: 'en',
      canonicalUrl: 'https://x.org/1',
    });
    const until = new Date('2026-07-15T00:00:00Z');
    await editArticle(ctx, first.id, { dek: 'By hand', embargoUntil: until, tags: ['x'], never: true });
    const reverted = await revertArticle(ctx, first.id, ['dek', 'embargoUntil', 'tags', 'never']);
    expect({ ...reverted, revision: 1 }).toEqual(first);
  });

  it('does not bring back what was withdrawn', async () => {
    const { article: first } = await receive(ctx, article);
    const withdrawn = await withdrawArticle(ctx, first.id);
    expect(withdrawn.withdrawnAt).toEqual(morning);
    expect(await withdrawArticle(ctx, first.id)).toEqual(withdrawn);
    const updated = await receive(ctx, { ...article, dek: 'New' });
    expect(updated.article).toMatchObject({ dek: 'New', withdrawnAt: morning });
    expect((await withdrawArticle(ctx, first.id, false)).withdrawnAt).toBeUndefined();
  });
});

describe('an editor', () => {
  it('is told when somebody was quicker, and nothing is overwritten', async () => {
    const { article: first } = await receive(ctx, article);
    await editArticle(ctx, first.id, { title: 'One' }, 1);
    await expect(editArticle(ctx, first.id, { title: 'Two' }, 1)).rejects.toMatchObject({
      status: 409,
      code: 'revision_changed',
    });
    expect(await rows()).toMatchObject([{ title: 'One', revision: 2 }]);
  });

  it.each([
    [{ title: ' <b></b> ' }, 'title'],
    [{ lang: 'English' }, 'lang'],
    [{ priority: 4 }, 'priority'],
    [{ image: { url: 'javascript:alert(1)', alt: '' } }, 'image.url'],
  ])('cannot store what is none: %j', async (changes, field) => {
    const { article: first } = await receive(ctx, article);
    await expect(editArticle(ctx, first.id, changes)).rejects.toMatchObject({ status: 422, field });
    expect(await rows()).toMatchObject([{ revision: 1 }]);
  });

  it('cannot change what is not there', async () => {
    for (const act of [
      () => editArticle(ctx, 999, { title: 'x' }),
      () => revertArticle(ctx, 999, ['title']),
      () => withdrawArticle(ctx, 999),
      () => namedArticle(ctx.db, 'art_999'),
      () => namedArticle(ctx.db, 'nonsense'),
    ]) {
      await expect(act()).rejects.toMatchObject({ status: 404, code: 'no_such_article' });
    }
  });
});

describe('a translation', () => {
  it('joins the story of its original, and its original may be told later', async () => {
    const { article: original } = await receive(ctx, article);
    const translated = {
      ...withoutUrl,
      title: 'Senat memilih',
      lang: 'id',
      canonicalUrl: 'https://news.example.org/id/votes',
    };
    const alone = await receive(ctx, translated);
    expect(alone.article.storyId).not.toBe(original.storyId);
    const joined = await receive(ctx, { ...translated, translationOf: original.id });
    expect(joined).toMatchObject({
      kind: 'updated',
      article: { storyId: original.storyId, id: alone.article.id },
    });
    expect((await receive(ctx, { ...translated, translationOf: original.id })).kind).toBe('unchanged');
    const both = await articlesOfStories(ctx.db, [original.storyId]);
    expect(both.map((one) => one.lang)).toEqual(['en', 'id']);
  });

  it('of an article that is not there is refused, and nothing is stored', async () => {
    await expect(receive(ctx, { ...article, translationOf: 999 })).rejects.toMatchObject({
      code: 'unknown_story',
    });
    expect(await rows()).toEqual([]);
  });

  it('is named in front matter', async () => {
    const { article: original } = await receive(ctx, article);
    const text = `---\nstory: ${publicId('article', original.id)}\nlang: id\n---\n# Senat memilih\n\nSatu paragraf.\n`;
    const received = await importDocument(ctx, { content: Buffer.from(text), name: 'senat.md' });
    expect(received.article).toMatchObject({ storyId: original.storyId, title: 'Senat memilih' });
  });
});

describe('a document that is handed in', () => {
  const handIn = (text: string, name: string, given: { lang?: string } = {}): Promise<Received> =>
    importDocument(ctx, { content: Buffer.from(text), name, ...given });

  it('twice is one row, whatever its format', async () => {
    const html = `<html lang="en"><h1>A vote</h1><p>${'Some words of text. '.repeat(10)}</p></html>`;
    for (const [text, name] of [
      ['A vote\nRina Sari\nThe text of it.\n', 'vote.txt'],
      ['---\ntitle: A vote\nlang: en\n---\nThe text in Markdown.\n', 'vote.md'],
      [html, 'vote.html'],
    ] as const) {
      const first = await handIn(text, name, { lang: 'en' });
      const second = await handIn(text, name, { lang: 'en' });
      expect([first.kind, second.kind, second.article.id]).toEqual(['new', 'unchanged', first.article.id]);
    }
    expect(await rows()).toHaveLength(3);
  });

  it.each([
    ['A vote\nThe text of it.\n', 'vote.txt', 'lang_missing', /^the language is not said: name it/],
    ['---\ntitle: A vote\nlang: English\n---\n', 'vote.md', 'invalid_lang', /^not a language: English$/],
    [
      '---\ntitle: A vote\nlang: en\ndate: soon\n---\n',
      'vote.md',
      'invalid_date',
      /^date cannot be read: soon$/,
    ],
    ['---\ntitle: [\n---\n', 'vote.md', 'invalid_front_matter', /^the front matter cannot be read/],
    ['<rss version="2.0"><channel><title>x</title></channel></rss>', 'feed.xml', 'is_a_feed', /source add/],
    [
      '<html><body></body></html>',
      'page.html',
      'not_an_article',
      /^not an article: there is no running text/,
    ],
    ['', 'empty.txt', 'title_missing', /^there is no title$/],
  ])('that cannot be understood is refused in words: %j', async (text, name, code, message) => {
    await expect(handIn(text, name)).rejects.toMatchObject({
      status: 422,
      code,
      message: expect.stringMatching(message),
    });
    expect(await rows()).toEqual([]);
  });

  it('is pushed with the same cleaning', async () => {
    const received = await pushArticle(ctx, {
      title: 'A &amp; B\u0000 <script>x()</script>',
      url: 'https://news.example.org/a?utm_source=push',
      bodyHtml: '<p>One <a href="https://x.org">link</a>.</p><script>alert(1)</script>',
      lang: 'en-US',
    });
    expect(received.article).toMatchObject({
      title: 'A & B',
      canonicalUrl: 'https://news.example.org/a',
      body: 'One link.',
      lang: 'en',
    });
  });
});
