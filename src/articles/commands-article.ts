import { buffer } from 'node:stream/consumers';
import { Command, InvalidArgumentError } from 'commander';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { publicId } from '../lib/ids.ts';
import { type Shell, table } from '../shell.ts';
import { type Article, columnName, type FieldName, fieldNames } from './article.ts';
import { type Changes, editArticle } from './edit.ts';
import { listArticles, namedArticle } from './find-article.ts';
import { importDocument } from './import-document.ts';
import { importUrl } from './import-url.ts';
import { outsideArticle, outsideWholeArticle } from './outside.ts';
import { readFolder } from './read-folder.ts';
import type { Received } from './receive.ts';
import { instantOrRefused } from './refuse.ts';
import { revertArticle } from './revert.ts';
import { withdrawArticle } from './withdraw.ts';

interface Given {
  lang?: string;
  section?: string;
}

type Taken = { name: string; received: Received } | { name: string; refusal: Refusal };

/** `dateline article …`: what there is to read. */
export function articleCommand(shell: Shell): Command {
  const article = new Command('article').description('what there is to read');
  article
    .command('import')
    .argument('<from>', 'an address, a file, a folder, or - for standard input')
    .option('--lang <lang>', 'its language, where the text does not say')
    .option('--section <section>', 'its section')
    .description('take in one page, Markdown or text file, or a folder of them')
    .action((from: string, options: Given) =>
      shell.run(async (ctx, out) => {
        const taken: Taken[] = [];
        for await (const one of takeIn(ctx, from, options)) taken.push(one);
        const refused = taken.flatMap((one) => ('refusal' in one ? [one.refusal] : []));
        if (taken.length === 1 && refused[0]) throw refused[0];
        const count = `${taken.length - refused.length} taken in, ${refused.length} refused`;
        out.result(taken.length === 1 ? outcomeOf(taken[0]) : { data: taken.map(outcomeOf) }, [
          ...taken.map(lineOf),
          ...(taken.length === 1 ? [] : [count]),
        ]);
        if (refused.length > 0) out.exit(refused.length === taken.length ? 2 : 6);
      }),
    );
  article
    .command('list')
    .description('the latest received')
    .option('--lang <lang>')
    .option('--section <section>')
    .option('--limit <n>', 'how many', aCount, 20)
    .action((options: Given & { limit: number }) =>
      shell.run(async (ctx, out) => {
        const articles = await listArticles(ctx.db, options);
        out.result(
          { data: articles.map(outsideArticle) },
          table([
            ['ID', 'STORY', 'LANG', 'SECTION', 'PRIORITY', 'RECEIVED', 'TITLE', ''],
            ...articles.map((one) => [
              publicId('article', one.id),
              one.storyId,
              one.lang,
              one.section ?? '',
              one.priority,
              one.receivedAt.toISOString().slice(0, 16),
              one.title,
              notesOf(one).join(', '),
            ]),
          ]),
        );
      }),
    );
  article
    .command('show <id>')
    .description('one article, with its text')
    .action((id: string) => shell.run(async (ctx, out) => show(out, await namedArticle(ctx.db, id))));
  article
    .command('edit <id>')
    .description('change it by hand; its source no longer changes what you name')
    .option('--title <text>')
    .option('--dek <text>')
    .option('--author <name>')
    .option('--section <section>')
    .option('--tags <list>', 'with commas', (text: string) => text.split(','))
    .option('--lang <lang>')
    .option('--alt <text>', 'the words for its picture')
    .option('--revert <fields>', 'give fields back to the source', someFields)
    .action((id: string, options: Words & { revert?: FieldName[] }) =>
      shell.run(async (ctx, out) => {
        const { revert = [], ...words } = options;
        const found = await namedArticle(ctx.db, id);
        await editArticle(ctx, found.id, toChanges(found, words));
        show(out, await revertArticle(ctx, found.id, revert));
      }),
    );
  article
    .command('remove <id>')
    .description('withdraw it; --undo puts it back')
    .option('--undo', 'put it back')
    .action((id: string, options: { undo?: boolean }) =>
      shell.run(async (ctx, out) => {
        const found = await namedArticle(ctx.db, id);
        show(out, await withdrawArticle(ctx, found.id, !options.undo));
      }),
    );
  article
    .command('pin <id>')
    .description('set its priority')
    .option('--priority <n>', '0 to 3; 3 comes first', aPriority, 3)
    .action((id: string, options: { priority: number }) =>
      change(id, () => ({ priority: options.priority })),
    );
  article
    .command('exclude <id>')
    .description('never in a digest; --undo lifts it')
    .option('--undo', 'lift it')
    .action((id: string, options: { undo?: boolean }) => change(id, () => ({ never: !options.undo })));
  article
    .command('embargo <id>')
    .description('no reader sees it before a time; --lift ends that')
    .option('--until <time>', 'with its zone, like 2026-07-14T07:00-04:00')
    .option('--lift', 'end it now')
    .action((id: string, options: { until?: string; lift?: boolean }) =>
      change(id, () => {
        const { lift = false, until } = options;
        if (lift && until !== undefined) {
          throw new Refusal(422, 'invalid', 'Choose one: --until <time> or --lift.', 'until');
        }
        if (lift) return { embargoUntil: null };
        if (until !== undefined) return { embargoUntil: instantOrRefused('until', until, true) };
        throw new Refusal(422, 'invalid', 'Say --until <time>, or --lift.', 'until');
      }),
    );

  function change(id: string, changes: () => Changes): Promise<void> {
    return shell.run(async (ctx, out) => {
      const found = await namedArticle(ctx.db, id);
      show(out, await editArticle(ctx, found.id, changes()));
    });
  }

  return article;
}

async function* takeIn(ctx: Context, from: string, given: Given): AsyncGenerator<Taken> {
  if (/^https?:\/\//i.test(from)) {
    yield { name: from, received: await importUrl(ctx, { url: from, ...given }) };
    return;
  }
  const files = from === '-' ? [{ name: '-', content: await buffer(process.stdin) }] : readFolder(from);
  for await (const file of files) yield await takeInFile(ctx, file, given);
}

/** One file that cannot be read does not keep the others out. */
async function takeInFile(
  ctx: Context,
  file: { name: string; content: Buffer },
  given: Given,
): Promise<Taken> {
  try {
    return { name: file.name, received: await importDocument(ctx, { ...file, ...given }) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { name: file.name, refusal: error };
  }
}

function lineOf(taken: Taken): string {
  if ('refusal' in taken) return `${taken.name}: ${taken.refusal.message}`;
  const { kind, article } = taken.received;
  return `${publicId('article', article.id)} ${kind}: ${article.title}`;
}

function outcomeOf(taken: Taken | undefined) {
  if (!taken) return null;
  if ('refusal' in taken) {
    const { code, message } = taken.refusal;
    return { file: taken.name, outcome: 'refused', code, detail: message };
  }
  const { kind, article } = taken.received;
  return { file: taken.name, outcome: kind, ...outsideWholeArticle(article) };
}

function show(out: { result(document: unknown, lines: string[]): void }, article: Article): void {
  const about = [article.author, article.section, article.lang, article.publishedAt?.toISOString()];
  out.result(outsideWholeArticle(article), [
    `${publicId('article', article.id)} · story ${article.storyId} · revision ${article.revision}`,
    article.title,
    about.filter(Boolean).join(' · '),
    ...(article.canonicalUrl ? [article.canonicalUrl] : []),
    ...(article.image ? [`image ${article.image.url} (${article.image.alt || 'no alt text'})`] : []),
    ...(article.priority > 0 ? [`priority ${article.priority}`] : []),
    ...notesOf(article),
    '',
    ...(article.dek ? [article.dek, ''] : []),
    ...(article.body ? [article.body] : []),
  ]);
}

function notesOf(article: Article): string[] {
  return [
    ...(article.withdrawnAt ? ['withdrawn'] : []),
    ...(article.never ? ['never in a digest'] : []),
    ...(article.embargoUntil ? [`embargo until ${article.embargoUntil.toISOString()}`] : []),
    ...(article.expiresAt ? [`expires ${article.expiresAt.toISOString()}`] : []),
    ...(article.editedFields.length > 0
      ? [`edited: ${article.editedFields.map((name) => columnName[name]).join(', ')}`]
      : []),
  ];
}

interface Words {
  title?: string;
  dek?: string;
  author?: string;
  section?: string;
  tags?: string[];
  lang?: string;
  alt?: string;
}

function toChanges(article: Article, { alt, ...words }: Words): Changes {
  if (alt === undefined) return words;
  if (article.image) return { ...words, image: { ...article.image, alt } };
  throw new Refusal(422, 'no_image', `${publicId('article', article.id)} has no picture to describe.`, 'alt');
}

function someFields(text: string): FieldName[] {
  return text.split(',').map((part) => {
    const name = fieldNames.find((one) => columnName[one] === part.trim());
    if (name) return name;
    throw new InvalidArgumentError(`fields are ${Object.values(columnName).join(', ')}`);
  });
}

function aCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('give a whole number from 1');
  return count;
}

function aPriority(text: string): number {
  if (/^[0-3]$/.test(text)) return Number(text);
  throw new InvalidArgumentError('give 0, 1, 2 or 3');
}
