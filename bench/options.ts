import { Command, InvalidArgumentError } from 'commander';
import { version } from '../src/lib/version.ts';

export const parts = [
  'engine',
  'usual',
  'ceiling',
  'dkim',
  'latency',
  'sizes',
  'letters',
  'sign-ups',
] as const;
export type Part = (typeof parts)[number];

export interface Options {
  only: ReadonlySet<Part>;
  /** Of the rows that have no size of their own. */
  readers: number;
  rounds: number;
  /** Adds the rows with 1,000,000 readers, and lifts the limit of time. */
  million: boolean;
  /** Where the outcome is written as JSON. */
  json: string | undefined;
  minutes: number;
  /** Of each worker process, the usual pipeline's too. */
  connections: number;
  /** Where the program’s workers and web processes leave their CPU profiles. */
  profile: string | undefined;
}

/** Reads the command line. @throws CommanderError for what it cannot read, after saying how it is used. */
export function readOptions(argv: readonly string[]): Options {
  const program = new Command('npm run bench --')
    .description('What a mail costs, beside the usual pipeline and the fastest generator, in one run')
    .version(version)
    .option('--only <parts>', `some of ${parts.join(',')} (default: all)`, readParts)
    .option('--readers <n>', 'of the rows that have no size of their own', readWhole(100, 1_000_000), 20_000)
    .option('--rounds <n>', 'rounds, in each of which every row runs once', readWhole(1, 50), 5)
    .option('--connections <n>', 'SMTP connections of each worker process', readWhole(1, 200), 50)
    .option('--minutes <n>', 'begin no further round that would end later', readWhole(1, 240), 10)
    .option('--million', 'also 1,000,000 readers; takes as long as it takes')
    .option(
      '--profile <dir>',
      'let the engine’s workers and web processes write CPU profiles there, at some cost',
    )
    .option('--json <file>', 'write the outcome there')
    .allowExcessArguments(false)
    .showHelpAfterError()
    .exitOverride();
  program.parse(argv, { from: 'user' });
  const { only, readers, rounds, minutes, connections, million, profile, json } = program.opts<
    Omit<Partial<Options>, 'only'> & { only?: Part[] } & Pick<
        Options,
        'readers' | 'rounds' | 'minutes' | 'connections'
      >
  >();
  return {
    only: new Set(only ?? parts),
    readers,
    rounds,
    minutes,
    connections,
    million: million ?? false,
    profile,
    json,
  };
}

function readParts(text: string): Part[] {
  return text.split(',').map((name) => {
    const part = parts.find((one) => one === name.trim());
    if (!part) throw new InvalidArgumentError(`The parts are ${parts.join(', ')}.`);
    return part;
  });
}

function readWhole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`A whole number from ${min} to ${max}.`);
  };
}
