import { z } from '@hono/zod-openapi';
import { type ApiKey, maySee } from '../access/key.ts';
import { Refusal } from '../lib/errors.ts';
import type { Db } from '../platform/db/database.ts';
import { findNewsletter } from './find.ts';
import type { Newsletter } from './newsletter.ts';

/** How a path of the API names a newsletter. */
export const which = z.object({
  id: z.string().openapi({ description: 'The id or the slug', example: 'inside-washington' }),
});

/** To a key that may not see it, a newsletter is not there. */
export async function findSeen(db: Db, key: ApiKey, slugOrId: string): Promise<Newsletter | undefined> {
  const newsletter = await findNewsletter(db, slugOrId);
  return newsletter && maySee(key, newsletter.id) ? newsletter : undefined;
}

/** @throws Refusal 404 when there is no such newsletter, or the key may not see it. */
export async function needSeen(db: Db, key: ApiKey, slugOrId: string): Promise<Newsletter> {
  const newsletter = await findSeen(db, key, slugOrId);
  if (newsletter) return newsletter;
  throw new Refusal(404, 'no_such_newsletter', 'There is no such newsletter, or this key may not see it.');
}
