import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { schemaState } from '../platform/db/migrate.ts';

export interface Health {
  ready: boolean;
  database: 'ok' | 'down';
  queue: 'ok' | 'down';
  schema: 'current' | 'old' | 'newer' | 'unknown';
}

const answerTimeoutMs = 2_000;

/** Whether this process could serve now: database, queue and schema, each asked for at most 2 s. */
export async function health(ctx: Context): Promise<Health> {
  const database = within(sql`select 1`.execute(ctx.db));
  const queue = within(ctx.queues.ping());
  const schema = within(schemaState(ctx.db));
  const [isUp, rings, state] = await Promise.all([database, queue, schema]);
  const known = state.kind === 'ok' ? state.value.kind : 'unknown';
  return {
    ready: isUp.kind === 'ok' && rings.kind === 'ok' && known === 'current',
    database: isUp.kind === 'ok' ? 'ok' : 'down',
    queue: rings.kind === 'ok' ? 'ok' : 'down',
    schema: known,
  };
}

type Asked<T> = { kind: 'ok'; value: T } | { kind: 'down' };

async function within<T>(answer: Promise<T>): Promise<Asked<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Asked<T>>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'down' }), answerTimeoutMs);
  });
  const asked = answer.then(
    (value): Asked<T> => ({ kind: 'ok', value }),
    (): Asked<T> => ({ kind: 'down' }),
  );
  const outcome = await Promise.race([asked, late]);
  clearTimeout(timer);
  return outcome;
}
