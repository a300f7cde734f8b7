import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyCommands } from '../../src/access/commands.ts';
import { newslettersCommands } from '../../src/newsletters/commands.ts';
import { needNewsletter } from '../../src/newsletters/find.ts';
import { testContext } from '../support/context.ts';
import { runCommand } from '../support/shell.ts';

const ctx = await testContext();
const dir = await mkdtemp(join(tmpdir(), 'dateline-commands-'));
afterAll(async () => {
  await ctx.close();
  await rm(dir, { recursive: true });
});

const run = (...line: string[]) => runCommand(ctx, newslettersCommands, line);
const keys = (...line: string[]) =>
  runCommand(
    ctx,
    (shell) => keyCommands(shell, async (db, slug) => (await needNewsletter(db, slug)).id),
    line,
  );

async function file(name: string, content: unknown): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const publisher = [
  ...['publisher', 'set', '--name', 'Example Media', '--postal-address', '1 Example Street'],
  ...['--privacy-url', 'https://www.example.org/privacy', '--from-email', 'news@example.org'],
  ...['--languages', 'en,id', '--time-zone', 'America/New_York'],
];
const washington = [
  ...['newsletter', 'create', 'inside-washington', '--name', 'Inside Washington', '--languages', 'en,id'],
  ...[
    '--promise',
    'en=US politics, every weekday morning.',
    '--promise',
    'id=Politik AS, setiap hari kerja.',
  ],
  ...['--days', 'mon-fri', '--time', '07:00', '--holidays', '12-25'],
];

describe('the first commands of a new installation', () => {
  it('need a publisher, and say so', async () => {
    expect(await run('publisher', 'show')).toMatchObject({ exit: 4 });
    expect(await run(...washington)).toMatchObject({
      exit: 7,
      error: expect.stringContaining('publisher set'),
    });
    expect(await run('publisher', 'set', '--name', 'X')).toMatchObject({ exit: 2 });
  });
});

describe('newsletter commands', () => {
  beforeAll(async () => {
    expect((await run(...publisher)).exit).toBe(0);
    expect((await run(...washington)).exit).toBe(0);
  });

  it('show what was created, and refuse to create it twice', async () => {
    const shown = await run('newsletter', 'show');
    expect(shown.document).toMatchObject({
      slug: 'inside-washington',
      calendar: { days: [1, 2, 3, 4, 5], time: '07:00', holidays: ['12-25'], skip_dates: [] },
      sign_up_url: 'https://news.example.org/s/inside-washington',
      revision: 1,
    });
    expect(shown.lines).toContain('Tuesday 14 July 2026, 07:00 EDT');
    expect(await run(...washington)).toMatchObject({ exit: 7 });
    expect((await run('newsletter', 'list')).lines).toContain('Inside Washington');
    expect((await run('publisher', 'show')).document).toMatchObject({ legal_name: 'Example Media' });
  });

  it('print the box in the language asked for, without a word besides', async () => {
    const box = await run('newsletter', 'embed', 'inside-washington', '--as', 'html', '--lang', 'id');
    expect(box.lines).toMatch(/^<section class="dl-box".*<\/section>$/s);
    expect(box.lines).toContain('value="2026-07-14.id"');
    expect(await run('newsletter', 'embed', '--lang', 'fr')).toMatchObject({ exit: 2 });
    expect(await run('newsletter', 'embed', '--as', 'picture')).toMatchObject({ exit: 2 });
    const script = await run('newsletter', 'embed', '--as', 'script', '--lang', 'id');
    expect(script.lines).toMatch(
      /^<link rel="stylesheet".*<dateline-signup.*<form.*<script async.*<\/script>$/s,
    );
    expect(script.document).toMatchObject({ html: expect.stringContaining('<form') });
    const frame = await run('newsletter', 'embed', '--as', 'iframe', '--lang', 'id');
    expect(frame.lines).toMatch(
      /^<iframe src=".*\/embed\/inside-washington\?lang=id&amp;theme=auto.*<\/iframe>$/s,
    );
    const h3 = await run('newsletter', 'embed', '--heading-level', '3');
    expect(h3.lines).toContain('<h3 id="dl-h-inside-washington">');
    expect(await run('newsletter', 'embed', '--heading-level', '7')).toMatchObject({ exit: 2 });
  });

  it('print the next slots', async () => {
    const slots = await run('newsletter', 'calendar', 'inside-washington', '--count', '5');
    for (const count of ['0', 'many', '367']) {
      expect((await run('newsletter', 'calendar', '--count', count)).error).toContain(
        'a whole number from 1 to 366',
      );
    }
    expect(slots.document.data).toHaveLength(5);
    expect(slots.document.data[0]).toEqual({ date: '2026-07-14', at: '2026-07-14T11:00:00.000Z' });
    expect(slots.document.data[4].date).toBe('2026-07-20');
  });

  it('change what is named and keep the rest', async () => {
    const changed = await run('newsletter', 'update', '--time', '06:30', '--promise', 'en=At dawn.');
    expect(changed.document).toMatchObject({
      calendar: { time: '06:30', days: [1, 2, 3, 4, 5] },
      promise: { en: 'At dawn.', id: 'Politik AS, setiap hari kerja.' },
      revision: 2,
    });
    expect(await run('newsletter', 'update', '--time', '26:30')).toMatchObject({
      exit: 2,
      error: expect.stringContaining('calendar.time'),
    });
    expect(await run('newsletter', 'update', '--days', 'someday')).toMatchObject({ exit: 2 });
  });

  it('replace the recipe and its sections from a file', async () => {
    const { document } = await run('newsletter', 'recipe', 'show');
    expect(document).toMatchObject({ stories_min: 4, sections: [] });
    const sections = [{ key: 'world', label: { en: 'World', id: 'Dunia' }, min: 0, max: 3 }];
    const path = await file('recipe.json', { ...document, stories_min: 3, sections });
    const edited = await run('newsletter', 'recipe', 'edit', '--file', path);
    expect(edited.document).toMatchObject({ stories_min: 3, sections });
    const broken = await file('broken.json', '{"stories_min": ');
    expect(await run('newsletter', 'recipe', 'edit', '--file', broken)).toMatchObject({
      exit: 2,
      error: expect.stringContaining('broken.json is not valid JSON'),
    });
    expect(await run('newsletter', 'recipe', 'edit', '--file', join(dir, 'none.json'))).toMatchObject({
      exit: 2,
    });
    const wrong = await file('wrong.json', { ...document, stories_min: 99 });
    expect(await run('newsletter', 'recipe', 'edit', '--file', wrong)).toMatchObject({
      exit: 2,
      error: expect.stringContaining('stories_min'),
    });
  });

  it('create from a file, and then ask which newsletter is meant', async () => {
    const path = await file('brief.json', {
      slug: 'the-brief',
      name: 'The Brief',
      promise: { en: 'The day in five minutes.' },
      languages: ['en'],
      calendar: { days: [7], time: '18:00' },
    });
    const created = await run('newsletter', 'create', '--file', path, '--time', '19:00');
    expect(created.document).toMatchObject({ slug: 'the-brief', calendar: { days: [7], time: '19:00' } });
    expect(await run('newsletter', 'show')).toMatchObject({
      exit: 2,
      error: expect.stringContaining('--newsletter'),
    });
    expect(await run('newsletter', 'show', 'no-such')).toMatchObject({ exit: 4 });
    const named = await runCommand(ctx, newslettersCommands, ['newsletter', 'show'], {
      newsletter: 'the-brief',
    });
    expect(named.document.name).toBe('The Brief');
  });

  it('take back the file that was shown, once, and let it be copied', async () => {
    const update = (path: string) => run('newsletter', 'update', 'the-brief', '--file', path);
    const { document } = await run('newsletter', 'show', 'the-brief');
    expect((await update(await file('same.json', document))).document).toEqual(document);
    const later = await file('later.json', { ...document, deadline_hours: 12 });
    expect((await update(later)).document).toEqual({
      ...document,
      deadline_hours: 12,
      revision: document.revision + 1,
    });
    expect(await update(later)).toMatchObject({ exit: 7, error: expect.stringContaining('load it again') });
    const { revision: _, ...lasting } = { ...document, deadline_hours: 9 };
    expect((await update(await file('lasting.json', lasting))).document).toMatchObject({ deadline_hours: 9 });
    expect(await update(await file('odd.json', { ...document, revision: 'latest' }))).toMatchObject({
      exit: 2,
      error: expect.stringContaining('revision is a number'),
    });
    const copy = await file('copy.json', { ...document, name: 'The Other Brief' });
    const copied = await run('newsletter', 'create', 'other-brief', '--file', copy);
    expect(copied.document).toMatchObject({ slug: 'other-brief', revision: 1, calendar: document.calendar });
    await run('newsletter', 'archive', 'other-brief');
  });

  it('print a box of several, as what can hold them', async () => {
    const embed = (...more: string[]) => run('newsletter', 'embed', 'inside-washington', ...more);
    const plain = await embed('--lang', 'en', '--beside', 'the-brief');
    expect(plain.lines).toMatch(/^<section .*value="inside-washington".*value="the-brief".*<\/section>$/s);
    expect(Object.keys(plain.document).sort()).toEqual(['html', 'lang', 'script']);
    expect((await embed('--as', 'script', '--beside', 'the-brief')).lines).toContain(
      'newsletters="inside-washington,the-brief"',
    );
    for (const [wrong, said] of [
      [['--as', 'iframe', '--beside', 'the-brief'], 'take html or script'],
      [['--beside', 'no-such'], 'There is no newsletter no-such'],
      [['--beside', 'the-brief', '--lang', 'id'], 'not published in id'],
    ] as const) {
      expect(await embed(...wrong)).toMatchObject({ exit: 2, error: expect.stringContaining(said) });
    }
  });

  it('archive', async () => {
    expect((await run('newsletter', 'archive', 'the-brief')).document.state).toBe('archived');
    expect((await run('newsletter', 'archive', 'the-brief')).exit).toBe(0);
  });
});

describe('key commands', () => {
  it('make a key, list it without its secret, and end it', async () => {
    const made = await keys(
      'key',
      'create',
      'CMS',
      '--scopes',
      'articles:write,editions:read',
      '--only',
      'inside-washington',
    );
    expect(made.lines.split('\n')[0]).toBe(made.document.key);
    expect(made.document).toMatchObject({ mode: 'live', newsletters: [expect.stringMatching(/^nl_\d+$/)] });
    const listed = await keys('key', 'list');
    expect(listed.lines).toContain(made.document.prefix);
    expect(JSON.stringify(listed)).not.toContain(made.document.key);
    expect((await keys('key', 'revoke', made.document.id)).document.revoked_at).not.toBeNull();
    expect((await keys('key', 'list')).lines).toContain('revoked');
    expect(await keys('key', 'revoke', 'dl_live_nobody')).toMatchObject({ exit: 4 });
  });

  it('refuse what cannot be', async () => {
    expect(await keys('key', 'create', 'CMS')).toMatchObject({ exit: 2 });
    expect(await keys('key', 'create', 'CMS', '--scopes', 'everything')).toMatchObject({ exit: 2 });
    expect(await keys('key', 'create', 'CMS', '--scopes', '*', '--expires', 'soon')).toMatchObject({
      exit: 2,
    });
    expect(await keys('key', 'create', 'CMS', '--scopes', '*', '--only', 'no-such')).toMatchObject({
      exit: 4,
    });
  });
});
