import type { Context } from '../context.ts';
import { release } from './release.ts';

const dayMs = 24 * 60 * 60_000;
/** How long a full mailbox rests before its first probe, and after that probe failed before its second and last. */
const restsMs = [14 * dayMs, 30 * dayMs];
const batchMax = 500;
const by = 'probe';

/**
 * Lets the next edition probe mailboxes that were given up as undeliverable: after 14 days, and once more 30 days after that
 * failed. When the probe bounces too, the policy gives the mailbox up again at once, since no edition was accepted between.
 * Safe to run twice.
 *
 * @returns how many mailboxes the next edition probes.
 */
export async function probeUndeliverable(ctx: Context): Promise<number> {
  const now = ctx.clock.now();
  const due = await ctx.db
    .selectFrom('suppressions as s')
    .select((eb) => [
      's.id',
      's.at',
      eb
        .selectFrom('suppressions as before')
        .select(eb.fn.countAll<number>().as('n'))
        .whereRef('before.fingerprint', '=', 's.fingerprint')
        .where('before.reason', '=', 'soft')
        .where('before.released_by', '=', by)
        .as('probes'),
    ])
    .where('s.reason', '=', 'soft')
    .where('s.released_at', 'is', null)
    .where('s.at', '<=', new Date(now.getTime() - (restsMs[0] ?? 0)))
    .orderBy('s.id')
    .limit(batchMax)
    .execute();
  const ids = due.flatMap(({ id, at, probes }) => {
    const rest = restsMs[Number(probes ?? 0)];
    return rest !== undefined && now.getTime() - at.getTime() >= rest ? [id] : [];
  });
  const probed = await ctx.db
    .transaction()
    .execute((tx) =>
      release(tx, ctx.keyring, { suppressionIds: ids, by, reason: 'probed by the next edition', at: now }),
    );
  if (probed > 0) ctx.log.info({ deed: 'probe-undeliverable', probed }, 'mailboxes to be tried again');
  return probed;
}
