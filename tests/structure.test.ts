import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The order of the story. A file imports from its own entry and from entries before it. */
const order = [
  'lib',
  'platform',
  'config',
  'context',
  'access',
  'newsletters',
  'subscribers',
  'articles',
  'editions',
  'deliveries',
  'feedback',
  'insight',
  'web',
  'workers',
  'start',
  'cli',
  'demo',
  'bench',
];

/** Files that belong to an entry of another name. */
const sameEntry: Record<string, string> = { shell: 'context', 'start-commands': 'start', commands: 'cli' };

/** Which chapter may write which table; everyone after may read. */
const owners: Record<string, readonly string[]> = {
  newsletters: ['publishers', 'newsletters', 'newsletter_sections', 'newsletter_showcase', 'wordings'],
  access: ['api_keys', 'idempotency_keys'],
  subscribers: [
    'subscribers',
    'subscriptions',
    'subscriber_events',
    'sign_ups',
    'confirmation_tokens',
    'consents',
    'suppressions',
    'account_links',
    'account_sessions',
    'email_changes',
    'data_copies',
    'bounces',
  ],
  'platform/db': ['limits'],
  'platform/rate': ['rates'],
  'platform/mail': ['letters'],
  'platform/queue': ['workers'],
  articles: ['sources', 'articles'],
  editions: [
    'editions',
    'edition_stories',
    'edition_variants',
    'edition_blocks',
    'edition_pages',
    'corrections',
    'edition_opinions',
    'approvals',
  ],
  deliveries: ['sends', 'deliveries', 'delivery_batches', 'send_counts', 'mail_domains', 'lanes'],
  workers: ['upkeep'],
};

interface Import {
  target: string;
  typeOnly: boolean;
  /** Loaded when it is needed: `await import(…)`. */
  later: boolean;
}

interface Source {
  path: string;
  entry: string;
  text: string;
  imports: Import[];
}

const sources = ['src', 'workers', 'demo', 'bench'].flatMap((folder) => readSources(folder));

describe('the structure of the program', () => {
  it('reads every source file', () => {
    expect(sources.length).toBeGreaterThan(60);
    expect(sources.filter((source) => !order.includes(source.entry)).map((source) => source.path)).toEqual(
      [],
    );
  });

  it('imports look back: no file imports from a later entry', () => {
    expect(importFaults(sources)).toEqual([]);
  });

  it('sees an import that looks ahead', () => {
    const planted = {
      path: 'src/articles/x.ts',
      entry: 'articles',
      text: '',
      imports: [{ target: 'src/editions/edition.ts', typeOnly: false, later: true }],
    };
    expect(importFaults([planted])).toEqual(['src/articles/x.ts imports src/editions/edition.ts']);
  });

  it('has no loops of imports inside a chapter', () => {
    expect(loops(sources)).toEqual([]);
  });

  it('loads for help and a version neither the database nor a chapter', () => {
    const loaded = [...loadedWith('src/cli.ts')];
    expect(loaded).toContain('src/commands.ts');
    expect(loaded.filter((path) => /^src\/(context|platform\/(db|queue)\/)/.test(path))).toEqual([]);
    const chapters = order.slice(order.indexOf('access'), order.indexOf('start'));
    expect(loaded.filter((path) => chapters.includes(entryOf(path)))).toEqual([]);
  });

  it('loads for a worker neither the pages nor the parsers of articles', () => {
    const loaded = [...loadedWith('src/start-commands.ts')];
    expect(loaded).toContain('src/deliveries/send-batch.ts');
    expect(loaded.filter((path) => /^src\/(web\.tsx|articles\/read-)/.test(path))).toEqual([]);
  });

  it('keeps the parts of the platform strangers to each other', () => {
    const faults = sources.flatMap((source) =>
      source.imports
        .filter((one) => part(source.path) && part(one.target) && part(source.path) !== part(one.target))
        .filter((one) => !one.typeOnly)
        .map((one) => `${source.path} imports ${one.target}`),
    );
    expect(faults).toEqual([]);
  });

  it('keeps queries.ts private to its chapter', () => {
    const faults = sources.flatMap((source) =>
      source.imports
        .filter((one) => /\/[\w-]*queries\.ts$/.test(one.target) && entryOf(one.target) !== source.entry)
        .map((one) => `${source.path} imports ${one.target}`),
    );
    expect(faults).toEqual([]);
  });

  it('lets only config.ts read the environment and only the context tell the time', () => {
    const environment = sources.filter(
      (one) => one.text.includes('process.env') && one.path !== 'src/config.ts',
    );
    expect(environment.map((one) => one.path)).toEqual([]);
    const free = ['platform', 'context', 'start', 'demo', 'bench'];
    const time = sources.filter(
      (one) => /new Date\(\)|Date\.now\(\)/.test(one.text) && !free.includes(one.entry),
    );
    expect(time.map((one) => one.path)).toEqual([]);
  });

  it('lets each table be written by one chapter', () => {
    const faults = sources.flatMap((source) =>
      tablesWritten(source.text)
        .filter((table) => !mayWrite(source.path, table))
        .map((table) => `${source.path} writes ${table}`),
    );
    expect(faults).toEqual([]);
  });

  it('has no barrels, and no program file imports test code', () => {
    expect(sources.filter((one) => /\/index\.tsx?$/.test(one.path)).map((one) => one.path)).toEqual([]);
    expect(
      sources
        .filter((one) => one.imports.some((it) => it.target.startsWith('tests/')))
        .map((one) => one.path),
    ).toEqual([]);
  });
});

function readSources(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => {
      const path = join(folder, name);
      const text = readFileSync(join(root, path), 'utf8');
      return { path, entry: entryOf(path), text, imports: readImports(path, text) };
    });
}

function readImports(path: string, text: string): Import[] {
  const place = (target = '') => relative(root, join(root, dirname(path), target));
  return [
    ...[...text.matchAll(/^(?:import|export)\s+(type\s+)?[^;]*?from\s+'(\.[^']+)'/gms)].map((match) => ({
      target: place(match[2]),
      typeOnly: match[1] !== undefined,
      later: false,
    })),
    ...[...text.matchAll(/\bimport\('(\.[^']+)'\)/g)].map((match) => ({
      target: place(match[1]),
      typeOnly: false,
      later: true,
    })),
  ];
}

/** What is in memory as soon as this file is. */
function loadedWith(path: string): Set<string> {
  const loaded = new Set([path]);
  for (const one of loaded) {
    const imports = sources.find((source) => source.path === one)?.imports ?? [];
    for (const { target } of imports.filter((it) => !it.typeOnly && !it.later)) loaded.add(target);
  }
  return loaded;
}

function entryOf(path: string): string {
  const parts = path.replace(/^src\//, '').split('/');
  const first = (parts[0] ?? '').replace(/\.tsx?$/, '');
  return sameEntry[first] ?? first;
}

function importFaults(files: Source[]): string[] {
  return files.flatMap((source) =>
    source.imports
      .filter(
        (one) =>
          /\.tsx?$/.test(one.target) && order.indexOf(entryOf(one.target)) > order.indexOf(source.entry),
      )
      .map((one) => `${source.path} imports ${one.target}`),
  );
}

function part(path: string): string | undefined {
  return /^src\/platform\/([\w-]+)/.exec(path)?.[1];
}

function loops(files: Source[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      found.push([...trail.slice(at), path].join(' → '));
      return;
    }
    if (done.has(path)) return;
    for (const one of byPath.get(path)?.imports ?? []) visit(one.target, [...trail, path]);
    done.add(path);
  };
  for (const file of files) visit(file.path, []);
  return found;
}

function tablesWritten(text: string): string[] {
  const names = new Set(Object.values(owners).flat());
  const written = [
    ...text.matchAll(/(?:insertInto|updateTable|deleteFrom)\(\s*'(\w+)/g),
    ...text.matchAll(/\b(?:insert into|update|delete from)\s+(\w+)/g),
  ];
  return [...new Set(written.map((match) => match[1] ?? ''))].filter((table) => names.has(table));
}

function mayWrite(path: string, table: string): boolean {
  if (path.startsWith('src/platform/db/migrations/')) return true;
  // A million readers for the bench, by the thousand.
  if (path === 'bench/readers.ts') return true;
  return Object.entries(owners).some(
    ([owner, tables]) =>
      tables.includes(table) && (path.startsWith(`src/${owner}`) || path.startsWith(`${owner}/`)),
  );
}
