import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from '../context.ts';
import type { Out } from '../shell.ts';
import { countedStates, isOpen } from './delivery.ts';
import { type Progress, progress } from './progress.ts';

const everyMs = 1_000;
/** Without a terminal, a line is said only so often, and when something has changed. */
const plainEveryMs = 5_000;
const barChars = 20;
const ended = ['sent', 'cancelled', 'failed'];

/**
 * Watches a send until it ends, or, when it has, until what an operator retries has ended too: on a terminal a line that is drawn over, else a plain line every few seconds. Each shows the
 * seven counts and their sum, the rate, and the time that is left.
 */
export async function watch(ctx: Context, editionId: number, out: Out): Promise<Progress> {
  let saidAtMs = Number.NEGATIVE_INFINITY;
  let said = '';
  for (;;) {
    const seen = await progress(ctx, editionId);
    const through =
      ended.includes(seen.send.state) && seen.send.finishedAt !== undefined && !isOpen(seen.counts);
    const line = progressLine(seen, ctx.clock.now());
    const due = performance.now() - saidAtMs >= plainEveryMs && line !== said;
    if (out.live || due || through) {
      out.draw(line);
      saidAtMs = performance.now();
      said = line;
    }
    if (through) return seen;
    await pause(everyMs);
  }
}

/** `[##########----------]  50 %  accepted 500 + … + queued 500 = 1000 · 120/s · 4 s to 6 s left`. Pure. */
export function progressLine(seen: Progress, now: Date): string {
  const { counts, eta, ratePerSecond } = seen;
  const done = counts.planned - counts.queued - counts.deferred;
  const share = counts.planned === 0 ? 0 : done / counts.planned;
  const filled = Math.floor(share * barChars);
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(barChars - filled)}]`;
  const sum = countedStates.map((state) => `${state} ${counts[state]}`).join(' + ');
  return [
    `${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${sum} = ${counts.planned}`,
    `${Math.round(ratePerSecond)}/s`,
    ...(eta ? [`${span(eta.low, now)} to ${span(eta.high, now)} left`] : [words(seen, now)]),
  ].join(' · ');
}

function words({ send, workers, counts }: Progress, now: Date): string {
  if (send.state === 'starting' && send.holdUntil && send.holdUntil > now) {
    return `starts in ${span(send.holdUntil, now)}`;
  }
  if (send.state === 'paused') return `paused: ${send.pauseReason ?? ''}`;
  if (send.state === 'sending' && workers === 0) return 'no worker is running';
  return send.state === 'sent' && isOpen(counts) ? 'retrying' : send.state;
}

function span(at: Date, now: Date): string {
  const seconds = Math.max(0, Math.ceil((at.getTime() - now.getTime()) / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}
