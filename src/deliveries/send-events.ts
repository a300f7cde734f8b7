import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from '../context.ts';
import type { Db } from '../platform/db/database.ts';
import { EventStreams, heartbeat, writeEvent } from '../platform/http/event-streams.ts';
import { type OutsideSend, outsideSend } from './outside.ts';
import { isThrough, progress } from './progress.ts';

const everyMs = 1_000;
const heartbeatEveryMs = 15_000;
const comeAgainMs = 2_000;

/**
 * A send as a stream of events: `progress` at each change, at most one a second, and `end` with the last word when it is
 * through. The data of each is the whole send as `GET /v1/sends/{id}` shows it, so a client that missed some, or comes again
 * with `Last-Event-ID`, needs nothing of what was. Ends after `end`, or within a second of the signal.
 */
export async function* sendEvents(
  ctx: Context,
  editionId: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  yield `retry: ${comeAgainMs}\n\n`;
  let told = '';
  let toldAtMs = performance.now();
  while (!signal.aborted) {
    const seen = await progress(ctx, editionId);
    const document = outsideSend(seen);
    const id = String(ctx.clock.now().getTime());
    if (isThrough(seen)) {
      yield writeEvent('end', id, document);
      return;
    }
    const changes = changesOf(document);
    if (changes !== told || performance.now() - toldAtMs >= heartbeatEveryMs) {
      yield changes === told ? heartbeat : writeEvent('progress', id, document);
      told = changes;
      toldAtMs = performance.now();
    }
    await pause(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

/** What counts as a change: not that time passes. */
function changesOf(document: OutsideSend): string {
  return JSON.stringify({ ...document, elapsed_seconds: 0, eta: null, rate: 0 });
}

const known = new WeakMap<Db, EventStreams>();

/** The streams that this process has open. */
export function streamsOf({ db }: Pick<Context, 'db'>): EventStreams {
  const streams = known.get(db) ?? new EventStreams();
  known.set(db, streams);
  return streams;
}
