import type { Options } from './options.ts';
import { type Bar, type Figures, type Measured, median, type Outcome, type Run } from './result.ts';
import { latencyConnections, latencyMs } from './rows.ts';

type Ratios = Record<string, number | null>;

/** The medians of a run's rounds, what they are to each other, and which promises hold. Nothing is left out. */
export function report(
  measured: readonly Measured[],
  figures: Figures,
): Pick<Outcome, 'runs' | 'ratios' | 'bars'> {
  const ratios = ratiosOf(measured, figures);
  return { runs: medians(measured), ratios, bars: barsOf(ratios) };
}

function medians(measured: readonly Measured[]): Outcome['runs'] {
  const names = [...new Set(measured.map((one) => one.name))];
  return names.map((name) => {
    const rounds = measured.filter((one) => one.name === name);
    const of = (read: (run: Run) => number | null): number | null => {
      const values = rounds.map(read).filter((value) => value !== null);
      return values.length > 0 ? tidy(median(values)) : null;
    };
    const rates = rounds.map((one) => one.perSecond);
    const [first] = rounds as [Measured];
    return {
      name,
      workers: first.workers,
      dkim: first.dkim,
      readers: first.readers,
      perSecond: of((run) => run.perSecond) ?? 0,
      perSecondRange: [tidy(Math.min(...rates)), tidy(Math.max(...rates))],
      cpuUsPerMail: {
        worker: of((run) => run.cpuUsPerMail.worker),
        postgres: of((run) => run.cpuUsPerMail.postgres),
        redis: of((run) => run.cpuUsPerMail.redis),
      },
      rssMb: of((run) => run.rssMb),
      firstMailMs: of((run) => run.firstMailMs),
      mailBytes: of((run) => run.mailBytes),
      redisBytes: of((run) => run.redisBytes),
      walBytes: of((run) => run.walBytes),
      rounds: rounds.length,
    };
  });
}

/** Each is taken within a round, where the machine was the same for both, and then the median of the rounds. */
function ratiosOf(measured: readonly Measured[], figures: Figures): Ratios {
  const inRounds = (read: (run: (name: string) => Run) => number | null): number | null => {
    const rounds = [...new Set(measured.map((one) => one.round))];
    const values = rounds.map((round) => {
      try {
        return read((name) => need(measured, name, round));
      } catch (error) {
        if (error instanceof Missing) return null;
        throw error;
      }
    });
    const there = values.filter((value) => value !== null && Number.isFinite(value)) as number[];
    return there.length > 0 ? round3(median(there)) : null;
  };
  const any = (name: string) => measured.find((one) => one.name === name);
  const engines = measured.filter((one) => one.rssMb !== null && !one.name.startsWith('usual'));
  const waiting = any('waiting-1m') ?? any('waiting-100k');
  const [hundred, millionRun] = [any('engine-100k'), any('engine-1m')];
  return {
    cpuVsUsual: inRounds((run) => worker(run('usual-2')) / worker(run('engine-2'))),
    rateVsUsual: inRounds((run) => run('engine-2').perSecond / run('usual-2').perSecond),
    rateVsCeiling: inRounds((run) => run('engine-2').perSecond / run('source').perSecond),
    rateVsSmtpSink: inRounds(
      (run) => run('engine-2-smtp-sink').perSecond / run('source-smtp-sink').perSecond,
    ),
    sinkVsCeiling: inRounds((run) => run('sink').perSecond / run('source').perSecond),
    ...Object.fromEntries(
      latencyMs.map((ms) => [
        `latency${ms}`,
        inRounds((run) => (run(`latency-${ms}`).perSecond * ms) / (latencyConnections * 1_000)),
      ]),
    ),
    // Signing comes on top of what a mail costs without it: the times of both add up.
    dkimVsSigning: inRounds(
      (run) => run('dkim-2').perSecond * (1 / run('signing').perSecond + 1 / run('engine-2').perSecond),
    ),
    costAtMillion: hundred && millionRun ? round3(cost(millionRun) / cost(hundred)) : null,
    rssMb: engines.length > 0 ? tidy(Math.max(...engines.map((one) => one.rssMb ?? 0))) : null,
    redisBytesPerMillion: waiting
      ? Math.round(((waiting.redisBytes ?? 0) * 1_000_000) / waiting.readers)
      : null,
    firstMailMsAtMillion: millionRun?.firstMailMs ? tidy(millionRun.firstMailMs) : null,
    ...Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, tidy(median(values))])),
  };
}

function barsOf(ratios: Ratios): Bar[] {
  const bar = (name: string, words: string, holds: (value: number) => boolean): Bar => {
    const value = ratios[name] ?? null;
    return { name, bar: words, value, met: value === null ? null : holds(value) };
  };
  const atLeast = (name: string, min: number, words: string) =>
    bar(name, `${words} ≥ ${min}`, (value) => value >= min);
  const atMost = (name: string, max: number, words: string) =>
    bar(name, `${words} ≤ ${max}`, (value) => value <= max);
  return [
    atLeast('cpuVsUsual', 40, 'worker CPU per mail of the usual pipeline / of the engine'),
    atLeast('rateVsCeiling', 0.8, 'rate with two workers / smtp-source, into the fast sink'),
    atLeast('rateVsSmtpSink', 0.9, 'rate with two workers / smtp-source, into smtp-sink'),
    ...latencyMs.map((ms) => atLeast(`latency${ms}`, 0.85, `rate / (connections / ${ms} ms)`)),
    atLeast('dkimVsSigning', 0.8, 'rate with RSA-2048 / what the machine’s signing allows'),
    atMost('costAtMillion', 1.15, 'CPU per mail at 1,000,000 / at 100,000'),
    atMost('rssMb', 250, 'MB of a worker'),
    atMost('redisBytesPerMillion', 5_000_000, 'bytes in Redis for a million waiting'),
    atMost('firstMailMsAtMillion', 2_000, 'ms from “send” to the first mail, of 1,000,000'),
    atMost('lettersP95Ms', 10_000, 'ms, p95 of confirmation mails while 100,000 go out'),
    atMost('signUpP95Ms', 20, 'ms, p95 of form, sign-up and the page after it, 100 of each a second'),
    atMost('pageBytesMax', 30_000, 'bytes of the largest of these pages'),
    atLeast('signUpsPerSecond', 1_000, 'sign-ups a second while 500 mails a second go out'),
  ];
}

/** A row that did not run in this round. */
class Missing extends Error {}

function need(measured: readonly Measured[], name: string, round: number): Run {
  const run = measured.find((one) => one.name === name && one.round === round);
  if (!run) throw new Missing(name);
  return run;
}

function worker(run: Run): number {
  return run.cpuUsPerMail.worker ?? Number.NaN;
}

function cost({ cpuUsPerMail: { worker, postgres, redis } }: Run): number {
  return (worker ?? 0) + (postgres ?? 0) + (redis ?? 0);
}

function tidy(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 10) / 10;
}

function round3(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

/** The outcome for people. */
export function lines(outcome: Outcome, options: Options): string[][] {
  const cell = (value: number | null) => (value === null ? '–' : value.toLocaleString('en'));
  const per100k = (value: number | null, readers: number) =>
    cell(value === null ? null : Math.round((value * 100_000) / readers));
  const heading = [
    'row',
    'readers',
    'rounds',
    'mails/s',
    'of',
    'worker µs',
    'postgres µs',
    'redis µs',
    'RSS MB',
    'first ms',
    'mail B',
    'redis B/100k',
    'WAL B/100k',
  ];
  const rows = outcome.runs.map((run) => [
    run.name,
    cell(run.readers),
    `${run.rounds}/${options.rounds}`,
    cell(run.perSecond),
    run.perSecondRange.map(cell).join('–'),
    cell(run.cpuUsPerMail.worker),
    cell(run.cpuUsPerMail.postgres),
    cell(run.cpuUsPerMail.redis),
    cell(run.rssMb),
    cell(run.firstMailMs),
    cell(run.mailBytes),
    per100k(run.redisBytes, run.readers),
    per100k(run.walBytes, run.readers),
  ]);
  return [heading, ...rows];
}
