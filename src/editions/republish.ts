import type { Context } from '../context.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Edition } from './edition.ts';
import { moveOnWeb } from './move-on-web.ts';

/**
 * Puts an edition that was taken off the web back. Safe to run twice.
 *
 * @throws Refusal 409 when it was never published: its pages appear by themselves when its sending starts.
 */
export async function republishEdition(
  ctx: Context,
  at: { edition: Edition; newsletter: Newsletter; by: string },
): Promise<Edition> {
  return moveOnWeb(ctx, { ...at, to: 'public' });
}
