import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { publicId } from '../lib/ids.ts';
import { languageOf, sectionKey } from './fields.ts';
import type { Source } from './source.ts';
import { changeSource } from './source-queries.ts';

export interface SourceChanges {
  /** `null` lets each article say. */
  section?: string | null | undefined;
  lang?: string | undefined;
  sections?: Record<string, string> | undefined;
  weight?: number | undefined;
  silentAfterHours?: number | undefined;
}

/**
 * Changes how a source is read from its next poll on; its validators are forgotten, so that poll reads everything again.
 *
 * @throws Refusal 404 `no_such_source`, 422 `invalid_lang`.
 */
export async function updateSource(ctx: Context, sourceId: number, changes: SourceChanges): Promise<Source> {
  const lang = changes.lang === undefined ? undefined : languageOf(changes.lang);
  if (changes.lang !== undefined && lang === undefined) {
    throw new Refusal(422, 'invalid_lang', `not a language: ${changes.lang}`, 'lang');
  }
  const source = await changeSource(ctx.db, sourceId, {
    etag: null,
    last_modified: null,
    ...(lang !== undefined && { lang }),
    ...(changes.section !== undefined && { section: sectionKey(changes.section ?? '') ?? null }),
    ...(changes.sections !== undefined && { mapping: JSON.stringify(changes.sections) }),
    ...(changes.weight !== undefined && { weight: changes.weight }),
    ...(changes.silentAfterHours !== undefined && { silent_after_hours: changes.silentAfterHours }),
  });
  if (!source) {
    throw new Refusal(404, 'no_such_source', `There is no source ${publicId('source', sourceId)}.`);
  }
  ctx.log.info({ deed: 'update-source', sourceId }, 'source updated');
  return source;
}
