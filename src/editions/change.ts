import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { ByLang } from '../platform/db/tables.ts';
import { compose } from './compose.ts';
import { changeable, type Edition } from './edition.ts';
import { findEditionById } from './find.ts';
import { moveEdition } from './move.ts';
import * as queries from './queries.ts';

export interface EditionWords {
  subject?: ByLang | undefined;
  preheader?: ByLang | undefined;
  greeting?: ByLang | undefined;
}

const charsMax = { subject: 200, preheader: 200, greeting: 400 } as const;

/**
 * Changes an edition's own words. From then on it is an editor's: it is not put together anew by itself. Approvals of the
 * earlier revision no longer count. An empty text gives the word back to the rules.
 *
 * @throws Refusal 422 when no word is given, which would only end its being put together anew; 409 once it is on its way: what has started to go out cannot change; cancel it instead.
 */
export async function changeEdition(
  ctx: Context,
  at: { edition: Edition; newsletter: Newsletter; words: EditionWords; revision?: number | undefined },
): Promise<Edition> {
  const { edition, newsletter, words } = at;
  if (Object.values(words).every((text) => text === undefined || Object.keys(text).length === 0)) {
    throw new Refusal(422, 'no_words', 'Say what to change: the subject, the preheader or the greeting.');
  }
  checkWords(words, newsletter);
  const now = ctx.clock.now();
  const changed = await ctx.db.transaction().execute(async (db) => {
    const current = await queries.lockEdition(db, edition.id);
    if (!current) throw new Refusal(404, 'no_such_edition', 'There is no such edition.');
    if (!changeable.includes(current.state)) {
      throw new Refusal(409, 'wrong_state', `The edition is ${current.state} and can no longer be changed.`);
    }
    if (at.revision !== undefined && at.revision !== current.revision) {
      throw new Refusal(
        409,
        'changed_meanwhile',
        `Somebody changed it meanwhile: this is revision ${current.revision}.`,
      );
    }
    if (current.state !== 'draft') await moveEdition(db, edition.id, [current.state], 'draft', now);
    return queries.putWords(db, current, mergedWords(current, words), now);
  });
  await compose(ctx, { editionId: edition.id, revision: changed });
  const after = await findEditionById(ctx.db, edition.id);
  if (!after) throw new Error(`edition ${edition.id} is gone`);
  return after;
}

/** @throws Refusal 422 for a language the newsletter lacks, and for a text that is too long or not one line. */
export function checkWords(words: EditionWords, newsletter: Newsletter): void {
  for (const field of ['subject', 'preheader', 'greeting'] as const) {
    for (const [lang, text] of Object.entries(words[field] ?? {})) {
      if (!newsletter.languages.includes(lang)) {
        throw new Refusal(
          422,
          'no_such_language',
          `${newsletter.name} has no language ${lang}.`,
          `${field}.${lang}`,
        );
      }
      if (text.length > charsMax[field]) {
        throw new Refusal(
          422,
          'too_long',
          `A ${field} has at most ${charsMax[field]} characters.`,
          `${field}.${lang}`,
        );
      }
      if (/[\r\n\0]/.test(text)) {
        throw new Refusal(422, 'not_one_line', `A ${field} is one line.`, `${field}.${lang}`);
      }
    }
  }
}

/** The edition's words with these in their place; an empty text gives the word back to the rules. */
export function mergedWords(
  edition: Pick<Edition, keyof EditionWords>,
  words: EditionWords,
): { [Word in keyof EditionWords]-?: ByLang } {
  const merge = (before: ByLang, now: ByLang | undefined): ByLang =>
    Object.fromEntries(Object.entries({ ...before, ...now }).filter(([, text]) => text.trim() !== ''));
  return {
    subject: merge(edition.subject, words.subject),
    preheader: merge(edition.preheader, words.preheader),
    greeting: merge(edition.greeting, words.greeting),
  };
}
