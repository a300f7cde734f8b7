import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { getNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { ByLang } from '../platform/db/tables.ts';
import { type Shell, table } from '../shell.ts';
import { correctEdition } from './correct.ts';
import { slotName } from './edition.ts';
import { namedEdition } from './find.ts';
import { outside, outsideCorrection } from './outside.ts';
import { correctionsOf } from './page-queries.ts';
import { republishEdition } from './republish.ts';
import { unpublishEdition } from './unpublish.ts';

const by = 'cli';

/** `dateline edition correct | corrections | unpublish | republish`: what is on the web after it has gone out. */
export function addArchiveCommands(edition: Command, shell: Shell): void {
  edition
    .command('correct')
    .argument('<edition>', 'ed_12 or 2026-07-14')
    .description(
      'put it right on the web: print it anew from its articles as they are now, under a dated note',
    )
    .requiredOption(
      '--note <text>',
      'what was wrong; for another language id=…; may be repeated',
      collect,
      [],
    )
    .option('--subject <text>', 'its title on the web, or id=…', collect, [])
    .option('--preheader <text>', 'its description on the web, or id=…', collect, [])
    .option('--greeting <text>', 'its greeting on the web, or id=…', collect, [])
    .action((name: string, options: Record<'note' | 'subject' | 'preheader' | 'greeting', string[]>) =>
      shell.run(async (ctx, out) => {
        const at = await find(ctx, name);
        const read = (texts: string[]) => byLanguage(texts, at.newsletter);
        const made = await correctEdition(ctx, {
          ...at,
          notes: read(options.note),
          words: {
            subject: read(options.subject),
            preheader: read(options.preheader),
            greeting: read(options.greeting),
          },
          by,
        });
        const { urls } = outside(at.edition, at.newsletter, ctx.config.baseUrl);
        out.result({ ...outsideCorrection(made), urls }, [
          `${at.newsletter.name} · ${slotName(at.edition)} · corrected (version ${made.version})`,
          ...Object.values(urls),
        ]);
      }),
    );
  edition
    .command('corrections')
    .argument('<edition>', 'ed_12 or 2026-07-14')
    .description('what was put right on the web, by whom and when')
    .action((name: string) =>
      shell.run(async (ctx, out) => {
        const at = await find(ctx, name);
        const made = (await correctionsOf(ctx.db, at.edition.id)).map(outsideCorrection);
        out.result(
          { data: made },
          table([
            ['VERSION', 'AT', 'BY', 'NOTE'],
            ...made.map((one) => [one.version, one.at, one.by, Object.values(one.notes)[0] ?? '']),
          ]),
        );
      }),
    );
  for (const [act, deed, description] of [
    ['unpublish', unpublishEdition, 'take it off the web: its pages answer 410'],
    ['republish', republishEdition, 'put it back on the web'],
  ] as const) {
    edition
      .command(act)
      .argument('<edition>', 'ed_12 or 2026-07-14')
      .description(description)
      .action((name: string) =>
        shell.run(async (ctx, out) => {
          const at = await find(ctx, name);
          const after = await deed(ctx, { ...at, by });
          out.result(outside(after, at.newsletter, ctx.config.baseUrl), [
            `${at.newsletter.name} · ${slotName(after)} · ${after.archiveState}`,
          ]);
        }),
      );
  }

  async function find(ctx: Context, name: string) {
    const found = await namedEdition(ctx.db, name, shell.newsletter());
    return { edition: found, newsletter: await getNewsletter(ctx.db, found.newsletterId) };
  }
}

function collect(text: string, before: string[]): string[] {
  return [...before, text];
}

/** `text` is in the newsletter's own language, `id=text` in another that it has. */
function byLanguage(texts: readonly string[], newsletter: Newsletter): ByLang {
  return Object.fromEntries(
    texts.map((text) => {
      const [, lang = '', rest = ''] = /^([a-z]{2,3})=(.*)$/s.exec(text) ?? [];
      return newsletter.languages.includes(lang) ? [lang, rest] : [newsletter.languages[0] ?? 'en', text];
    }),
  );
}
