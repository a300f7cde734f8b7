import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { languageOf, sectionKey } from './fields.ts';
import { inspectSource } from './inspect-source.ts';
import type { Source } from './source.ts';
import { insertSource, sourceByUrl } from './source-queries.ts';

export interface NewSource {
  url: string;
  /** Without it the address has to lead to a feed, or to a page that names one. */
  kind?: 'feed' | 'page' | undefined;
  section?: string | undefined;
  /** Default: what the feed or page says. */
  lang?: string | undefined;
  sections?: Record<string, string> | undefined;
  weight?: number | undefined;
  silentAfterHours?: number | undefined;
}

export type Added = { kind: 'added' | 'exists'; source: Source };

const silentAfterHoursDefault = 48;

/**
 * Adds a source after looking at it, so that a wrong address is refused now and not found out at night. Its first poll is
 * due at once. The same address twice is one source; one that was removed is taken up again.
 *
 * @throws Refusal 422: `not_a_feed`, `source_unreachable`, `invalid_url`, `not_an_article`, `lang_missing`.
 */
export async function addSource(ctx: Context, wanted: NewSource): Promise<Added> {
  const inspected = await inspectSource(ctx, wanted);
  if (inspected.kind === 'page' && inspected.page.kind === 'not-an-article') {
    throw new Refusal(422, 'not_an_article', `not an article: ${inspected.page.reason}`, 'url');
  }
  const says = inspected.kind === 'feed' ? inspected.feed.lang : languageOfPage(inspected.page);
  const now = ctx.clock.now();
  const source = await insertSource(ctx.db, {
    kind: inspected.kind,
    url: inspected.url,
    lang: neededLanguage(wanted.lang, says),
    section: sectionKey(wanted.section ?? '') ?? null,
    mapping: JSON.stringify(wanted.sections ?? {}),
    weight: wanted.weight ?? 0,
    silent_after_hours: wanted.silentAfterHours ?? silentAfterHoursDefault,
    next_poll_at: now,
    created_at: now,
  });
  if (source) {
    ctx.log.info({ deed: 'add-source', sourceId: source.id, kind: source.kind }, 'source added');
    return { kind: 'added', source };
  }
  const existing = await sourceByUrl(ctx.db, inspected.url);
  if (!existing) throw new Error('a source is both there and not there');
  return { kind: 'exists', source: existing };
}

function languageOfPage(page: { kind: string; found?: { lang?: string | undefined } }): string | undefined {
  return page.found?.lang;
}

function neededLanguage(wanted: string | undefined, says: string | undefined): string {
  const lang = languageOf(wanted ?? says ?? '');
  if (lang) return lang;
  if (wanted !== undefined) throw new Refusal(422, 'invalid_lang', `not a language: ${wanted}`, 'lang');
  throw new Refusal(422, 'lang_missing', 'it does not say its language: name one, such as en or id', 'lang');
}
