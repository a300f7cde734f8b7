import { Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { publicId } from '../lib/ids.ts';
import { type Shell, table } from '../shell.ts';
import { addSource } from './add-source.ts';
import { listSources, namedSource } from './find-source.ts';
import { type OutsideSource, outsidePolled, outsidePreview, outsideSource } from './outside.ts';
import { type Polled, pollSource } from './poll-source.ts';
import { previewSource } from './preview-source.ts';
import { removeSource } from './remove-source.ts';
import { updateSource } from './update-source.ts';

const sourcesMax = 1_000;
const kind = () =>
  new Option('--kind <kind>', 'a feed, or one page that is read again').choices(['feed', 'page']);

interface Settings {
  section?: string;
  lang?: string;
  weight?: number;
  silentAfter?: number;
  map?: Record<string, string>;
}

/** `dateline source …`: where articles come from by themselves. */
export function sourceCommand(shell: Shell): Command {
  const source = new Command('source').description('where articles come from by themselves: feeds and pages');
  withSettings(source.command('add').argument('<url>').addOption(kind()))
    .description('look at a feed, or at a page that names one, and follow it')
    .action((url: string, options: Settings & { kind?: 'feed' | 'page' }) =>
      shell.run(async (ctx, out) => {
        const { map, silentAfter, ...rest } = options;
        const added = await addSource(ctx, { url, ...rest, sections: map, silentAfterHours: silentAfter });
        const one = outsideSource(added.source, ctx.clock.now());
        if (added.kind === 'exists') {
          throw new Refusal(409, 'source_exists', `This address is a source already: ${one.id}.`, 'url');
        }
        out.result(one, [...lines(one), `\`dateline source poll ${one.id}\` asks it now.`]);
      }),
    );
  source
    .command('list')
    .description('all sources, and how each is doing')
    .action(() =>
      shell.run(async (ctx, out) => {
        const now = ctx.clock.now();
        const sources = (await listSources(ctx.db, { limit: sourcesMax })).map((one) =>
          outsideSource(one, now),
        );
        out.result(
          { data: sources },
          table([
            ['ID', 'KIND', 'LANG', 'SECTION', 'STATE', 'URL', ''],
            ...sources.map((one) => [
              one.id,
              one.kind,
              one.lang,
              one.section ?? '',
              one.state,
              one.url,
              one.words,
            ]),
          ]),
        );
      }),
    );
  source
    .command('show <id>')
    .description('one source')
    .action((id: string) =>
      shell.run(async (ctx, out) => {
        const one = outsideSource(await namedSource(ctx.db, id), ctx.clock.now());
        out.result(one, lines(one));
      }),
    );
  withSettings(source.command('update <id>'))
    .description('change how it is read from its next poll on')
    .action((id: string, options: Settings) =>
      shell.run(async (ctx, out) => {
        const { map, silentAfter, section, ...rest } = options;
        const found = await namedSource(ctx.db, id);
        const updated = await updateSource(ctx, found.id, {
          ...rest,
          ...(section !== undefined && { section: section === '' ? null : section }),
          sections: map,
          silentAfterHours: silentAfter,
        });
        const one = outsideSource(updated, ctx.clock.now());
        out.result(one, lines(one));
      }),
    );
  source
    .command('remove <id>')
    .description('stop asking it; its articles stay')
    .action((id: string) =>
      shell.run(async (ctx, out) => {
        const found = await namedSource(ctx.db, id);
        await removeSource(ctx, found.id);
        out.result({ id, removed: true }, `${id} is removed; its articles stay.`);
      }),
    );
  source
    .command('poll [id]')
    .description('ask one source, or with --all every one, now')
    .option('--all', 'every source')
    .action((id: string | undefined, options: { all?: boolean }) =>
      shell.run(async (ctx, out) => {
        const ids = await named(ctx, id, options.all ?? false);
        const polled = [];
        for (const sourceId of ids) {
          const outcome = await pollSource(ctx, { sourceId, now: true });
          const after = await namedSource(ctx.db, publicId('source', sourceId));
          polled.push(outsidePolled(outcome, after, ctx.clock.now()));
          out.say(`${publicId('source', sourceId)}: ${inWords(outcome)}`);
        }
        const failed = polled.filter((one) => one.outcome === 'failed').length;
        const brought = polled.reduce((sum, one) => sum + one.new, 0);
        out.result(
          id === undefined ? { data: polled } : polled[0],
          `${polled.length} asked, ${brought} new, ${failed} failed`,
        );
        if (failed > 0) out.exit(failed === polled.length ? 1 : 6);
      }),
    );
  source
    .command('preview')
    .argument('<url>')
    .addOption(kind())
    .option('--lang <lang>', 'the language of items that do not say')
    .option('--section <section>', 'the section of all items')
    .description('what it would bring, field by field; nothing is stored')
    .action((url: string, options: { kind?: 'feed' | 'page'; lang?: string; section?: string }) =>
      shell.run(async (ctx, out) => {
        const preview = outsidePreview(await previewSource(ctx, { url, ...options }));
        out.result(preview, [
          `${preview.kind} ${preview.url}${preview.title ? `: ${preview.title}` : ''} (${preview.lang ?? 'no language'})`,
          ...preview.items.flatMap((item) => [
            '',
            item.title ?? '(no title)',
            ...(item.dek ? [`  ${item.dek}`] : []),
            `  ${[item.author, item.section, item.lang, item.published_at, item.url].filter(Boolean).join(' · ')}`,
            ...(item.image ? [`  image ${item.image.url}${item.image.alt ? '' : ' (no alt text)'}`] : []),
            ...item.remarks.map((remark) => `  ! ${remark}`),
          ]),
        ]);
      }),
    );
  return source;
}

function withSettings(command: Command): Command {
  return command
    .option('--section <section>', 'the section of all its articles')
    .option('--lang <lang>', 'its language (default: what it says)')
    .option('--weight <n>', 'weighs against other sources, -100 to 100', aWeight)
    .option('--silent-after <hours>', 'call it silent after so many hours without anything new', aCount)
    .option(
      '--map <name=section>',
      'what it calls a section, and what you call it; may be repeated',
      aMapping,
    );
}

async function named(ctx: Context, id: string | undefined, all: boolean): Promise<number[]> {
  if (id !== undefined) return [(await namedSource(ctx.db, id)).id];
  if (!all) throw new Refusal(422, 'source_unnamed', 'Name a source, or all of them with --all.', 'id');
  return (await listSources(ctx.db, { limit: sourcesMax })).map((one) => one.id);
}

function inWords(polled: Polled): string {
  switch (polled.kind) {
    case 'polled': {
      const remarks = polled.remarks.length > 0 ? ` (${polled.remarks.join('; ')})` : '';
      return `${polled.new} new, ${polled.updated} updated, ${polled.unchanged} unchanged${remarks}`;
    }
    case 'not-modified':
      return 'nothing has changed';
    case 'failed':
      return `${polled.reason}; asked again ${polled.nextPollAt.toISOString()}`;
    case 'not-due':
      return 'somebody else has it in hand';
  }
}

function lines(source: OutsideSource): string[] {
  const about = [source.kind, source.lang, source.section].filter(Boolean).join(', ');
  return [`${source.id} ${source.url} (${about})`, `${source.state}: ${source.words}`];
}

function aCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('give a whole number from 1');
  return count;
}

function aWeight(text: string): number {
  const weight = Number(text);
  if (!Number.isInteger(weight) || Math.abs(weight) > 100) throw new InvalidArgumentError('give -100 to 100');
  return weight;
}

function aMapping(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [name, section] = text.split('=').map((part) => part.trim());
  if (!name || !section) throw new InvalidArgumentError('give it as name=section');
  return { ...before, [name]: section };
}
