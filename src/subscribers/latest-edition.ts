import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';

/** Where the latest edition is read on the web; `undefined` until there is one. */
export async function latestEditionUrl(
  db: Db,
  baseUrl: string,
  newsletter: Pick<Newsletter, 'id' | 'slug'>,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('newsletter_showcase')
    .select('lang')
    .where('newsletter_id', '=', newsletter.id)
    .limit(1)
    .executeTakeFirst();
  return row && `${baseUrl}/${newsletter.slug}/latest`;
}
