import type { Context } from '../src/context.ts';
import type { Payload } from '../src/platform/queue/jobs.ts';
import type { Workload } from '../src/platform/queue/work.ts';
import { staff } from './staff.ts';

/** Sources are polite company: a few at a time, each no more often than it likes. */
export function articles(ctx: Context): Workload {
  return staff(ctx, 'articles', { hands: 4, deeds: { 'poll-source': pollSource } });
}

/** Parsers of pages and feeds are a quarter of the program: who has nothing to read with them does not load them. */
async function pollSource(ctx: Context, payload: Payload<'poll-source'>) {
  const { pollSource } = await import('../src/articles/poll-source.ts');
  return pollSource(ctx, payload);
}
