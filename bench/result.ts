/** One row of the outcome: the median of its rounds. What a row has nothing to say about is null. */
export interface Run {
  name: string;
  workers: number;
  dkim: boolean;
  readers: number;
  /** From "send" until the last mail is written down in the books. */
  perSecond: number;
  /** Workers, Postgres and Redis apart, in µs of processor time. */
  cpuUsPerMail: { worker: number | null; postgres: number | null; redis: number | null };
  /** The largest resident set that one worker process reached. */
  rssMb: number | null;
  /** From "send" until the first mail is in the sink. */
  firstMailMs: number | null;
  /** Of one mail as it came in: headers, both parts and the final dot or chunk. */
  mailBytes: number | null;
  /** How much more memory Redis used at its peak. */
  redisBytes: number | null;
  walBytes: number | null;
}

/** A run as it was measured once. */
export interface Measured extends Run {
  round: number;
}

/** What was found out besides rates, by name: a value for each time. */
export type Figures = Record<string, number[]>;

/** A promise of the project about a ratio or a bound; `value` is null when its rows did not run. */
export interface Bar {
  name: string;
  bar: string;
  value: number | null;
  met: boolean | null;
}

export interface Outcome {
  machine: Machine;
  commit: string;
  takenAt: string;
  runs: (Run & { rounds: number; perSecondRange: [number, number] })[];
  ratios: Record<string, number | null>;
  bars: Bar[];
  /** Rows that did not run, and why. */
  skipped: { name: string; reason: string }[];
}

export interface Machine {
  cpu: string;
  cores: number;
  memoryGb: number;
  os: string;
  node: string;
  postgres: string;
  redis: string;
}

/** A row with nothing measured but its rate: a generator that is not ours. */
export function bareRun(name: string, readers: number, perSecond: number): Run {
  return {
    name,
    workers: 0,
    dkim: false,
    readers,
    perSecond,
    cpuUsPerMail: { worker: null, postgres: null, redis: null },
    rssMb: null,
    firstMailMs: null,
    mailBytes: null,
    redisBytes: null,
    walBytes: null,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
