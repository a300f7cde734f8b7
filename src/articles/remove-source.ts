import type { Context } from '../context.ts';
import { changeSource } from './source-queries.ts';

/** Stops asking a source; what it brought stays. Safe to run twice. @returns whether it was there. */
export async function removeSource(ctx: Context, sourceId: number): Promise<boolean> {
  const removed = await changeSource(ctx.db, sourceId, { state: 'removed' });
  if (removed) ctx.log.info({ deed: 'remove-source', sourceId }, 'source removed');
  return removed !== undefined;
}
