import { createHash } from 'node:crypto';
import type { Next, Context as RequestContext } from 'hono';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { claimOnce, forgetClaim, type GivenAnswer, keepAnswer, seenOnce } from './queries.ts';

const keptHours = 24;
/** Longer than any request may take: whoever claimed the key and has not answered by now is dead. */
const deadAfterMs = 5 * 60_000;
const keyCharsMax = 200;

/**
 * Lets a repeated POST act once: the same key and the same request get the first answer again for 24 hours, word for word.
 * A fault of ours (5xx) is not kept, so trying again acts.
 *
 * @throws Refusal 422 when the key was used for another request, 409 while the first is still under way.
 */
export async function answerOnce(
  ctx: Context,
  { c, next, keyId, once }: { c: RequestContext; next: Next; keyId: number; once: string },
): Promise<Response | undefined> {
  if (once === '' || once.length > keyCharsMax) {
    throw new Refusal(
      422,
      'invalid',
      `Idempotency-Key needs 1 to ${keyCharsMax} characters.`,
      'Idempotency-Key',
    );
  }
  const requestSha256 = await fingerprintOf(c);
  const claim = { keyId, key: once, requestSha256 };
  if (!(await claimOnce(ctx.db, claim, timesAt(ctx.clock.now())))) return repeat(ctx, claim);
  await next();
  if (c.res.status >= 500) {
    await forgetClaim(ctx.db, claim);
    return undefined;
  }
  await keepAnswer(ctx.db, claim, c.res.status, await read(c.res.clone()));
  return undefined;
}

async function fingerprintOf(c: RequestContext): Promise<string> {
  const { pathname, search } = new URL(c.req.url);
  const hash = createHash('sha256').update(`${c.req.method} ${pathname}${search}\n`);
  return hash.update(new Uint8Array(await c.req.arrayBuffer())).digest('hex');
}

function timesAt(now: Date): { now: Date; forgetBefore: Date; deadBefore: Date } {
  return {
    now,
    forgetBefore: new Date(now.getTime() - keptHours * 3_600_000),
    deadBefore: new Date(now.getTime() - deadAfterMs),
  };
}

async function repeat(
  ctx: Context,
  { keyId, key, requestSha256 }: { keyId: number; key: string; requestSha256: string },
): Promise<Response> {
  const seen = await seenOnce(ctx.db, keyId, key);
  if (seen && seen.requestSha256 !== requestSha256) {
    throw new Refusal(
      422,
      'idempotency_key_reused',
      'This Idempotency-Key was used for another request.',
      'Idempotency-Key',
    );
  }
  if (!seen?.answer || seen.status === undefined) {
    throw new Refusal(409, 'in_progress', 'The first request with this Idempotency-Key is still under way.');
  }
  const headers = new Headers({ 'Idempotency-Replayed': 'true' });
  if (seen.answer.contentType) headers.set('Content-Type', seen.answer.contentType);
  if (seen.answer.location) headers.set('Location', seen.answer.location);
  return new Response(seen.status === 204 ? null : seen.answer.text, { status: seen.status, headers });
}

async function read(answer: Response): Promise<GivenAnswer> {
  return {
    text: await answer.text(),
    contentType: answer.headers.get('Content-Type') ?? undefined,
    location: answer.headers.get('Location') ?? undefined,
  };
}
