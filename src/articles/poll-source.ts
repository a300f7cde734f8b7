import type { Context } from '../context.ts';
import { fetchDocument } from './fetch-document.ts';
import { nextPollAfterClaim, nextPollAt } from './next-poll.ts';
import { readSource } from './read-source.ts';
import { type Received, receive } from './receive.ts';
import type { Source } from './source.ts';
import { changeSource, claimPoll, notePollFailed } from './source-queries.ts';
import type { Tidied } from './tidy.ts';

export type Polled =
  | { kind: 'polled'; new: number; updated: number; unchanged: number; unusable: number; remarks: string[] }
  | { kind: 'not-modified' }
  /** What is there stays as it is; the reason stands in the source. */
  | { kind: 'failed'; reason: string; nextPollAt: Date }
  /** It is not its time yet, or somebody else has it in hand. */
  | { kind: 'not-due' };

const remarksMax = 20;

/**
 * Asks one source for its articles and takes them in. Claims the poll first, so several at once are one, unless `now` says
 * to ask whatever the time. A source that fails or cannot be read loses nothing: its articles stay, the reason is kept in
 * words, and it is asked later and later. Items that cannot be used are told and do not keep the others out.
 */
export async function pollSource(
  ctx: Context,
  { sourceId, now: atOnce = false }: { sourceId: number; now?: boolean },
): Promise<Polled> {
  const now = ctx.clock.now();
  const claim = { sourceId, now, next: nextPollAfterClaim(now), dueOnly: !atOnce };
  const source = await claimPoll(ctx.db, claim);
  if (!source) return { kind: 'not-due' };
  const polled = await poll(ctx, source);
  const { kind } = polled;
  if (kind === 'failed')
    ctx.log.warn({ deed: 'poll-source', sourceId, outcome: polled }, 'poll-source: failed');
  else ctx.log.info({ deed: 'poll-source', sourceId, outcome: polled }, `poll-source: ${kind}`);
  return polled;
}

async function poll(ctx: Context, source: Source): Promise<Polled> {
  const document = await fetchDocument(ctx, source.url, source);
  if (document.kind === 'failed') return fail(ctx, source, document.reason, document.retryAfterMs);
  if (document.kind === 'not-modified') {
    await noteWorked(ctx, source, { etag: source.etag, lastModified: source.lastModified });
    return { kind: 'not-modified' };
  }
  const read = readSource(source, document);
  if (read.kind === 'unreadable') return fail(ctx, source, read.reason);
  const polled = await receiveAll(ctx, source, read.items);
  await noteWorked(ctx, source, {
    etag: document.etag,
    lastModified: document.lastModified,
    ttlMinutes: read.ttlMinutes,
    broughtNew: polled.new > 0,
  });
  return polled;
}

async function receiveAll(
  ctx: Context,
  source: Source,
  items: readonly Tidied[],
): Promise<Extract<Polled, { kind: 'polled' }>> {
  const counts: Record<Received['kind'] | 'unusable', number> = {
    new: 0,
    updated: 0,
    unchanged: 0,
    unusable: 0,
  };
  const remarks = items.flatMap((item) => item.remarks.map((remark) => remark.message));
  for (const item of items) {
    if (item.kind === 'unusable') counts.unusable += 1;
    else counts[(await receive(ctx, item.article, { sourceId: source.id })).kind] += 1;
  }
  return { kind: 'polled', ...counts, remarks: [...new Set(remarks)].slice(0, remarksMax) };
}

async function noteWorked(
  ctx: Context,
  source: Source,
  poll: {
    etag: string | undefined;
    lastModified: string | undefined;
    ttlMinutes?: number | undefined;
    broughtNew?: boolean;
  },
): Promise<void> {
  const now = ctx.clock.now();
  await changeSource(ctx.db, source.id, {
    etag: poll.etag ?? null,
    last_modified: poll.lastModified ?? null,
    last_ok_at: now,
    last_error: null,
    failures: 0,
    next_poll_at: nextPollAt(now, { failures: 0, ttlMinutes: poll.ttlMinutes }),
    ...(poll.broughtNew && { last_item_at: now }),
  });
}

async function fail(ctx: Context, source: Source, reason: string, retryAfterMs?: number): Promise<Polled> {
  const next = nextPollAt(ctx.clock.now(), { failures: source.failures + 1, retryAfterMs });
  await notePollFailed(ctx.db, { sourceId: source.id, reason, next });
  return { kind: 'failed', reason, nextPollAt: next };
}
