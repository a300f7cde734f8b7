import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { findPublisher, listNewsletters } from '../newsletters/find.ts';
import { verifyRelay } from '../platform/mail/verify-relay.ts';
import { livingWorkers } from '../platform/queue/workers.ts';
import { examineDkim } from './examine-dkim.ts';
import { type Finding, finding } from './finding.ts';
import { health } from './health.ts';
import { relayAdvice } from './relay-advice.ts';

const clockOffMsMax = 2_000;
/** A person waits; a server that greets later than this is no use to a send either. */
const relayTimeouts = { connectMs: 10_000, greetingMs: 20_000 };
const rescueSilentMsMax = 3 * 60_000;

/** Looks at everything the installation needs, each thing for itself. Changes nothing; sends no mail. */
export async function examine(ctx: Context): Promise<Finding[]> {
  const state = await health(ctx);
  return [
    finding(
      'database',
      state.database === 'ok',
      state.database,
      'Check DATABASE_URL and whether the server runs.',
    ),
    finding('schema', state.schema === 'current', state.schema, 'Run `dateline migrate`.'),
    finding(
      'queue',
      state.queue === 'ok',
      ctx.config.redisUrl ? 'Redis' : 'in the database',
      'Check REDIS_URL and whether Redis runs.',
    ),
    await examineClock(ctx),
    ...(await examineRelays(ctx)),
    ...(await examineDkim(ctx)),
    await examineWorkers(ctx),
    await examineRescue(ctx),
    await examinePublisher(ctx),
    await examineKeys(ctx),
  ];
}

async function examineClock(ctx: Context): Promise<Finding> {
  const offMs = Math.abs(ctx.clock.offsetMs());
  return finding(
    'clock',
    offMs <= clockOffMsMax,
    `${offMs} ms off the database’s`,
    'Let a time service keep both machines.',
  );
}

async function examineRelays(ctx: Context): Promise<Finding[]> {
  if (ctx.config.relays.length === 0) {
    return [finding('mail', true, 'the built-in trap: nothing leaves this machine', '')];
  }
  const ehloName = new URL(ctx.config.baseUrl).hostname;
  return Promise.all(
    ctx.config.relays.map(async (relay) => {
      const verdict = await verifyRelay(relay, { ehloName, timeouts: relayTimeouts });
      const name = `relay ${relay.name}`;
      if (verdict.kind === 'ready') return finding(name, true, 'answers', '');
      const { phase, reason } = verdict;
      return finding(name, false, `${phase}: ${reason}`, relayAdvice(relay, phase, reason));
    }),
  );
}

async function examineWorkers(ctx: Context): Promise<Finding> {
  const workers = await livingWorkers(ctx.db, ctx.clock.now());
  const found = workers.length === 1 ? 'one worker lives' : `${workers.length} workers live`;
  return finding(
    'workers',
    workers.length > 0,
    found,
    'Start one: `dateline worker`, or `dateline start` for all in one.',
  );
}

async function examineRescue(ctx: Context): Promise<Finding> {
  const row = await ctx.db
    .selectFrom('upkeep')
    .select('ran_at')
    .where('deed', '=', 'rescue')
    .executeTakeFirst();
  const agoMs = row ? ctx.clock.now().getTime() - row.ran_at.getTime() : undefined;
  const found = agoMs === undefined ? 'never ran' : `ran ${Math.round(agoMs / 1000)} s ago`;
  return finding(
    'rescue',
    agoMs !== undefined && agoMs < rescueSilentMsMax,
    found,
    'It runs every minute while a worker lives.',
  );
}

async function examinePublisher(ctx: Context): Promise<Finding> {
  const publisher = await findPublisher(ctx.db);
  const newsletters = await listNewsletters(ctx.db);
  if (!publisher) return finding('publisher', false, 'not set', 'Run `dateline publisher set --help`.');
  return finding('publisher', true, `${publisher.name}, newsletters: ${newsletters.length}`, '');
}

/** Rows made under a secret that is no longer listed: their readers would no longer be recognised. */
async function examineKeys(ctx: Context): Promise<Finding> {
  const known = ctx.keyring.all.map((key) => key.id);
  const { rows } = await sql<{ n: number }>`
    select (select count(*) from suppressions where key_id <> all(${known}))
      + (select count(*) from consents where fingerprint_key_id <> all(${known})) as n`.execute(ctx.db);
  const n = Number(rows[0]?.n ?? 0);
  return finding(
    'secrets',
    n === 0,
    n === 0 ? 'every fingerprint can be read' : `${n} rows of an unknown secret`,
    'Put the old secret back behind the new one in SECRET_KEY.',
  );
}
