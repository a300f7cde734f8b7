import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from '../context.ts';
import type { Out } from '../shell.ts';
import { outsideSend } from './outside.ts';
import { isThrough, type Progress, progress } from './progress.ts';
import { progressLine, progressLines } from './progress-words.ts';

const everyMs = 1_000;
/** Without a terminal, a line is said only so often, and when something has changed. */
const plainEveryMs = 5_000;

/**
 * Watches a send until it ends, or, when it has, until what an operator retries has ended too. On a terminal the counts with
 * their sum and the lanes are drawn over and over; piped, a plain line every few seconds; with `--json` a document a second,
 * each on a line of its own.
 */
export async function watch(ctx: Context, editionId: number, out: Out): Promise<Progress> {
  let saidAtMs = Number.NEGATIVE_INFINITY;
  let said = '';
  for (;;) {
    const seen = await progress(ctx, editionId);
    const through = isThrough(seen);
    const now = ctx.clock.now();
    const line = progressLine(seen, now);
    if (out.json) out.line(JSON.stringify(outsideSend(seen)));
    else if (out.live) out.draw(progressLines(seen, now));
    else if (through || (performance.now() - saidAtMs >= plainEveryMs && line !== said)) {
      out.draw([line]);
      saidAtMs = performance.now();
      said = line;
    }
    if (through) return seen;
    await pause(everyMs);
  }
}
