import { createHash } from 'node:crypto';
import type { Context } from 'hono';

/** A strong ETag (RFC 9110 §8.8.3): the same for the same bytes only. */
export function etagOf(body: string | Buffer): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
}

/** Whether the caller has what the tag names (RFC 9110 §13.1.2). */
export function hasAlready(c: Context, etag: string): boolean {
  const asked = c.req.header('If-None-Match');
  if (!asked) return false;
  return asked.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}

/**
 * Answers what is the same for everyone: caches may keep it so long (only the reader's own, when it is private), and ask again
 * by its ETag. A caller who has it already is told so with 304.
 */
export function answerCached(
  c: Context,
  answer: { body: string; contentType: string; maxAgeSeconds: number; isPrivate?: boolean },
): Response {
  const etag = etagOf(answer.body);
  c.header('ETag', etag);
  c.header('Cache-Control', `${answer.isPrivate ? 'private' : 'public'}, max-age=${answer.maxAgeSeconds}`);
  if (hasAlready(c, etag)) return c.body(null, 304);
  return c.body(answer.body, 200, { 'Content-Type': answer.contentType });
}
