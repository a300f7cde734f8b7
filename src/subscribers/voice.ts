import type { Context } from '../context.ts';
import { findPublisher } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { type Speaker, speakerOf } from './page-frame.tsx';

/** Who speaks about these newsletters, on a page as in the letter: the one itself, in its languages; of several their publisher. */
export async function voiceOf(
  ctx: Context,
  newsletters: readonly Newsletter[],
): Promise<Speaker | undefined> {
  const [one, another] = newsletters;
  return one && another ? (speakerOf(await findPublisher(ctx.db)) ?? one) : one;
}
