import { readConfig } from '../src/config.ts';
import { findTool, openSmtpSink, runSinkCeiling, runSource } from './ceiling.ts';
import { type EngineRow, runEngine } from './engine.ts';
import type { Ground } from './ground.ts';
import { runLetters } from './letters.ts';
import type { Newsroom } from './newsroom.ts';
import type { Options, Part } from './options.ts';
import type { Figures, Run } from './result.ts';
import { runPages, runRush } from './sign-ups.ts';
import { makeDkimKey, runSigning } from './signing.ts';
import { openSink } from './sink.ts';
import { runUsual } from './usual.ts';
import { runWaiting } from './waiting.ts';

/** One row of the table: it runs once in each round, up to `roundsMax`. */
export interface Row {
  name: string;
  part: Part;
  roundsMax?: number;
  run(): Promise<Run>;
}

export interface Plan {
  rows: Row[];
  skipped: { name: string; reason: string }[];
  /** What a row found out besides its rate, by the name of its bar: one value for each time it ran. */
  figures: Figures;
}

/** One connection per ten thousandth of a second would be none: what the latency rows are compared with. */
export const latencyConnections = 10;
export const latencyMs = [5, 20] as const;
const latencySeconds = 6;
/** The usual pipeline is so much slower that fewer mails tell as much. */
const usualShare = 10;
const usualReadersMin = 200;
const million = 1_000_000;

/** The rows that were asked for, in the order in which a round takes them: what is compared runs side by side. */
export function planRows(
  ground: Ground,
  newsroom: Newsroom,
  { options, body }: { options: Options; body: string },
): Plan {
  const plan: Plan = { rows: [], skipped: [], figures: {} };
  const { readers } = options;
  const engine = (part: Part, row: EngineRow, roundsMax?: number): void => {
    plan.rows.push({
      name: row.name,
      part,
      run: () => runEngine(ground, newsroom, row),
      ...(roundsMax ? { roundsMax } : {}),
    });
  };
  engine('engine', { name: 'engine-1', workers: 1, readers });
  engine('engine', { name: 'engine-2', workers: 2, readers });
  engine('engine', { name: 'engine-2-10', workers: 2, readers, env: { SMTP_CONNECTIONS: '10' } });
  addCeiling(plan, ground, newsroom, { readers, body });
  const usual = {
    name: 'usual-2',
    workers: 2,
    connections: options.connections,
    readers: Math.max(usualReadersMin, Math.round(readers / usualShare)),
  };
  plan.rows.push({ name: usual.name, part: 'usual', run: () => runUsual(ground, newsroom, usual) });
  addDkim(plan, ground, newsroom, { readers, body });
  addLatency(plan, ground, newsroom);
  engine('sizes', { name: 'engine-10k', workers: 2, readers: 10_000 }, 3);
  engine('sizes', { name: 'engine-100k', workers: 2, readers: 100_000 }, 3);
  const letters = { name: 'letters', workers: 2, readers: 100_000 };
  plan.rows.push({
    name: letters.name,
    part: 'letters',
    roundsMax: 1,
    run: async () => {
      const { run, p95Ms } = await runLetters(ground, newsroom, letters);
      note(plan.figures, { lettersP95Ms: p95Ms });
      return run;
    },
  });
  addSignUps(plan, ground, newsroom);
  for (const [name, size] of [
    ['waiting-100k', 100_000],
    ...(options.million ? [['waiting-1m', million]] : []),
  ] as [string, number][]) {
    plan.rows.push({
      name,
      part: 'sizes',
      roundsMax: 1,
      run: () => runWaiting(ground, newsroom, { name, readers: size }),
    });
  }
  const rhythms = { name: 'rhythms-100k', readers: 100_000, rhythms: true };
  plan.rows.push({
    name: rhythms.name,
    part: 'sizes',
    roundsMax: 1,
    run: () => runWaiting(ground, newsroom, rhythms),
  });
  if (options.million) engine('sizes', { name: 'engine-1m', workers: 2, readers: million }, 1);
  plan.rows = plan.rows.filter((row) => options.only.has(row.part));
  plan.skipped = plan.skipped.filter(({ name }) => options.only.has(partOfSkipped(name)));
  return plan;
}

function addSignUps({ rows, figures }: Plan, ground: Ground, newsroom: Newsroom): void {
  const [pages, rush] = ['pages', 'sign-ups'];
  rows.push({
    name: pages,
    part: 'sign-ups',
    roundsMax: 1,
    run: async () => {
      const { run, signUpP95Ms, pageBytesMax } = await runPages(ground, pages);
      note(figures, { signUpP95Ms, pageBytesMax });
      return run;
    },
  });
  rows.push({
    name: rush,
    part: 'sign-ups',
    roundsMax: 1,
    run: async () => {
      const run = await runRush(ground, newsroom, rush);
      note(figures, { signUpsPerSecond: run.perSecond });
      return run;
    },
  });
}

function note(figures: Figures, found: Record<string, number>): void {
  for (const [name, value] of Object.entries(found)) figures[name] = [...(figures[name] ?? []), value];
}

function addCeiling(
  plan: Plan,
  ground: Ground,
  newsroom: Newsroom,
  { readers, body }: { readers: number; body: string },
): void {
  const { dir, sink } = ground;
  // Short runs tell little about a generator that takes tens of thousands a second.
  const messages = Math.max(readers, 20_000);
  const source = findTool('smtp-source');
  const smtpSink = findTool('smtp-sink');
  const add = (name: string, run: () => Promise<Run>) => plan.rows.push({ name, part: 'ceiling', run });
  if (source) add('source', () => runSource('source', source, { port: sink.port, messages, body, dir }));
  else plan.skipped.push({ name: 'source', reason: 'no smtp-source (Debian: apt install postfix)' });
  add('sink', () => runSinkCeiling('sink', { url: sink.url, messages, body, dir }));
  if (!source || !smtpSink) {
    plan.skipped.push({ name: 'source-smtp-sink', reason: 'no smtp-sink (Debian: apt install postfix)' });
    return;
  }
  const into = async (run: (sink: { url: string; port: number }) => Promise<Run>): Promise<Run> => {
    const slow = await openSmtpSink(smtpSink);
    try {
      return await run(slow);
    } finally {
      await slow.end();
    }
  };
  add('source-smtp-sink', () =>
    into(({ port }) => runSource('source-smtp-sink', source, { port, messages: readers, body, dir })),
  );
  add('engine-2-smtp-sink', () =>
    into(({ url }) =>
      runEngine(ground, newsroom, { name: 'engine-2-smtp-sink', workers: 2, readers, sink: { url } }),
    ),
  );
}

function addDkim(
  plan: Plan,
  ground: Ground,
  newsroom: Newsroom,
  { readers, body }: { readers: number; body: string },
): void {
  const { key, env } = makeDkimKey(ground.dir);
  if (!('dkim' in readConfig(ground.workerEnv(ground.sink.url, env)))) {
    plan.skipped.push({ name: 'dkim-2', reason: 'this version of the program does not sign' });
    return;
  }
  const row = { name: 'dkim-2', workers: 2, readers, env, dkim: true };
  plan.rows.push(
    { name: 'signing', part: 'dkim', run: () => runSigning('signing', key, body) },
    { name: row.name, part: 'dkim', run: () => runEngine(ground, newsroom, row) },
  );
}

function addLatency(plan: Plan, ground: Ground, newsroom: Newsroom): void {
  for (const queueMs of latencyMs) {
    const name = `latency-${queueMs}`;
    const readers = (latencySeconds * 1_000 * latencyConnections) / queueMs;
    plan.rows.push({
      name,
      part: 'latency',
      run: async () => {
        const sink = await openSink(ground.sinkProgram, { queueMs });
        try {
          const env = { SMTP_CONNECTIONS: String(latencyConnections) };
          return await runEngine(ground, newsroom, { name, workers: 1, readers, sink, env });
        } finally {
          await sink.close();
        }
      },
    });
  }
}

function partOfSkipped(name: string): Part {
  return name === 'dkim-2' ? 'dkim' : 'ceiling';
}
