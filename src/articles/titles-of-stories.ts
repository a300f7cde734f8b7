import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';

/** What to call each of these stories: the title of its best version in the first of the languages that it has, else in any. */
export async function titlesOfStories(
  db: Db,
  storyIds: readonly number[],
  languages: readonly string[],
): Promise<Map<number, string>> {
  if (storyIds.length === 0) return new Map();
  const { rows } = await sql<{ story_id: number; title: string }>`
    select distinct on (story_id) story_id, title from articles where story_id = any(${[...storyIds]}::bigint[])
    order by story_id, array_position(${[...languages]}::text[], lang), withdrawn_at is not null, priority desc, id`.execute(
    db,
  );
  return new Map(rows.map((row) => [row.story_id, row.title]));
}
