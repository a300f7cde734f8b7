import type { Context } from '../context.ts';
import type { FoundArticle } from './found.ts';
import { type Received, receive } from './receive.ts';
import { understoodOrRefused } from './refuse.ts';
import { tidy } from './tidy.ts';

/**
 * Takes in an article that another program hands over, cleaned like any other. The same `url` (or `guid`, or text) twice is
 * one row.
 *
 * @throws Refusal 422 for what cannot be understood; nothing is stored then.
 */
export async function pushArticle(ctx: Context, pushed: FoundArticle): Promise<Received> {
  return receive(ctx, understoodOrRefused(tidy(pushed)));
}
