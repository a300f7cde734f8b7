import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import {
  type BoxOptions,
  type Choice,
  type ChoiceBlocks,
  type CopyBlocks,
  choiceBlocks,
  copyBlocks,
} from './embed.ts';
import type { Newsletter } from './newsletter.ts';
import { topicsOf } from './topics.ts';
import { currentWordings } from './wordings.ts';

/** As many as one form may be sent with. */
export const newslettersMax = 20;

export interface PrintedOne extends CopyBlocks {
  lang: string;
  consent_v: string;
}

export interface PrintedChoice extends ChoiceBlocks {
  lang: string;
  consent_v?: undefined;
  iframe?: undefined;
}

export interface AskedBox extends Pick<BoxOptions, 'src' | 'headingLevel' | 'theme' | 'topics'> {
  /** Default: the newsletter's own. */
  lang?: string | undefined;
  /** Other newsletters to choose from in the same box: slugs or ids. */
  beside?: readonly string[] | undefined;
  /** Those that whoever asks may see. */
  find: (slugOrId: string) => Promise<Newsletter | undefined>;
}

/**
 * The box to paste: of one newsletter three ways, of several the two that can hold them, each with the words of today.
 *
 * @throws Refusal 422 for what cannot stand in one box: a language or a section that a newsletter does not have, one that is
 * not there, is named twice or takes no readers, topics of several, more than `newslettersMax`.
 */
export async function printBox(
  ctx: Context,
  newsletter: Newsletter,
  asked: AskedBox,
): Promise<PrintedOne | PrintedChoice> {
  const { src, headingLevel, theme } = asked;
  const look = { baseUrl: ctx.config.baseUrl, src, headingLevel, theme };
  const lang = asked.lang ?? newsletter.languages[0] ?? 'en';
  const own = await choiceOf(ctx, newsletter, lang);
  if (asked.beside === undefined) {
    const { wordings } = own;
    const topics = topicsOf(newsletter, asked.topics);
    return {
      lang,
      consent_v: wordings.consentV,
      ...copyBlocks(newsletter, lang, { ...look, wordings, topics }),
    };
  }
  if (asked.topics)
    throw new Refusal(
      422,
      'invalid',
      'Topics are sections of one newsletter: leave out either topics or beside.',
      'topics',
    );
  const others = await besides(newsletter, asked.beside, asked.find);
  const choices = await Promise.all(others.map((one) => choiceOf(ctx, one, lang)));
  return { lang, ...choiceBlocks([own, ...choices], lang, look) };
}

async function besides(
  newsletter: Newsletter,
  named: readonly string[],
  find: AskedBox['find'],
): Promise<Newsletter[]> {
  const refuse = (code: string, detail: string) => new Refusal(422, code, detail, 'beside');
  if (named.length >= newslettersMax)
    throw refuse(
      'invalid',
      `A box holds at most ${newslettersMax} newsletters: name fewer beside ${newsletter.slug}.`,
    );
  const others: Newsletter[] = [];
  for (const name of named) {
    const other = await find(name);
    if (!other)
      throw refuse(
        'no_such_newsletter',
        `There is no newsletter ${name.slice(0, 60)} to stand beside ${newsletter.slug}.`,
      );
    if ([newsletter, ...others].some((one) => one.id === other.id))
      throw refuse('invalid', `${other.slug} is in the box already: name each newsletter once.`);
    others.push(other);
  }
  // A form is taken as a whole or not at all: one that cannot be joined would spoil the others.
  const closed = [newsletter, ...others].find((one) => one.state !== 'open' || one.visibility !== 'public');
  if (closed) {
    const { slug, state, visibility } = closed;
    throw refuse(
      'invalid',
      `${slug} is ${state === 'open' ? visibility : state} and cannot be joined by a form: leave it out.`,
    );
  }
  return others;
}

async function choiceOf(ctx: Context, newsletter: Newsletter, lang: string): Promise<Choice> {
  if (newsletter.languages.includes(lang))
    return { newsletter, wordings: await currentWordings(ctx.db, newsletter, lang) };
  const { name, languages } = newsletter;
  throw new Refusal(
    422,
    'invalid',
    `${name} is not published in ${lang}, but in ${languages.join(', ')}.`,
    'lang',
  );
}
