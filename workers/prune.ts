import { pruneKeys } from '../src/access/prune-keys.ts';
import type { Context } from '../src/context.ts';
import { forgetTrouble } from '../src/deliveries/forget-trouble.ts';
import { pruneDeliveries } from '../src/deliveries/prune.ts';
import { pruneVersions } from '../src/editions/prune-versions.ts';
import { pruneLimits } from '../src/platform/db/limits.ts';
import { pruneRates } from '../src/platform/rate/prune-rates.ts';
import { expireSignUps } from '../src/subscribers/expire.ts';
import { probeUndeliverable } from '../src/subscribers/probe-undeliverable.ts';
import { pruneAccounts } from '../src/subscribers/prune-accounts.ts';

/** Once an hour: deletes what has had its day. Figures and consents stay. Safe to run twice. */
export async function prune(ctx: Context): Promise<void> {
  const now = ctx.clock.now();
  const report = {
    limits: await pruneLimits(ctx.db, now),
    rates: await pruneRates(ctx.db, now),
    keys: await pruneKeys(ctx.db, now),
    accounts: await pruneAccounts(ctx),
    signUps: await expireSignUps(ctx),
    probed: await probeUndeliverable(ctx),
    deliveries: await pruneDeliveries(ctx.db, now),
    versions: await pruneVersions(ctx.db, now),
    lanes: await forgetTrouble(ctx.db, now),
  };
  ctx.log.info({ deed: 'prune', ...report }, 'prune');
}
