import { STATUS_CODES } from 'node:http';
import type { Context } from '../context.ts';
import { version } from '../lib/version.ts';
import { safeFetch } from '../platform/safe-fetch.ts';
import { decodeDocument } from './decode-document.ts';
import { readRetryAfter } from './next-poll.ts';

export type FetchedDocument =
  | {
      kind: 'document';
      /** Where the last redirect led. */
      url: string;
      text: string;
      contentType: string;
      etag: string | undefined;
      lastModified: string | undefined;
    }
  /** It is as it was when the validators were given. */
  | { kind: 'not-modified' }
  | { kind: 'failed'; reason: string; retryAfterMs: number | undefined };

export interface Validators {
  etag: string | undefined;
  lastModified: string | undefined;
}

const timeoutMs = 20_000;
const accept =
  'application/rss+xml, application/atom+xml, application/feed+json, text/html;q=0.9, application/xml;q=0.9, */*;q=0.5';

/** Gets a document that an operator named; what went wrong is a sentence for the operator. */
export async function fetchDocument(
  ctx: Context,
  url: string,
  known: Validators = { etag: undefined, lastModified: undefined },
): Promise<FetchedDocument> {
  const got = await safeFetch(url, {
    allow: ctx.config.fetchAllow,
    timeoutMs,
    headers: {
      accept,
      'user-agent': `Dateline/${version} (+${ctx.config.baseUrl})`,
      ...(known.etag && { 'if-none-match': known.etag }),
      ...(known.lastModified && { 'if-modified-since': known.lastModified }),
    },
  });
  if (got.kind === 'refused')
    return { kind: 'failed', reason: `not fetched: ${got.reason}`, retryAfterMs: undefined };
  if (got.kind === 'failed') return { kind: 'failed', reason: got.reason, retryAfterMs: undefined };
  const { status, headers } = got;
  if (status === 304 && (known.etag || known.lastModified)) return { kind: 'not-modified' };
  if (status !== 200) {
    const name = STATUS_CODES[status];
    return {
      kind: 'failed',
      reason: `${new URL(got.url).host} answered ${status}${name ? ` ${name}` : ''}`,
      retryAfterMs: readRetryAfter(headers['retry-after'], ctx.clock.now()),
    };
  }
  const contentType = headers['content-type'] ?? '';
  return {
    kind: 'document',
    url: got.url,
    text: decodeDocument(got.body, contentType),
    contentType,
    etag: headers.etag,
    lastModified: headers['last-modified'],
  };
}
