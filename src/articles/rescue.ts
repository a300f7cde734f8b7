import type { Context } from '../context.ts';
import { ringDuePolls } from './ring-due-polls.ts';

export interface ArticlesRescued {
  /** Sources whose `poll-source` bell was rung again. */
  polls: number;
}

/** Rings again for sources that are due and were not asked, as when the tick or its bells were lost. Safe to run twice. */
export async function rescueArticles(ctx: Context): Promise<ArticlesRescued> {
  return { polls: await ringDuePolls(ctx) };
}
