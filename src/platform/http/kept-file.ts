import type { Handler } from 'hono';
import { etagOf, hasAlready } from './cached.ts';

export interface KeptFile {
  handler: Handler;
  /** Changes with the content: `?v=<version>` may be kept for good. */
  version: string;
}

const foreverHeader = 'public, max-age=31536000, immutable';

/**
 * A file that never changes while the program runs, with a strong ETag (RFC 9110 §8.8.3): kept by browsers as long as
 * `cacheControl` says, or for good when it is asked for by its version.
 */
export function keptFile(
  body: Buffer,
  kind: { contentType: string; cacheControl: string; headers?: Readonly<Record<string, string>> },
): KeptFile {
  const etag = etagOf(body);
  const version = etag.slice(1, -1);
  const handler: Handler = (c) => {
    c.header('ETag', etag);
    c.header('Cache-Control', c.req.query('v') === version ? foreverHeader : kind.cacheControl);
    for (const [name, value] of Object.entries(kind.headers ?? {})) c.header(name, value);
    if (hasAlready(c, etag)) return c.body(null, 304);
    return c.body(new Uint8Array(body), 200, { 'Content-Type': kind.contentType });
  };
  return { handler, version };
}
