import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { articleUrl } from '../../src/articles/article-url.ts';
import { boundedHtml } from '../../src/articles/bounded-html.ts';
import { decodeDocument } from '../../src/articles/decode-document.ts';
import { deriveDek, languageOf, sectionKey, tidyAuthors, tidyTags } from '../../src/articles/fields.ts';
import { readFeed } from '../../src/articles/read-feed.ts';
import { readInstant } from '../../src/articles/read-instant.ts';
import { readMarkdown } from '../../src/articles/read-markdown.ts';
import { readPage } from '../../src/articles/read-page.ts';
import { readText } from '../../src/articles/read-text.ts';
import { tidy } from '../../src/articles/tidy.ts';

const paragraph =
  'The Senate voted on Monday night to fund the government until the end of the year, after weeks of talks.';
const seed = '../shared/seeds/000_04825fc12583486d.txt';

describe('a plain text', () => {
  it.skipIf(!existsSync(seed))('comes out clean of what the page left in it', () => {
    const tidied = tidy(readText(readFileSync(seed, 'utf8')), { lang: 'id' });
    if (tidied.kind !== 'article') throw new Error('unusable');
    const { title, author, body = '', dek = '' } = tidied.article;
    expect(title).toBe('Putin dan Lukashenko mengadakan pembicaraan tentang pertahanan dan hubungan ekonomi');
    expect(author).toBe('keren989');
    const paragraphs = body.split('\n\n');
    expect(paragraphs).toHaveLength(14);
    expect(paragraphs[0]).toMatch(/^Presiden Rusia Vladimir Putin dan rekannya/);
    expect(paragraphs.at(-1)).toMatch(/dianggap curang oleh pihak oposisi dan Barat\.$/);
    expect(body).not.toMatch(/^- 0$|Mendaftarlah|Dapatkan email|keren989/m);
    expect(dek).toMatch(/^Presiden Rusia Vladimir Putin .*…$/);
    expect(dek.length).toBeLessThanOrEqual(180);
  });

  it.each([
    ['By Rina Sari', 'Rina Sari'],
    ['Oleh Rina Sari', 'Rina Sari'],
    ['Rina Sari', 'Rina Sari'],
    ['Ludwig van der Berg', 'Ludwig van der Berg'],
    ['rina_88', 'rina_88'],
  ])('knows a byline: %s', (line, author) => {
    expect(readText(`A title\n${line}\n${paragraph}`)).toMatchObject({ title: 'A title', authors: [author] });
  });

  it.each(['The vote came late.', 'What happens now?', 'after weeks of talks', '- 0', '12'])(
    'does not take a line for a byline: %s',
    (line) => {
      expect(readText(`A title\n${line}\n${paragraph}`).authors).toEqual([undefined]);
    },
  );

  it('is read when lines are wrapped and paragraphs stand apart', () => {
    const tidied = tidy(
      readText(`A title\n\nBy Rina Sari\n\nThe Senate voted\non Monday.\n\nThe House\nwaits.\n`),
      {
        lang: 'en',
      },
    );
    expect(tidied).toMatchObject({
      article: {
        title: 'A title',
        author: 'Rina Sari',
        body: 'The Senate voted on Monday.\n\nThe House waits.',
      },
    });
  });

  it.each([
    'A title\nThe text of it.\n',
    '\n A title\r\n\r\nThe text of it.',
    'A title\nA title\nThe text of it.\n\n\n',
  ])('has its title on its first line, whatever ends it: %j', (text) => {
    expect(tidy(readText(text), { lang: 'en' })).toMatchObject({
      article: { title: 'A title', body: 'The text of it.' },
    });
  });

  it('that is empty is no article', () => {
    expect(tidy(readText('\n \n'), { lang: 'en' })).toMatchObject({
      kind: 'unusable',
      remarks: [{ code: 'title_missing' }],
    });
  });
});

describe('a feed that is none', () => {
  it.each([
    ['', 'the document is empty'],
    ['<!doctype html><html><body>Not found</body></html>', 'it is a web page'],
    ['{"error":"not found"}', 'it is JSON, but no JSON Feed'],
    ['Not found', 'it is neither RSS, Atom nor JSON Feed'],
    [
      '<rss version="2.0"><channel><title>x</title><item><title>y',
      'it begins like a feed, but its XML is broken or cut off',
    ],
    [
      '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel><title>&x;</title></channel></rss>',
      'it declares entities of its own',
    ],
  ])('says what it is: %j', (text, reason) => {
    expect(readFeed(text)).toEqual({ kind: 'not-a-feed', reason });
  });

  it('is one when it has no items, a byte order mark or an old DOCTYPE', () => {
    expect(readFeed('<rss version="2.0"><channel><title>x</title></channel></rss>')).toMatchObject({
      items: [],
    });
    expect(readFeed('\uFEFF \n<rss version="2.0"><channel><title>x</title></channel></rss>')).toMatchObject({
      kind: 'feed',
    });
  });
});

describe('a feed with faults in it', () => {
  it('drops a guid that tells nothing apart, and uses a permalink as the address', () => {
    const feed = readFeed(`<rss version="2.0"><channel><title>x</title>
      <item><title>a</title><guid>1</guid></item><item><title>b</title><guid>1</guid></item>
      <item><title>c</title><guid>https://news.example.org/c</guid></item></channel></rss>`);
    expect(feed.kind === 'feed' && feed.items.map(({ guid, url }) => [guid, url])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
      ['https://news.example.org/c', 'https://news.example.org/c'],
    ]);
  });

  it('leaves out what cannot be understood, and says so', () => {
    const feed = readFeed(`<rss version="2.0"><channel><title>x</title>
      <item><title>a</title><link>javascript:alert(1)</link><pubDate>yesterday</pubDate><author>rina@example.org</author></item>
      <item><description>no title</description></item></channel></rss>`);
    const [first, second] =
      feed.kind === 'feed' ? feed.items.map((item) => tidy(item, { langDefault: 'en' })) : [];
    expect(first).toEqual({
      kind: 'article',
      article: { title: 'a', lang: 'en' },
      remarks: [
        { field: 'url', code: 'invalid_url', message: 'not an http or https URL: javascript:alert(1)' },
        { field: 'published_at', code: 'invalid_date', message: 'date cannot be read: yesterday' },
      ],
    });
    expect(second).toMatchObject({ kind: 'unusable', remarks: [{ message: 'there is no title' }] });
  });

  it('takes a description that is the whole text as the text', () => {
    const tidied = tidy({ title: 'a', lang: 'en', dek: `<p>${paragraph}</p><p>${paragraph}</p>` });
    expect(tidied).toMatchObject({ article: { body: `${paragraph}\n\n${paragraph}`, dek: paragraph } });
  });

  it('lets an operator name its sections', () => {
    const found = { title: 'a', lang: 'en', tags: ['US News', 'Senate'] };
    const sectionOf = (around: Parameters<typeof tidy>[1]) => {
      const tidied = tidy(found, around);
      return tidied.kind === 'article' && tidied.article.section;
    };
    expect(sectionOf({})).toBe('us-news');
    expect(sectionOf({ section: 'world' })).toBe('world');
    expect(sectionOf({ section: 'world', sections: { Senate: 'politics' } })).toBe('politics');
    expect(sectionOf({ sections: { 'us-news': 'America' } })).toBe('america');
  });
});

describe('a web page', () => {
  const article = `<article><h1>The vote</h1><p>${paragraph}</p><p>${paragraph}</p></article>`;

  it('is read by what can be seen when it says nothing of itself', () => {
    const page = readPage(
      `<html lang="id"><title>The vote | News</title><body>${article}</body></html>`,
      'https://x.org/1',
    );
    expect(page).toMatchObject({ found: { title: 'The vote', lang: 'id', url: 'https://x.org/1' } });
  });

  it('is not the front page, though it says so', () => {
    const html = `<head><link rel="canonical" href="https://x.org/"></head><body>${article}</body>`;
    expect(readPage(html, 'https://x.org/1')).toMatchObject({ found: { url: 'https://x.org/1' } });
  });

  it('survives JSON-LD that is no JSON', () => {
    const html = `<head><script type="application/ld+json">{"@type": NewsArticle</script></head><body>${article}</body>`;
    expect(readPage(html, 'https://x.org/1')).toMatchObject({ found: { title: 'The vote' } });
  });

  it('may leave out the tags that HTML lets it leave out', () => {
    for (const html of [
      article,
      `<!doctype html><title>x</title>${article}`,
      `<html lang="en"><head></head>${article}`,
    ]) {
      expect(readPage(html, 'https://x.org/1')).toMatchObject({
        kind: 'article',
        found: { title: 'The vote' },
      });
    }
  });

  it('without running text is no article', () => {
    for (const html of [
      '',
      '<html><body></body></html>',
      'plain words',
      '<html><body><nav><a href="/">Home</a></nav>',
    ]) {
      expect(readPage(html, 'https://x.org/1').kind).toBe('not-an-article');
    }
  });
});

describe('Markdown', () => {
  it('takes its first heading as the title when the front matter has none', () => {
    const read = readMarkdown(`# The vote\n\n${paragraph}\n\n- one\n- two\n`);
    expect(read.kind === 'article' && tidy(read.found, { lang: 'en' })).toMatchObject({
      article: { title: 'The vote', body: `${paragraph}\n\n• one\n• two` },
    });
  });

  it('says what is wrong with its front matter', () => {
    expect(readMarkdown('---\ntitle: "open\n---\ntext')).toMatchObject({
      kind: 'unreadable',
      reason: expect.stringMatching(/^the front matter cannot be read: .* at line 1, column \d+$/),
    });
    expect(readMarkdown('---\n- a\n- b\n---\ntext')).toMatchObject({
      reason: 'the front matter names no fields',
    });
  });

  it('holds back until an instant that names its zone, and refuses one that does not', () => {
    const remarks = (embargo: string) => {
      const read = readMarkdown(`---\ntitle: a\nlang: en\nembargo: ${embargo}\n---\ntext`);
      return read.kind === 'article' ? tidy(read.found) : read;
    };
    expect(remarks('2026-07-14T07:00-04:00')).toMatchObject({
      article: { embargoUntil: new Date('2026-07-14T11:00:00Z') },
      remarks: [],
    });
    expect(remarks('2026-07-14 07:00')).toMatchObject({
      remarks: [{ code: 'invalid_date', field: 'embargo_until' }],
    });
    expect(remarks('soon')).toMatchObject({ remarks: [{ message: 'date cannot be read: soon' }] });
  });

  it('holds no script, whatever HTML is in it', () => {
    const read = readMarkdown('# T\n\nOne <script>alert(1)</script><b onclick="x()">two</b> words.');
    expect(read.kind === 'article' && tidy(read.found, { lang: 'en' })).toMatchObject({
      article: { body: 'One two words.' },
    });
  });
});

describe('dates', () => {
  it.each([
    ['Tue, 14 Jul 2026 07:00:00 GMT', '2026-07-14T07:00:00Z', true],
    ['Mon, 14 July 2026 07:00 +0700', '2026-07-14T00:00:00Z', true],
    ['14 Jul 2026 07:00:00 EST', '2026-07-14T12:00:00Z', true],
    ['2026-07-14T07:00:00+07:00', '2026-07-14T00:00:00Z', true],
    ['2026-07-14 07:00:00 +0700', '2026-07-14T00:00:00Z', true],
    ['2026-07-14T07:00', '2026-07-14T07:00:00Z', false],
    ['2026-07-14', '2026-07-14T00:00:00Z', false],
  ])('%s can be read', (text, at, zoned) => {
    expect(readInstant(text)).toEqual({ at: new Date(at), zoned });
  });

  it.each([
    '',
    'yesterday',
    '2026-02-30',
    '14/07/2026',
    '2026',
    '1752476400',
    '0001-01-01',
    'Tue, 14 Foo 2026 07:00 GMT',
  ])('%j cannot', (text) => {
    expect(readInstant(text)).toBeUndefined();
  });
});

describe('fields', () => {
  it.each([
    [
      'HTTPS://News.Example.org:443/a?utm_source=x&id=1&utm_medium=y&fbclid=z#top',
      'https://news.example.org/a?id=1',
    ],
    ['/a?b=c', 'https://base.example.org/a?b=c'],
    ['mailto:a@b.c', undefined],
    ['https://user:password@x.org/', undefined],
    [`https://x.org/${'a'.repeat(3_000)}`, undefined],
  ])('an address is one however it is shared: %s', (text, url) => {
    expect(articleUrl(text, 'https://base.example.org/')).toBe(url);
  });

  it.each([
    ['en-US', 'en'],
    ['en_GB', 'en'],
    ['id', 'id'],
    ['in', 'id'],
    ['zh-Hant-TW', 'zh-Hant'],
    ['English', undefined],
    ['', undefined],
  ])('the language %j is %j', (tag, lang) => {
    expect(languageOf(tag)).toBe(lang);
  });

  it('names people and not their addresses', () => {
    expect(tidyAuthors(['rina@example.org (Rina Sari)'])).toBe('Rina Sari');
    expect(tidyAuthors(['rina@example.org', undefined])).toBeUndefined();
    expect(tidyAuthors(['By Rina Sari', 'Rina Sari', 'John Doe <j@example.org>'])).toBe(
      'Rina Sari, John Doe',
    );
  });

  it('keeps tags once and sections as keys', () => {
    expect(tidyTags(['Senate', 'senate ', '', 'Budget &amp; taxes'])).toEqual(['Senate', 'Budget & taxes']);
    expect(tidyTags(Array.from({ length: 50 }, (_, n) => `tag ${n}`))).toHaveLength(20);
    expect(sectionKey('US & Politics')).toBe('us-politics');
    expect(sectionKey('Économie')).toBe('economie');
    expect(sectionKey(' – ')).toBeUndefined();
  });

  it('derives a dek of whole sentences, or one cut at a word', () => {
    expect(
      deriveDek(
        ['It passed. The bill goes to the House on Wednesday, which may change it. Then it waits.'],
        'en',
      ),
    ).toBe('It passed. The bill goes to the House on Wednesday, which may change it. Then it waits.');
    expect(deriveDek([`${paragraph} ${paragraph}`], 'en')).toBe(paragraph);
    const cut = deriveDek([`${'word '.repeat(80).trim()}.`], 'en') ?? '';
    expect(cut).toMatch(/word…$/);
    expect(cut.length).toBeLessThanOrEqual(180);
    expect(deriveDek(['WASHINGTON —', paragraph], 'en')).toBe(`WASHINGTON — ${paragraph}`);
    expect(deriveDek([], 'en')).toBeUndefined();
  });

  it('decodes a document as it says it is written', () => {
    const latin = Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><t>caf\xe9</t>', 'latin1');
    expect(decodeDocument(latin)).toContain('café');
    expect(decodeDocument(Buffer.from('caf\xe9', 'latin1'), 'text/plain; charset=windows-1252')).toBe('café');
    expect(decodeDocument(Buffer.from('\uFEFFcafé'), 'text/xml; charset=iso-8859-1')).toBe('café');
    expect(decodeDocument(Buffer.from('café'), 'text/plain; charset=nonsense')).toBe('café');
  });
});

describe('HTML without end', () => {
  it('is read up to where it nests too deep, in the time of one pass', () => {
    const begun = performance.now();
    expect(boundedHtml(`<p>Text.</p>${'<b>'.repeat(300_000)}`)).toHaveLength('<p>Text.</p>'.length + 200 * 3);
    expect(boundedHtml('<p><td>'.repeat(100_000)).length).toBeLessThan(2_000);
    expect(boundedHtml('<a'.repeat(500_000))).toBe('');
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  it('is left as it is when it is a page like others', () => {
    for (const html of [
      `<ul>${'<li>item<br><img src=x>'.repeat(1_000)}</ul>`,
      `<table>${'<tr><td>1<td>2'.repeat(1_000)}</table>`,
      `<svg>${'<path d="M0"/>'.repeat(1_000)}</svg><p>text</p>`,
      `<script>if (a<b) { x('<b>') }</script><!-- <b> --><p>${'<span>a</span>'.repeat(1_000)}</p>`,
      'a < b and c > d',
    ]) {
      expect(boundedHtml(html).length).toBe(html.length);
    }
  });
});
