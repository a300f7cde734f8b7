import { pollSource } from '../src/articles/poll-source.ts';
import type { Context } from '../src/context.ts';
import type { Workload } from '../src/platform/queue/work.ts';
import { staff } from './staff.ts';

/** Sources are polite company: a few at a time, each no more often than it likes. */
export function articles(ctx: Context): Workload {
  return staff(ctx, 'articles', { hands: 4, deeds: { 'poll-source': pollSource } });
}
