import type { Context } from '../context.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Edition } from './edition.ts';
import { moveOnWeb } from './move-on-web.ts';

/**
 * Takes an edition off the web: its pages answer 410, and lists, feeds and the sitemap leave it out. A send that is running
 * goes on; to stop it, cancel it. Safe to run twice.
 *
 * @throws Refusal 409 when it was never published.
 */
export async function unpublishEdition(
  ctx: Context,
  at: { edition: Edition; newsletter: Newsletter; by: string },
): Promise<Edition> {
  return moveOnWeb(ctx, { ...at, to: 'unpublished' });
}
