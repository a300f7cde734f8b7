import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';
import type { ByLang } from '../platform/db/tables.ts';
import { checkWords, type EditionWords, mergedWords } from './change.ts';
import type { Edition } from './edition.ts';
import { type Correction, correctionsOf, printedPages, putCorrection } from './page-queries.ts';
import { printPage } from './print-page.ts';
import { refreshShowcase } from './publish.ts';
import { lockEdition } from './queries.ts';

const noteCharsMax = 500;

/**
 * Puts an edition right on the web after it has gone out: its pages are printed anew from the articles as they are now (so
 * edit or withdraw the article first) and from the words given here, and a dated banner says what was wrong. The mails that
 * went out stay as they are. The pages as they were and who corrected them are kept. Every call makes a correction.
 *
 * @throws Refusal 409 when it is not published or nothing would be left of it; 422 for notes or words that do not fit.
 */
export async function correctEdition(
  ctx: Context,
  at: {
    edition: Edition;
    newsletter: Newsletter;
    /** What was wrong, in the newsletter's own language at least. */
    notes: ByLang;
    words?: EditionWords | undefined;
    by: string;
  },
): Promise<Correction> {
  const { newsletter, by, words = {} } = at;
  const notes = checkNotes(at.notes, newsletter);
  checkWords(words, newsletter);
  const now = ctx.clock.now();
  const correction = await ctx.db.transaction().execute(async (db) => {
    const edition = await lockEdition(db, at.edition.id);
    if (edition?.archiveState !== 'public') throw notPublished();
    const { languages, version: before } = await printedPages(db, edition.id);
    const made = { version: before + 1, notes, words: given(words), by, at: now };
    const corrected = { ...edition, ...(await wordsBy(db, edition, words)) };
    for (const lang of languages) {
      const { baseUrl } = ctx.config;
      const printed = { edition: corrected, newsletter, lang, baseUrl, version: made.version, now };
      if (!(await printPage(db, printed))) throw nothingLeft(lang);
    }
    await putCorrection(db, edition.id, made);
    await refreshShowcase(db, newsletter, ctx.config.baseUrl);
    return made;
  });
  ctx.log.info(
    { deed: 'correct-edition', editionId: at.edition.id, version: correction.version, by },
    'corrected',
  );
  return correction;
}

/** Earlier corrections hold until a later one says otherwise. */
async function wordsBy(db: Db, edition: Edition, words: EditionWords) {
  const earlier = (await correctionsOf(db, edition.id)).reverse();
  const all: EditionWords[] = [...earlier.map((one) => one.words), words];
  return all.reduce<ReturnType<typeof mergedWords>>((so, more) => mergedWords(so, more), {
    subject: edition.subject,
    preheader: edition.preheader,
    greeting: edition.greeting,
  });
}

function given(words: EditionWords): Record<string, ByLang> {
  return Object.fromEntries(
    Object.entries(words).flatMap(([field, text]) => (text ? [[field, text as ByLang]] : [])),
  );
}

function checkNotes(notes: ByLang, newsletter: Newsletter): ByLang {
  const said = Object.fromEntries(
    Object.entries(notes)
      .map(([lang, text]) => [lang, text.trim()] as const)
      .filter(([, text]) => text !== ''),
  );
  const unknown = Object.keys(said).find((lang) => !newsletter.languages.includes(lang));
  if (unknown !== undefined) {
    throw new Refusal(422, 'no_such_language', `${newsletter.name} has no language ${unknown}.`, 'note');
  }
  const own = newsletter.languages[0] ?? 'en';
  if (!said[own]) {
    throw new Refusal(422, 'no_note', `Say what was wrong, in ${own} at least: readers see it.`, 'note');
  }
  for (const text of Object.values(said)) {
    if (text.length > noteCharsMax || /[\r\n\0]/.test(text)) {
      throw new Refusal(422, 'bad_note', `A note is one line of at most ${noteCharsMax} characters.`, 'note');
    }
  }
  return said;
}

function notPublished(): Refusal {
  return new Refusal(
    409,
    'not_published',
    'The edition is not on the web. Before it is sent, edit it instead.',
  );
}

function nothingLeft(lang: string): Refusal {
  return new Refusal(
    409,
    'nothing_left',
    `No story would be left of it in ${lang}. To take it off the web, unpublish it.`,
  );
}
