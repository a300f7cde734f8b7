import { sql } from 'kysely';
import { articlesOfStories } from '../articles/candidates.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';
import type { Edition } from './edition.ts';
import { type Shown, shownOf } from './shown.ts';

const lookBackDays = 7;
const missedMax = 60;

/**
 * Stories of the newsletter's editions of the last seven days, for readers who were not sent them: the newest edition's first,
 * and in each its lead before the rest. In the language asked for only; a catch-up has no room for marked ones.
 */
export async function recentlySent(
  db: Db,
  at: { edition: Edition; newsletter: Newsletter; lang: string },
): Promise<Shown[]> {
  const { edition, newsletter, lang } = at;
  if (edition.kind === 'weekly') return [];
  const since = new Date(edition.slotAt.getTime() - lookBackDays * 86_400_000);
  const { rows } = await sql<{ story_id: number; section: string | null; position: number }>`
    select es.story_id, es.section, es.position from edition_stories es join editions e on e.id = es.edition_id
    where e.newsletter_id = ${newsletter.id} and e.kind = 'regular' and e.id <> ${edition.id}
      and e.slot_at > ${since} and e.slot_at <= ${edition.slotAt} and e.state in ('sending', 'paused', 'sent')
      and es.place in ('lead', 'section', 'brief', 'web')
    order by e.slot_at desc, e.id desc, es.place = 'lead' desc, es.position limit ${missedMax}`.execute(db);
  const articles = await articlesOfStories(
    db,
    rows.map((row) => row.story_id),
  );
  return rows.flatMap((row) => {
    const article = articles.find(
      (one) => one.storyId === row.story_id && one.lang === lang && !one.withdrawnAt,
    );
    return article
      ? [shownOf(article, { section: row.section ?? undefined, position: row.position }, lang)]
      : [];
  });
}

/** The day for which the edition before this one was left out as too thin, when stories of it are in this one. */
export async function skippedBefore(db: Db, edition: Edition): Promise<Date | undefined> {
  if (edition.kind === 'weekly') return undefined;
  const { rows } = await sql<{ slot_at: Date }>`
    select before.slot_at from (
      select id, slot_at, state from editions where newsletter_id = ${edition.newsletterId} and kind = 'regular'
        and slot_at < ${edition.slotAt} and state <> 'cancelled' order by slot_at desc limit 1) as before
    where before.state = 'skipped' and exists (select from edition_stories given join edition_stories own
      on own.story_id = given.story_id and own.edition_id = ${edition.id} and own.place in ('lead', 'section', 'brief')
      where given.edition_id = before.id and given.place = 'carried')`.execute(db);
  return rows[0]?.slot_at;
}
