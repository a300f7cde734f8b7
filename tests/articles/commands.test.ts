import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { articlesCommands } from '../../src/articles/commands.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { type Loopback, openLoopback } from '../support/loopback.ts';
import { runCommand } from '../support/shell.ts';
import * as fixtures from './fixtures/one-story.ts';

const seed = '../shared/seeds/000_04825fc12583486d.txt';
let ctx: TestContext;
let web: Loopback;
let folder = '';

beforeAll(async () => {
  web = await openLoopback();
  ctx = await testContext({ env: { FETCH_ALLOW: web.pair } });
  folder = await mkdtemp(join(tmpdir(), 'dateline-articles-'));
});
afterAll(async () => {
  await ctx.close();
  await web.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await ctx.db.deleteFrom('articles').execute();
  await ctx.db.deleteFrom('sources').execute();
});

const run = (...line: string[]) => runCommand(ctx, articlesCommands, line);
const serve = (body: string, status = 200) =>
  web.answer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/rss+xml' }).end(body);
  });

describe('dateline article import', () => {
  it.skipIf(!existsSync(seed))('gives a clean article from a scraped text, once', async () => {
    const first = await run('article', 'import', seed, '--lang', 'id');
    expect(first).toMatchObject({
      exit: 0,
      document: {
        outcome: 'new',
        title: 'Putin dan Lukashenko mengadakan pembicaraan tentang pertahanan dan hubungan ekonomi',
        author: 'keren989',
        lang: 'id',
      },
    });
    expect(first.document.body).not.toMatch(/^- 0$|Mendaftarlah|Dapatkan email/m);
    expect(first.lines).toMatch(/^art_\d+ new: Putin dan Lukashenko/);
    const second = await run('article', 'import', seed, '--lang', 'id');
    expect(second.document).toMatchObject({ outcome: 'unchanged', id: first.document.id });
  });

  it('takes a folder in, and one file that cannot be read does not keep the others out', async () => {
    await mkdir(join(folder, 'world'), { recursive: true });
    await writeFile(join(folder, 'senate.md'), fixtures.markdown);
    await writeFile(join(folder, 'world', 'vote.txt'), 'A vote\nThe text of it, told in one line.\n');
    await writeFile(join(folder, 'broken.md'), '---\ntitle: [\n---\n');
    await writeFile(join(folder, 'image.png'), 'not read');
    const ran = await run('article', 'import', folder, '--lang', 'en');
    expect(ran.exit).toBe(6);
    expect(ran.document.data).toMatchObject([
      { file: 'broken.md', outcome: 'refused', code: 'invalid_front_matter' },
      { file: 'senate.md', outcome: 'new', title: fixtures.story.title },
      { file: join('world', 'vote.txt'), outcome: 'new', title: 'A vote' },
    ]);
    expect(ran.lines).toMatch(
      /broken\.md: the front matter cannot be read.*\n.*\n.*\n2 taken in, 1 refused$/,
    );
  });

  it.each([
    [['article', 'import', '/no/such/file'], 4, /^There is no file or folder/],
    [['article', 'import', 'http://169.254.169.254/'], 2, /leads into a private network$/],
    [['article', 'import'], 2, /missing required argument/],
  ])('%j ends with %i', async (line, exit, words) => {
    const ran = await run(...line);
    expect(ran.exit).toBe(exit);
    expect(ran.error).toMatch(words);
  });

  it('says that a text does not tell its language', async () => {
    await writeFile(join(folder, 'bare.txt'), 'A vote\nThe text of it.\n');
    expect(await run('article', 'import', join(folder, 'bare.txt'))).toMatchObject({
      exit: 2,
      error: 'the language is not said: name it, such as en or id',
    });
  });
});

describe('dateline article', () => {
  async function made(): Promise<string> {
    await writeFile(join(folder, 'one.md'), fixtures.markdown);
    return (await run('article', 'import', join(folder, 'one.md'))).document.id;
  }

  it('edits, reverts, pins, excludes, holds back, removes and puts back', async () => {
    const id = await made();
    const steps: [string[], object][] = [
      [
        ['edit', id, '--title', 'Edited', '--alt', 'A dome'],
        { title: 'Edited', edited_fields: ['title', 'image'] },
      ],
      [['edit', id, '--revert', 'title,image'], { title: fixtures.story.title, edited_fields: [] }],
      [['pin', id], { priority: 3 }],
      [['pin', id, '--priority', '0'], { priority: 0 }],
      [['exclude', id], { never: true }],
      [['exclude', id, '--undo'], { never: false }],
      [['embargo', id, '--until', '2026-07-15T07:00-04:00'], { embargo_until: '2026-07-15T11:00:00.000Z' }],
      [['embargo', id, '--lift'], { embargo_until: null }],
      [['remove', id], { withdrawn_at: expect.any(String) }],
      [['remove', id, '--undo'], { withdrawn_at: null }],
      [['show', id], { title: fixtures.story.title, body: fixtures.story.body }],
    ];
    for (const [line, document] of steps) {
      expect(await run('article', ...line)).toMatchObject({ exit: 0, document });
    }
    expect((await run('article', 'list')).lines).toContain(fixtures.story.title);
    await run('article', 'pin', id);
    const { lines } = await run('article', 'embargo', id, '--until', '2026-07-15T07:00-04:00');
    expect(lines).toContain('priority 3');
    expect(lines).toMatch(/^edited: .*embargo_until/m);
    expect((await run('article', 'list', '--lang', 'id')).document.data).toEqual([]);
  });

  it.each([
    [['embargo', 'ID', '--until', '2026-07-15 07:00'], 2, /^date needs a time and a zone/],
    [['embargo', 'ID', '--until', 'soon'], 2, /^date cannot be read: soon$/],
    [['embargo', 'ID'], 2, /^Say --until/],
    [['embargo', 'ID', '--lift', '--until', '2026-07-15T07:00-04:00'], 2, /^Choose one/],
    [['pin', 'ID', '--priority', '4'], 2, /give 0, 1, 2 or 3/],
    [['edit', 'ID', '--revert', 'colour'], 2, /fields are title, dek/],
    [['show', 'art_999'], 4, /^There is no article art_999\.$/],
  ])('%j ends with %i', async (line, exit, words) => {
    const id = await made();
    const ran = await run('article', ...line.map((part) => (part === 'ID' ? id : part)));
    expect(ran.exit).toBe(exit);
    expect(ran.error).toMatch(words);
  });
});

describe('dateline source', () => {
  it('adds, previews, polls, lists, changes and removes', async () => {
    serve(fixtures.rss);
    expect((await run('source', 'preview', `${web.url}/feed`)).lines).toContain(fixtures.story.title);
    const added = await run(
      'source',
      'add',
      `${web.url}/feed`,
      '--map',
      'Senate=congress',
      '--silent-after',
      '6',
    );
    expect(added).toMatchObject({
      exit: 0,
      document: { silent_after_hours: 6, mapping: { Senate: 'congress' } },
    });
    const { id } = added.document;
    expect(await run('source', 'add', `${web.url}/feed`)).toMatchObject({ exit: 7 });
    expect(await run('source', 'poll', id)).toMatchObject({
      exit: 0,
      document: { new: 1 },
      lines: '1 asked, 1 new, 0 failed',
    });
    expect((await run('source', 'list')).lines).toMatch(/ok\s+http/);
    expect(await run('source', 'update', id, '--section', 'world')).toMatchObject({
      document: { section: 'world' },
    });
    expect(await run('source', 'update', id, '--section', '')).toMatchObject({ document: { section: null } });
    serve('', 404);
    const all = await run('source', 'poll', '--all');
    expect(all).toMatchObject({ exit: 1, document: { data: [{ outcome: 'failed' }] } });
    expect((await run('source', 'show', id)).lines).toContain('answered 404 Not Found');
    expect(await run('source', 'remove', id)).toMatchObject({ exit: 0 });
    expect(await run('source', 'show', id)).toMatchObject({ exit: 4 });
  });

  it('says what is wrong', async () => {
    serve('Sorry');
    expect(await run('source', 'add', web.url)).toMatchObject({
      exit: 2,
      error: expect.stringMatching(/^not a feed: /),
    });
    expect(await run('source', 'poll')).toMatchObject({
      exit: 2,
      error: 'Name a source, or all of them with --all.',
    });
  });
});
