import { createHash } from 'node:crypto';
import { localDate } from '../lib/clock-time.ts';
import type { Db } from '../platform/db/database.ts';
import { say, sayParts } from '../platform/i18n/messages.ts';
import { inLanguage, type Newsletter } from './newsletter.ts';
import type { Wording } from './wording.ts';
import { insertWording, latestWordings, wordingsOf } from './wording-queries.ts';

/** Both wordings of one form, named together by its `consent_v`. */
export interface Wordings {
  /** `2026-07-01.id`, the form's hidden field. */
  consentV: string;
  newsletter: Wording;
  marketing: Wording;
}

/**
 * The words that a form shows today. @throws Error when the newsletter has none in that language, which creating and
 * changing it rule out.
 */
export async function currentWordings(db: Db, newsletter: Newsletter, lang: string): Promise<Wordings> {
  const known = shown.get(newsletter)?.get(lang);
  if (known) return known;
  const pair = pairOf(await latestWordings(db, newsletter.id, lang));
  if (!pair) throw new Error(`newsletter ${newsletter.id} has no wordings in ${lang}`);
  shown.set(newsletter, (shown.get(newsletter) ?? new Map()).set(lang, pair));
  return pair;
}

/** Wordings change with their newsletter and its publisher, and one that has changed is another object. */
const shown = new WeakMap<Newsletter, Map<string, Wordings>>();

/**
 * The words that a form with this `consent_v` showed, however long ago it was pasted. `undefined` for a version that never
 * was: then nobody knows what the reader saw, and nothing may be recorded of it.
 */
export async function findWordings(
  db: Db,
  newsletterId: number,
  consentV: string,
): Promise<Wordings | undefined> {
  const [, version, lang] = /^(\d{4}-\d{2}-\d{2}(?:-\d{1,4})?)\.([A-Za-z]{2,8})$/.exec(consentV) ?? [];
  if (!version || !lang) return undefined;
  return pairOf(await wordingsOf(db, { newsletterId, version, lang }));
}

/**
 * Makes new wordings for each language whose texts have changed, under a new version; old versions stay valid for boxes that
 * were pasted before. Safe to run twice: unchanged texts make none. Runs in the transaction of what changed the texts.
 */
export async function renewWordings(db: Db, newsletter: Newsletter, now: Date): Promise<void> {
  for (const lang of newsletter.languages) {
    const texts = wordingTexts(newsletter, lang);
    const rows = await latestWordings(db, newsletter.id, lang);
    const current = pairOf(rows);
    if (current?.newsletter.text === texts.newsletter && current.marketing.text === texts.marketing) continue;
    const version = versionAfter(current?.newsletter.version, localDate(now, newsletter.timeZone));
    for (const purpose of ['newsletter', 'marketing'] as const) {
      const text = texts[purpose];
      const sha256 = createHash('sha256').update(text).digest('hex');
      await insertWording(db, { purpose, newsletterId: newsletter.id, version, lang, text, sha256, now });
    }
  }
}

/** What the box says, element by element: the newsletter's own consent is everything beside the field, marketing its label. */
export function wordingTexts(
  newsletter: Newsletter,
  lang: string,
): { newsletter: string; marketing: string } {
  const smallPrint = sayParts<string>(lang, 'signup.smallprint', { link: (inner) => inner.join('') });
  const shown = [
    say(lang, 'signup.headline', { newsletter: newsletter.name }),
    inLanguage(newsletter.promise, lang, newsletter.languages[0]),
    `[${say(lang, 'signup.button')}]`,
    smallPrint.join(''),
  ];
  return {
    newsletter: shown.join('\n'),
    marketing: say(lang, 'signup.marketing', { publisher: newsletter.publisherName }),
  };
}

/** The day of the change; the second change of a day is `-2`. */
function versionAfter(last: string | undefined, today: string): string {
  if (!last?.startsWith(today)) return today;
  return `${today}-${Number(last.slice(today.length + 1) || '1') + 1}`;
}

function pairOf(rows: Wording[]): Wordings | undefined {
  const newsletter = rows.find((row) => row.purpose === 'newsletter');
  const marketing = rows.find(
    (row) =>
      row.purpose === 'marketing' && row.version === newsletter?.version && row.lang === newsletter.lang,
  );
  if (!newsletter || !marketing) return undefined;
  return { consentV: `${newsletter.version}.${newsletter.lang}`, newsletter, marketing };
}
