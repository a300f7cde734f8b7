import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { parseHttpUrl } from '../lib/http-url.ts';
import { fetchDocument } from './fetch-document.ts';
import { importDocument } from './import-document.ts';
import type { Received } from './receive.ts';

/**
 * Fetches one article and takes it in. The same address twice is one row.
 *
 * @throws Refusal 422: `invalid_url`, `source_unreachable`, and what `importDocument` refuses.
 */
export async function importUrl(
  ctx: Context,
  wanted: { url: string; lang?: string | undefined; section?: string | undefined },
): Promise<Received> {
  const url = parseHttpUrl(wanted.url.trim());
  if (!url)
    throw new Refusal(422, 'invalid_url', `not an http or https URL: ${wanted.url.slice(0, 200)}`, 'url');
  const document = await fetchDocument(ctx, url.href);
  if (document.kind !== 'document') {
    const reason = document.kind === 'failed' ? document.reason : 'it answered 304 without being asked';
    throw new Refusal(422, 'source_unreachable', `cannot be read: ${reason}`, 'url');
  }
  return importDocument(ctx, {
    content: Buffer.from(document.text),
    name: new URL(document.url).pathname,
    contentType: document.contentType.replace(/;.*$/, '; charset=utf-8'),
    url: document.url,
    lang: wanted.lang,
    section: wanted.section,
  });
}
