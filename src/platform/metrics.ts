/** What may stand on the metrics page, and what each means: the whole catalogue. */
const families = {
  dateline_deliveries_total: [
    'counter',
    'Deliveries settled by this process, by lane and what they came to.',
  ],
  dateline_smtp_transactions_total: [
    'counter',
    'SMTP transactions of this process, by relay, phase of the answer and its class.',
  ],
  dateline_smtp_reply_seconds: [
    'histogram',
    'From the moment a message is written until its answer, by relay.',
  ],
  dateline_settle_seconds: [
    'histogram',
    'How long it takes to write a window of answers down and to claim the next.',
  ],
  dateline_sign_ups_total: ['counter', 'Sign-ups answered by this process, by what was answered.'],
  dateline_smtp_connections: ['gauge', 'Open SMTP connections of this process, by pool.'],
  dateline_smtp_in_flight: ['gauge', 'Messages of this process whose outcome is open, by pool.'],
  dateline_database_connections: ['gauge', 'Database connections of this process, by use.'],
  dateline_database_waiting: ['gauge', 'Callers of this process that wait for a database connection.'],
  dateline_queue_jobs: ['gauge', 'Bells in the queue, by queue and state.'],
  dateline_batches_waiting: ['gauge', 'Batches that are due and in nobody’s hands.'],
  dateline_oldest_batch_seconds: ['gauge', 'How long the batch that waits longest has been due.'],
  dateline_letters_waiting: ['gauge', 'Letters that are due or to be tried again.'],
  dateline_oldest_letter_seconds: ['gauge', 'How long the letter that waits longest has been due.'],
  dateline_deliveries_open: ['gauge', 'Deliveries of sends under way that are queued or deferred.'],
  dateline_sends_paused: ['gauge', 'Sends that are paused, by themselves or by a person, and wait for one.'],
  dateline_workers: ['gauge', 'Worker processes that live.'],
  process_cpu_seconds_total: ['counter', 'User and system time of this process.'],
  process_resident_memory_bytes: ['gauge', 'Memory of this process.'],
  process_start_time_seconds: ['gauge', 'When this process started, since 1970.'],
} as const satisfies Record<string, readonly ['counter' | 'histogram' | 'gauge', string]>;

export type Family = keyof typeof families;
type Of<Kind> = { [F in Family]: (typeof families)[F][0] extends Kind ? F : never }[Family];
export type Labels = Readonly<Record<string, string>>;

/** One number that is asked when the page is read. */
export interface Sample {
  name: Of<'gauge'> | Of<'counter'>;
  labels?: Labels;
  value: number;
}

export interface Metrics {
  /** Labels take few values: a lane or a relay, never an address, a domain or an id. */
  count(name: Of<'counter'>, labels: Labels, by?: number): void;
  observe(name: Of<'histogram'>, labels: Labels, seconds: number): void;
  /** Adds numbers that are read anew each time the page is. */
  onRead(read: () => Sample[]): void;
  /** The page, in the text format 0.0.4 of Prometheus; `more` is known to the caller alone. */
  text(more?: readonly Sample[]): string;
}

/** From a local server's answer to one that only a timeout ends. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

interface Histogram {
  labels: Labels;
  counts: number[];
  sum: number;
  count: number;
}

/** Counts what this process does, in its memory: from zero at each start, as Prometheus expects. */
export function openMetrics(): Metrics {
  const counters = new Map<string, Sample>();
  const histograms = new Map<string, Histogram & { name: Family }>();
  const reads: (() => Sample[])[] = [];
  return {
    count: (name, labels, by = 1) => {
      const key = keyOf(name, labels);
      const counter = counters.get(key) ?? { name, labels, value: 0 };
      counter.value += by;
      counters.set(key, counter);
    },
    observe: (name, labels, seconds) => {
      const key = keyOf(name, labels);
      const known = histograms.get(key);
      const histogram = known ?? { name, labels, counts: buckets.map(() => 0), sum: 0, count: 0 };
      if (!known) histograms.set(key, histogram);
      histogram.sum += seconds;
      histogram.count += 1;
      const at = buckets.findIndex((most) => seconds <= most);
      if (at >= 0) histogram.counts[at] = (histogram.counts[at] ?? 0) + 1;
    },
    onRead: (read) => void reads.push(read),
    text: (more = []) => {
      const lines = new Map<Family, string[]>();
      const add = (name: Family, line: string) => {
        const known = lines.get(name);
        if (known) known.push(line);
        else lines.set(name, [line]);
      };
      for (const { name, labels = {}, value } of [
        ...counters.values(),
        ...reads.flatMap((read) => read()),
        ...more,
      ]) {
        add(name, `${name}${written(labels)} ${value}`);
      }
      for (const { name, ...histogram } of histograms.values()) {
        for (const line of histogramLines(name, histogram)) add(name, line);
      }
      return [...lines].map(([name, of]) => `${headOf(name)}${of.join('\n')}\n`).join('');
    },
  };
}

function headOf(name: Family): string {
  const [type, help] = families[name];
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

/** Buckets hold everything up to their bound, so each contains those before it. */
function histogramLines(name: Family, { labels, counts, sum, count }: Histogram): string[] {
  let upTo = 0;
  const lines = buckets.map((most, at) => {
    upTo += counts[at] ?? 0;
    return `${name}_bucket${written({ ...labels, le: String(most) })} ${upTo}`;
  });
  return [
    ...lines,
    `${name}_bucket${written({ ...labels, le: '+Inf' })} ${count}`,
    `${name}_sum${written(labels)} ${sum}`,
    `${name}_count${written(labels)} ${count}`,
  ];
}

/** Several are counted for each mail: this is a tenth of what it costs to write the labels down. */
function keyOf(name: Family, labels: Labels): string {
  let key: string = name;
  for (const label in labels) key += `\n${label}\n${labels[label]}`;
  return key;
}

function written(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
