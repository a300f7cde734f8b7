import { sql } from 'kysely';
import type { Outcome } from './scenario.ts';
import type { Stage } from './stage.ts';

/** A scenario's last line, as the JSON has it. */
export interface Row {
  scenario: string;
  planned: number;
  /** Different recipients in the sink's log. */
  unique: number;
  /** Messages in the sink's log beyond the first of each recipient. */
  duplicates: number;
  /** Planned, and neither in the sink nor refused, skipped, cancelled or unknown in the books. */
  missing: number;
  unknown: number;
  refused: number;
  skipped: number;
  cancelled: number;
  /** Open at the fault. */
  connections: number;
  ok: boolean;
  problems: string[];
  seconds: number;
}

const accountedFor = ['refused', 'skipped', 'cancelled', 'unknown'];

/** Holds the rows of the send against the sink's log, person by person. */
export async function tally(stage: Stage, outcome: Outcome): Promise<Omit<Row, 'scenario' | 'seconds'>> {
  const { rows } = await sql<{ email: string; state: string }>`
    select s.email, d.state from deliveries d join subscribers s on s.id = d.subscriber_id
    where d.edition_id = ${stage.editionId}`.execute(stage.database.db);
  const taken = await stage.sink.taken();
  const inSink = new Set(taken.map((one) => one.recipient));
  const states = new Map(rows.map((one) => [one.email, one.state]));
  const count = (state: string) => rows.filter((one) => one.state === state).length;
  const figures = {
    planned: rows.length,
    unique: inSink.size,
    duplicates: taken.length - inSink.size,
    missing: rows.filter((one) => !inSink.has(one.email) && !accountedFor.includes(one.state)).length,
    unknown: count('unknown'),
    refused: count('refused'),
    skipped: count('skipped'),
    cancelled: count('cancelled'),
    connections: outcome.connections,
  };
  const unknownMax = outcome.unknownMax ?? 2 * outcome.connections;
  const problems = [...new Set(stage.books.problems), ...(outcome.problems ?? [])];
  const expect = (holds: boolean, words: string) => {
    if (!holds) problems.push(words);
  };
  expect(figures.planned === stage.readers, `${figures.planned} of ${stage.readers} were planned`);
  expect(figures.duplicates === 0, `${figures.duplicates} got it twice`);
  expect(figures.missing === 0, `${figures.missing} are not accounted for`);
  expect(figures.unknown <= unknownMax, `${figures.unknown} are unknown, more than ${unknownMax}`);
  const wrong = [...inSink].filter(
    (email) => !['accepted', 'unknown'].includes(states.get(email) ?? 'nobody'),
  );
  expect(wrong.length === 0, `${wrong.length} in the sink are ${states.get(wrong[0] ?? '') ?? 'strangers'}`);
  const messageIds = new Set(taken.map((one) => one.messageId));
  expect(messageIds.size === inSink.size, `${messageIds.size} Message-IDs for ${inSink.size} recipients`);
  expect(stage.books.looks > 0, 'the books were never seen');
  const books = await bookSums(stage);
  for (const state of ['accepted', 'deferred', 'refused', 'skipped', 'unknown', 'cancelled']) {
    expect(books[state] === count(state), `the books say ${books[state]} ${state}, the rows ${count(state)}`);
  }
  return { ...figures, ok: problems.length === 0, problems };
}

async function bookSums(stage: Stage): Promise<Record<string, number>> {
  const { rows } = await sql<Record<string, number>>`
    select coalesce(sum(accepted), 0)::int as accepted, coalesce(sum(deferred), 0)::int as deferred, coalesce(sum(refused), 0)::int as refused,
      coalesce(sum(skipped), 0)::int as skipped, coalesce(sum(unknown), 0)::int as unknown, coalesce(sum(cancelled), 0)::int as cancelled
    from send_counts where edition_id = ${stage.editionId}`.execute(stage.database.db);
  return rows[0] ?? {};
}
