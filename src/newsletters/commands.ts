import { Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { clockTime, longDate } from '../platform/i18n/dates.ts';
import { type Shell, table } from '../shell.ts';
import { nextSlots } from './calendar.ts';
import { changeNewsletter, type NewsletterChange } from './change.ts';
import { type FieldOptions, fieldsOf, list, readJson, withFields } from './command-options.ts';
import { createNewsletter } from './create.ts';
import { type NewsletterInput, wholeRecipeDocument } from './document.ts';
import { findNewsletter, listNewsletters, namedOrOnlyNewsletter } from './find.ts';
import type { Newsletter } from './newsletter.ts';
import { printBox } from './print-box.ts';
import { publisherCommand } from './publisher-command.ts';
import { readDocument } from './read-document.ts';
import { outside, wholeRecipe } from './to-document.ts';

/** `dateline publisher …` and `dateline newsletter …`. */
export function newslettersCommands(shell: Shell): Command[] {
  const newsletter = new Command('newsletter').description('what people can subscribe to');
  addReading(newsletter, shell);
  addChanging(newsletter, shell);
  newsletter.addCommand(recipeCommand(shell));
  return [publisherCommand(shell), newsletter];
}

function addReading(newsletter: Command, shell: Shell): void {
  newsletter
    .command('list')
    .description('all newsletters')
    .action(() =>
      shell.run(async (ctx, out) => {
        const all = await listNewsletters(ctx.db);
        out.result(
          { data: all.map((one) => outside(one, ctx.config.baseUrl)) },
          table([
            ['slug', 'name', 'languages', 'state', 'next edition'],
            ...all.map((one) => [
              one.slug,
              one.name,
              one.languages.join(' '),
              one.state,
              nextWords(ctx, one),
            ]),
          ]),
        );
      }),
    );
  newsletter
    .command('show [slug]')
    .description('one newsletter, with everything that can be changed')
    .action((slug?: string) =>
      shell.run(async (ctx, out) => {
        const one = await named(ctx, shell, slug);
        const document = outside(one, ctx.config.baseUrl);
        out.result(document, [
          `${one.name} (${one.slug}), ${one.state}, ${one.visibility}`,
          `Next edition: ${nextWords(ctx, one)}`,
          `Sign-up page: ${document.sign_up_url}`,
          '',
          JSON.stringify(document, null, 2),
        ]);
      }),
    );
  newsletter
    .command('calendar [slug]')
    .description('the next slots, as the clocks of its time zone will show them')
    .option('--count <n>', 'how many, at most 366', aCount, 10)
    .action((slug: string | undefined, { count }: { count: number }) =>
      shell.run(async (ctx, out) => {
        const one = await named(ctx, shell, slug);
        const slots = nextSlots(one.calendar, one.timeZone, ctx.clock.now(), count);
        out.result(
          { data: slots.map(({ date, at }) => ({ date, at: at.toISOString() })) },
          slots.length === 0
            ? ['No slot within the next year.']
            : table(slots.map(({ date, at }) => [date, wordsOf(at, one), at.toISOString()])),
        );
      }),
    );
  newsletter
    .command('embed [slug]')
    .description('the sign-up box, to paste into an article')
    .addOption(
      new Option('--as <kind>', 'plain HTML, with our script, or a frame')
        .choices(['html', 'script', 'iframe'])
        .default('html'),
    )
    .option('--lang <lang>', "default: the newsletter's own")
    .option('--heading-level <n>', '1 to 4', Number, 2)
    .option('--src <name>', 'which form it is, kept with each consent; default: article-box, or frame')
    .addOption(
      new Option('--theme <theme>', 'of the styled box and the frame')
        .choices(['auto', 'light', 'dark'])
        .default('auto'),
    )
    .option('--topics <list>', 'sections that the subscription is to be about; default: all', list)
    .option('--beside <slugs>', 'other newsletters to choose from in the same box', list)
    .action((slug: string | undefined, options: EmbedOptions) =>
      shell.run(async (ctx, out) => {
        const one = await named(ctx, shell, slug);
        const { as, ...asked } = options;
        const box = await printBox(ctx, one, {
          ...asked,
          headingLevel: headingLevel(options.headingLevel),
          find: (other) => findNewsletter(ctx.db, other),
        });
        const lines = box[as];
        if (lines === undefined)
          throw new Refusal(422, 'invalid', 'A frame holds one newsletter: take html or script.', 'as');
        out.result(box, lines.trimEnd());
      }),
    );
}

interface EmbedOptions {
  as: 'html' | 'script' | 'iframe';
  lang?: string;
  headingLevel: number;
  src?: string;
  theme: 'auto' | 'light' | 'dark';
  topics?: string[];
  beside?: string[];
}

function addChanging(newsletter: Command, shell: Shell): void {
  withFields(newsletter.command('create [slug]'))
    .description('create a newsletter, from options or a file')
    .action((slug: string | undefined, options: FieldOptions) =>
      shell.run(async (ctx, out) => {
        const { fields } = fieldsOf(options);
        const input = { ...fields, slug: slug ?? fields.slug } as NewsletterInput;
        const created = await createNewsletter(ctx, input);
        const document = outside(created, ctx.config.baseUrl);
        out.result(document, [
          `${created.name} is there: ${document.sign_up_url}`,
          `Next edition: ${nextWords(ctx, created)}`,
        ]);
      }),
    );
  withFields(newsletter.command('update [slug]'))
    .description('change a newsletter; what is left out stays, and a file of an older revision is refused')
    .action((slug: string | undefined, options: FieldOptions) =>
      shell.run(async (ctx, out) => {
        const { id } = await named(ctx, shell, slug);
        const { fields, revision } = fieldsOf(options);
        const changed = await changeNewsletter(ctx, id, fields as NewsletterChange, { revision });
        out.result(
          outside(changed, ctx.config.baseUrl),
          `${changed.name} is at revision ${changed.revision}.`,
        );
      }),
    );
  newsletter
    .command('archive <slug>')
    .description('end a newsletter: no sign-ups, no editions; what went out stays')
    .action((slug: string) =>
      shell.run(async (ctx, out) => {
        const { id } = await named(ctx, shell, slug);
        const archived = await changeNewsletter(ctx, id, { state: 'archived' });
        out.result(outside(archived, ctx.config.baseUrl), `${archived.name} is archived.`);
      }),
    );
}

function recipeCommand(shell: Shell): Command {
  const recipe = new Command('recipe').description('how editions are put together');
  recipe
    .command('show [slug]')
    .description('the recipe and its sections')
    .action((slug?: string) =>
      shell.run(async (ctx, out) => {
        const whole = wholeRecipe(await named(ctx, shell, slug));
        out.result(whole, JSON.stringify(whole, null, 2));
      }),
    );
  recipe
    .command('edit [slug]')
    .description('replace the recipe and its sections')
    .requiredOption('--file <json>', 'as `recipe show` prints it')
    .action((slug: string | undefined, { file }: { file: string }) =>
      shell.run(async (ctx, out) => {
        const { id } = await named(ctx, shell, slug);
        const { sections, ...fields } = readDocument(wholeRecipeDocument, readJson(file));
        const changed = await changeNewsletter(ctx, id, { recipe: fields, sections });
        out.result(wholeRecipe(changed), `The recipe of ${changed.name} is changed.`);
      }),
    );
  return recipe;
}

function named(ctx: Context, shell: Shell, slug: string | undefined): Promise<Newsletter> {
  return namedOrOnlyNewsletter(ctx.db, slug ?? shell.newsletter());
}

function nextWords(ctx: Context, newsletter: Newsletter): string {
  const [slot] = nextSlots(newsletter.calendar, newsletter.timeZone, ctx.clock.now());
  return slot ? wordsOf(slot.at, newsletter) : 'none planned';
}

function wordsOf(at: Date, { timeZone }: Newsletter): string {
  return `${longDate('en', at, timeZone)}, ${clockTime('en', at, timeZone)}`;
}

function headingLevel(n: number): 1 | 2 | 3 | 4 {
  if (n === 1 || n === 2 || n === 3 || n === 4) return n;
  throw new Refusal(422, 'invalid', 'A heading level is 1, 2, 3 or 4.', 'heading-level');
}

function aCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 366) return count;
  throw new InvalidArgumentError('give a whole number from 1 to 366');
}
