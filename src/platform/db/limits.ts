import { sql } from 'kysely';
import { gather } from '../../lib/gather.ts';
import type { Db } from './database.ts';
import { preparedOnce } from './prepared.ts';

/**
 * Counts an act and tells how often it happened within the window, this time included. The window slides by two buckets: the
 * current one in full, the one before it by the share that the window still covers. So it is exact while everything falls
 * into one bucket, and never lets twice the limit pass at a border. Counted in the ledger: it holds across processes, on both
 * queues, and survives an emptied Redis. Acts of one moment are counted in one statement. Outside a transaction the count does not
 * wait for the disk: a crash of Postgres may forget the acts of its last second.
 *
 * The key is stored as it is, so it holds no mail address: pass a fingerprint. `by: 0` asks without counting.
 */
export async function countWithin(db: Db, key: string, windowMs: number, now: Date, by = 1): Promise<number> {
  const startMs = Math.floor(now.getTime() / windowMs) * windowMs;
  const found = await countTogether(db, { key, startMs, windowMs, by });
  const shareStillInside = 1 - (now.getTime() - startMs) / windowMs;
  return found.current + Math.round(found.before * shareStillInside);
}

interface Act {
  key: string;
  startMs: number;
  windowMs: number;
  by: number;
}

/** A bucket and the one before it. */
interface Found {
  current: number;
  before: number;
}

const actsMax = 200;

const countTogether = gather<Db, Act, Found>(
  async (db, acts) => {
    const buckets = new Map<string, { bucket: Act; acts: Act[] }>();
    for (const act of acts) {
      const name = `${act.startMs} ${act.windowMs} ${act.key}`;
      const known = buckets.get(name);
      if (known) known.acts.push(act);
      else buckets.set(name, { bucket: act, acts: [act] });
    }
    const all = [...buckets.values()];
    const { rows } = await countBuckets(db, {
      asked: JSON.stringify(all.map(toBucket)),
      alone: !db.isTransaction,
    });
    const found = new Map<Act, Found>();
    for (const { nth, current, before } of rows) {
      let still = current;
      // The last of them has seen all others.
      for (const act of all[nth]?.acts.reverse() ?? []) {
        found.set(act, { current: still, before });
        still -= act.by;
      }
    }
    return acts.map((act) => found.get(act) ?? { current: 0, before: 0 });
  },
  { callsMax: actsMax },
);

function toBucket({ bucket, acts }: { bucket: Act; acts: readonly Act[] }, nth: number) {
  const { key, startMs, windowMs } = bucket;
  return {
    nth,
    key,
    current_start: new Date(startMs),
    before_start: new Date(startMs - windowMs),
    expires_at: new Date(startMs + 2 * windowMs),
    times: acts.reduce((sum, { by }) => sum + by, 0),
  };
}

/** In the order of the keys, so that two processes never wait for each other. */
const countBuckets = preparedOnce<{ asked: string; alone: boolean }, Found & { nth: number }>(
  'count-buckets',
  (v) => sql`
    with asked as materialized (
      select * from json_to_recordset(${v.asked}::json) as asked(
        nth int, key text, current_start timestamptz, before_start timestamptz, expires_at timestamptz, times int)
    ), unhurried as materialized (
      select set_config('synchronous_commit', 'off', true) where ${v.alone}::boolean
    ), counted as (
      insert into limits (key, window_start, n, expires_at)
      select key, current_start, times, expires_at from asked where times > 0 order by key, current_start
      on conflict (key, window_start) do update set n = limits.n + excluded.n
      returning key, window_start, n
    )
    select nth,
      coalesce(counted.n, (select n from limits where key = asked.key and window_start = current_start), 0) as current,
      coalesce((select n from limits where key = asked.key and window_start = before_start), 0) as before
    from asked left join counted on counted.key = asked.key and counted.window_start = current_start
      left join unhurried on true`,
);

/** Removes counters that no window reaches any more. Safe to run at any time. */
export async function pruneLimits(db: Db, now: Date): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom('limits').where('expires_at', '<=', now).executeTakeFirst();
  return Number(numDeletedRows);
}
