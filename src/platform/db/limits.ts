import { sql } from 'kysely';
import type { Db } from './database.ts';
import { preparedOnce } from './prepared.ts';

/**
 * Counts an act and tells how often it happened within the window, this time included. The window slides by two buckets: the
 * current one in full, the one before it by the share that the window still covers. So it is exact while everything falls
 * into one bucket, and never lets twice the limit pass at a border. One statement on the ledger: it holds across processes,
 * on both queues, and survives an emptied Redis.
 *
 * The key is stored as it is, so it holds no mail address: pass a fingerprint. `by: 0` asks without counting.
 */
export async function countWithin(db: Db, key: string, windowMs: number, now: Date, by = 1): Promise<number> {
  const startMs = Math.floor(now.getTime() / windowMs) * windowMs;
  const current = new Date(startMs);
  const before = new Date(startMs - windowMs);
  const expiresAt = new Date(startMs + 2 * windowMs);
  const values = { key, current, before, expiresAt, by };
  const { rows } = await (by === 0 ? askWithin(db, values) : addWithin(db, values));
  const found = rows[0] ?? { current: 0, before: 0 };
  const shareStillInside = 1 - (now.getTime() - startMs) / windowMs;
  return found.current + Math.round(found.before * shareStillInside);
}

interface Values {
  key: string;
  current: Date;
  before: Date;
  expiresAt: Date;
  by: number;
}

type Found = { current: number; before: number };

const addWithin = preparedOnce<Values, Found>(
  'add-within',
  (v) => sql`
    with counted as (
      insert into limits (key, window_start, n, expires_at) values (${v.key}, ${v.current}, ${v.by}, ${v.expiresAt})
      on conflict (key, window_start) do update set n = limits.n + excluded.n returning n
    )
    select coalesce((select n from counted), 0) as current, ${before(v)} as before`,
);

const askWithin = preparedOnce<Values, Found>(
  'ask-within',
  (v) => sql`
    select coalesce((select n from limits where key = ${v.key} and window_start = ${v.current}), 0) as current,
      ${before(v)} as before`,
);

function before(v: Values) {
  return sql`coalesce((select n from limits where key = ${v.key} and window_start = ${v.before}), 0)`;
}

/** Removes counters that no window reaches any more. Safe to run at any time. */
export async function pruneLimits(db: Db, now: Date): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom('limits').where('expires_at', '<=', now).executeTakeFirst();
  return Number(numDeletedRows);
}
