import { table } from '../src/shell.ts';
import { type Ground, openGround } from './ground.ts';
import { describeCommit, describeMachine } from './machine.ts';
import { openNewsroom } from './newsroom.ts';
import type { Options } from './options.ts';
import { lines, report } from './report.ts';
import type { Measured, Outcome } from './result.ts';
import { type Plan, planRows } from './rows.ts';
import { sampleMail } from './sample.ts';

/**
 * Runs the bench: rounds of every row that was asked for, one after the other on the same ground, and what came of it. The
 * ground is gone afterwards, also when `interrupted` is aborted, which ends the row under way.
 */
export async function measure(
  options: Options,
  say: (line: string) => void,
  interrupted: AbortSignal,
): Promise<{ outcome: Outcome; text: string }> {
  const startedMs = performance.now();
  const ground = await openGround(options);
  try {
    return await Promise.race([onGround(ground, options, { say, startedMs }), aborted(interrupted)]);
  } finally {
    await ground.close();
  }
}

async function onGround(
  ground: Ground,
  options: Options,
  { say, startedMs }: { say: (line: string) => void; startedMs: number },
): Promise<{ outcome: Outcome; text: string }> {
  const newsroom = await openNewsroom(ground.ctx);
  const { editionId } = await newsroom.edition(100);
  const body = await sampleMail(ground, editionId);
  const plan = planRows(ground, newsroom, { options, body });
  for (const { name, reason } of plan.skipped) say(`${name} is left out: ${reason}`);
  const measured = await runRounds(plan, options, { say, startedMs });
  const outcome: Outcome = {
    machine: describeMachine(ground),
    commit: describeCommit(),
    takenAt: ground.ctx.clock.now().toISOString(),
    ...report(measured, plan.figures),
    skipped: plan.skipped,
  };
  return { outcome, text: words(outcome, options, body.length) };
}

async function runRounds(
  { rows }: Plan,
  options: Options,
  { say, startedMs }: { say: (line: string) => void; startedMs: number },
): Promise<Measured[]> {
  const measured: Measured[] = [];
  const limitMs = options.million ? Number.POSITIVE_INFINITY : options.minutes * 60_000;
  let longestMs = 0;
  for (let round = 1; round <= options.rounds; round += 1) {
    const roundStartedMs = performance.now();
    if (roundStartedMs - startedMs + longestMs > limitMs) {
      say(`After ${round - 1} rounds another would end later than ${options.minutes} minutes.`);
      break;
    }
    for (const row of rows) {
      if (round > (row.roundsMax ?? options.rounds)) continue;
      const run = await row.run();
      measured.push({ ...run, round });
      say(`round ${round}  ${row.name}  ${Math.round(run.perSecond).toLocaleString('en')}/s`);
    }
    longestMs = Math.max(longestMs, performance.now() - roundStartedMs);
  }
  return measured;
}

function words(outcome: Outcome, options: Options, mailBytes: number): string {
  const { machine, commit, bars } = outcome;
  const verdict = (met: boolean | null) => (met === null ? 'not run' : met ? 'met' : 'MISSED');
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB; ${machine.os}; Node ${machine.node}, Postgres ${machine.postgres}, Redis ${machine.redis}; commit ${commit}; ${mailBytes} bytes a mail`,
    '',
    ...table(lines(outcome, options)),
    '',
    ...table([['bar', 'value', ''], ...bars.map(({ bar, value, met }) => [bar, value ?? '–', verdict(met)])]),
  ].join('\n');
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new Error('interrupted'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
