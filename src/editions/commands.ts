import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { Context } from '../context.ts';
import { isLocalDate } from '../lib/clock-time.ts';
import { getNewsletter, namedOrOnlyNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { type Shell, table } from '../shell.ts';
import { approveEdition } from './approve.ts';
import { cancelEdition } from './cancel.ts';
import { changeEdition } from './change.ts';
import { addArchiveCommands } from './commands-archive.ts';
import { countedOpinions } from './count-opinion.ts';
import { draft } from './draft.ts';
import { type Edition, slotName } from './edition.ts';
import { listEditions, namedEdition } from './find.ts';
import { openInBrowser } from './open-in-browser.ts';
import { opinionWords } from './opinion-words.ts';
import { type OutsideStory, outside, outsideApprovals, outsideStories, outsideVariants } from './outside.ts';
import { preview } from './preview.ts';
import { sendTest } from './send-test.ts';
import { asPreviewed } from './test-values.ts';

/** `dateline edition …`; deliveries add `send` under it. */
export function editionCommand(shell: Shell): Command {
  const edition = new Command('edition').description('one dated issue of a newsletter');
  edition
    .command('draft')
    .description('put the edition of a day together from the recipe, and compose it')
    .option(
      '--date <date>',
      'its date, like 2026-07-14 (default: today in the newsletter’s time zone)',
      aDate,
    )
    .option('--seq <n>', '2 for a second edition of the day', aCount)
    .action((options: { date?: string; seq?: number }) =>
      shell.run(async (ctx, out) => {
        const newsletter = await namedOrOnlyNewsletter(ctx.db, shell.newsletter());
        const drafted = await draft(ctx, { newsletter, slotDate: options.date, seq: options.seq });
        const { slotDate, seq } = drafted.edition;
        const stories = await outsideStories(ctx.db, drafted.edition, newsletter);
        const { assembled } = drafted;
        const thin = assembled.kind === 'drafted' ? assembled.thin : undefined;
        const document = { ...outside(drafted.edition, newsletter, ctx.config.baseUrl), slots: stories };
        out.result(document, [
          ...headline(drafted.edition, newsletter.name),
          ...storyTable(stories),
          ...(assembled.kind === 'left' ? [`Left as it is: ${assembled.reason}.`] : []),
          ...(thin ? [`Thin: ${thin}`] : []),
          ...(drafted.refused ? [`Not composed: ${drafted.refused}`] : []),
          ...(over(drafted.edition)
            ? [`For another one: dateline edition draft --date ${slotDate} --seq ${seq + 1}`]
            : []),
        ]);
        if (drafted.refused || over(drafted.edition)) out.exit(3);
      }),
    );
  edition
    .command('list')
    .description('the latest editions')
    .option('--limit <n>', 'how many', aCount, 20)
    .action((options: { limit: number }) =>
      shell.run(async (ctx, out) => {
        const newsletter = await namedOrOnlyNewsletter(ctx.db, shell.newsletter());
        const editions = await listEditions(ctx.db, { newsletterId: newsletter.id, limit: options.limit });
        const document = editions.map((one) => outside(one, newsletter, ctx.config.baseUrl));
        out.result(
          { data: document },
          table([
            ['ID', 'EDITION', 'NO.', 'STATE', 'SLOT', 'NOTE'],
            ...document.map((one) => [
              one.id,
              one.name,
              one.number ?? '',
              one.state,
              one.slot_at,
              one.failed_reason ?? one.held_reason ?? one.skipped_reason ?? '',
            ]),
          ]),
        );
      }),
    );
  edition
    .command('show')
    .argument('<edition>', 'ed_12 or 2026-07-14')
    .description('one edition, its stories and why each is where it is')
    .action((name: string) =>
      shell.run(async (ctx, out) => {
        const { edition: one, newsletter } = await find(ctx, name);
        const stories = await outsideStories(ctx.db, one, newsletter);
        const variants = await outsideVariants(ctx.db, one);
        const opinions = await countedOpinions(ctx.db, one.id);
        const approvals = await outsideApprovals(ctx.db, one);
        const document = {
          ...outside(one, newsletter, ctx.config.baseUrl),
          opinions,
          approvals,
          slots: stories,
          variants,
        };
        out.result(document, [
          ...headline(one, newsletter.name),
          ...variants.flatMap((variant) => [
            `${variant.lang}: ${variant.subject} (${variant.html_bytes} bytes of HTML)`,
            `    ${variant.preheader}`,
          ]),
          ...approvalLines(approvals, newsletter),
          opinionWords(opinions),
          ...storyTable(stories),
        ]);
      }),
    );
  edition
    .command('edit')
    .argument('<edition>', 'ed_12 or 2026-07-14')
    .description('change its subject, preheader or greeting in one language')
    .option('--lang <lang>', 'the language (default: the newsletter’s first)')
    .option('--subject <text>')
    .option('--preheader <text>')
    .option('--greeting <text>')
    .action(
      (name: string, options: { lang?: string; subject?: string; preheader?: string; greeting?: string }) =>
        shell.run(async (ctx, out) => {
          const { edition: one, newsletter } = await find(ctx, name);
          const lang = options.lang ?? newsletter.languages[0] ?? 'en';
          const by = (text: string | undefined) => (text === undefined ? undefined : { [lang]: text });
          const words = {
            subject: by(options.subject),
            preheader: by(options.preheader),
            greeting: by(options.greeting),
          };
          const after = await changeEdition(ctx, { edition: one, newsletter, words });
          out.result(outside(after, newsletter, ctx.config.baseUrl), headline(after, newsletter.name));
        }),
    );
  edition
    .command('approve')
    .argument('<edition>', 'ed_12 or 2026-07-14')
    .description('say yes to it as it is now; a newsletter says how many people must (--approvals)')
    .requiredOption('--by <name>', 'who approves; each counts once')
    .action((name: string, options: { by: string }) =>
      shell.run(async (ctx, out) => {
        const { edition: one, newsletter } = await find(ctx, name);
        const by = { name: options.by, mode: 'live' as const };
        const after = await approveEdition(ctx, { edition: one, newsletter, by });
        const approvals = await outsideApprovals(ctx.db, after);
        out.result({ ...outside(after, newsletter, ctx.config.baseUrl), approvals }, [
          ...headline(after, newsletter.name),
          ...approvalLines(approvals, newsletter),
        ]);
      }),
    );
  edition
    .command('preview')
    .argument('<edition>', 'ed_12 or 2026-07-14')
    .description('how it reads now')
    .option('--lang <lang>', 'the language (default: the newsletter’s first)')
    .option('--text', 'the plain text part')
    .option('--out <file>', 'write it to a file')
    .option('--open', 'open it in the browser')
    .action((name: string, options: { lang?: string; text?: boolean; out?: string; open?: boolean }) =>
      shell.run(async (ctx, out) => {
        const { edition: one, newsletter } = await find(ctx, name);
        const rendered = await preview(ctx, { edition: one, newsletter, lang: options.lang });
        const part = options.text ? rendered.text : rendered.html;
        const content = asPreviewed(ctx, part, { newsletter, lang: rendered.lang });
        const { view, check } = rendered;
        if (options.out === undefined && !options.open) {
          out.result(
            { lang: rendered.lang, subject: view.title, preheader: view.preheader, content },
            content,
          );
          return;
        }
        const file = resolve(
          options.out ??
            join(tmpdir(), `dateline-${one.id}-${rendered.lang}.${options.text ? 'txt' : 'html'}`),
        );
        await mkdir(resolve(file, '..'), { recursive: true });
        await writeFile(file, content);
        if (options.open) openInBrowser(file);
        out.result({ lang: rendered.lang, subject: view.title, file, html_bytes: check.htmlBytes }, [
          `${view.title} (${rendered.lang}, ${check.htmlBytes} bytes)`,
          file,
        ]);
      }),
    );
  edition
    .command('test')
    .argument('<edition>', 'ed_12 or 2026-07-14')
    .argument('<email...>', 'at most ten addresses')
    .description('send it to people of the house, marked [TEST]')
    .option('--lang <lang>', 'the language (default: the newsletter’s first)')
    .action((name: string, emails: string[], options: { lang?: string }) =>
      shell.run(async (ctx, out) => {
        const { edition: one, newsletter } = await find(ctx, name);
        const sent = await sendTest(ctx, {
          edition: one,
          newsletter,
          emails,
          lang: options.lang,
          by: 'live',
        });
        out.result(
          { data: sent },
          table(sent.map((test) => [test.accepted ? 'accepted' : 'not accepted', test.email, test.answer])),
        );
        const accepted = sent.filter((test) => test.accepted).length;
        if (accepted < sent.length) out.exit(accepted === 0 ? 1 : 6);
      }),
    );
  edition
    .command('cancel')
    .argument('<edition>', 'ed_12 or 2026-07-14')
    .description('cancel it before it has started')
    .action((name: string) =>
      shell.run(async (ctx, out) => {
        const { edition: one, newsletter } = await find(ctx, name);
        const after = await cancelEdition(ctx, one);
        out.result(outside(after, newsletter, ctx.config.baseUrl), headline(after, newsletter.name));
      }),
    );

  addArchiveCommands(edition, shell);

  async function find(ctx: Context, name: string) {
    const found = await namedEdition(ctx.db, name, shell.newsletter());
    return { edition: found, newsletter: await getNewsletter(ctx.db, found.newsletterId) };
  }

  return edition;
}

function headline(edition: Edition, newsletterName: string): string[] {
  const number = edition.number === undefined ? '' : ` · No. ${edition.number}`;
  const note = edition.failedReason ?? edition.heldReason ?? edition.skippedReason;
  return [
    `${newsletterName} · ${slotName(edition)}${number} · ${edition.state} (ed_${edition.id})`,
    ...(note ? [note] : []),
  ];
}

function storyTable(stories: readonly OutsideStory[]): string[] {
  return table([
    ['PLACE', 'SECTION', 'STORY', 'WHY', 'TITLE'],
    ...stories.map((one) => [one.place, one.section ?? '', one.story_id, one.reason, one.title ?? '']),
  ]);
}

function approvalLines(given: readonly { by: string }[], { approvals }: Newsletter): string[] {
  if (given.length === 0 && approvals === 0) return [];
  const who = given.length > 0 ? `: ${given.map((one) => one.by).join(', ')}` : '';
  return [`Approved by ${given.length} of ${approvals}${who}`];
}

/** Nothing is put together in it any more. */
function over({ state }: Edition): boolean {
  return state === 'skipped' || state === 'cancelled' || state === 'failed';
}

function aDate(text: string): string {
  if (!isLocalDate(text)) throw new InvalidArgumentError('give a date like 2026-07-14');
  return text;
}

function aCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('give a whole number from 1');
  return count;
}
