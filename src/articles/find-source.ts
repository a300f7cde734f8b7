import { Refusal } from '../lib/errors.ts';
import { rowId } from '../lib/ids.ts';
import type { Db } from '../platform/db/database.ts';
import type { Source } from './source.ts';
import { sourceById, sourcesAfter } from './source-queries.ts';

/** @throws Refusal 404 `no_such_source` when the id names none. */
export async function namedSource(db: Db, name: string): Promise<Source> {
  const id = rowId('source', name);
  const source = id === undefined ? undefined : await sourceById(db, id);
  if (source) return source;
  throw new Refusal(404, 'no_such_source', `There is no source ${name.slice(0, 60)}.`);
}

/** The sources that are asked, in the order they were added, after this id. */
export async function listSources(db: Db, page: { after?: number; limit: number }): Promise<Source[]> {
  return sourcesAfter(db, { after: page.after ?? 0, limit: page.limit });
}
