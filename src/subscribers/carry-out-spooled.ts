import type { Context } from '../context.ts';
import { drainSpool } from './spool.ts';
import { unsubscribe } from './unsubscribe.ts';

/**
 * Carries out the unsubscriptions that were spooled to this process's disk while the database was away. Every role looks at
 * its own disk, since it may be nobody else's. Safe to run twice and by several processes on one disk.
 *
 * @returns how many it carried out.
 */
export function carryOutSpooled(ctx: Context): Promise<number> {
  return drainSpool(ctx.config.dataDir, (wish) =>
    unsubscribe(ctx, { ...wish, method: 'one-click', actor: 'reader' }),
  );
}
