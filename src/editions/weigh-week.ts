import { sql } from 'kysely';
import { type Article, barredAt } from '../articles/article.ts';
import { articlesOfStories } from '../articles/candidates.ts';
import { addDays } from '../lib/clock-time.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';
import type { Weighed } from './choose.ts';
import type { Edition } from './edition.ts';
import { sectionIn } from './sections.ts';

interface WeekRow {
  story_id: number;
  place: string;
  section: string | null;
}

/** What led a day weighs more than what filled it. */
const weightOf: Record<string, number> = { lead: 2, section: 1 };

/**
 * The stories of the week: those of the regular editions that went out up to now, since the weekly edition of the same day a
 * week ago, and none that that one told. So who reads weekly is told each story once, and none falls between two weeks.
 */
export async function weighWeek(
  db: Db,
  at: { edition: Edition; newsletter: Newsletter; now: Date },
): Promise<Weighed[]> {
  const { edition, newsletter, now } = at;
  const weekAgo = addDays(edition.slotDate, -7);
  const { rows } = await sql<WeekRow>`
    select distinct on (es.story_id) es.story_id, es.place, es.section
    from edition_stories es join editions e on e.id = es.edition_id
    where e.newsletter_id = ${newsletter.id} and e.kind = 'regular' and e.state in ('sending', 'paused', 'sent')
      and e.slot_date between ${weekAgo}::date and ${edition.slotDate}::date
      and es.place in ('lead', 'section', 'brief', 'web')
      and not exists (select from edition_stories told join editions w on w.id = told.edition_id
        where w.newsletter_id = ${newsletter.id} and w.kind = 'weekly' and w.slot_date = ${weekAgo}::date
          and told.story_id = es.story_id and told.place in ('lead', 'section', 'brief', 'web'))
    order by es.story_id`.execute(db);
  const articles = await articlesOfStories(
    db,
    rows.map((row) => row.story_id),
  );
  const shownFrom = now > edition.slotAt ? now : edition.slotAt;
  return rows.map((row) => {
    const versions = articles.filter((one) => one.storyId === row.story_id);
    return weighed(row, versions, newsletter, shownFrom);
  });
}

function weighed(
  row: WeekRow,
  versions: readonly Article[],
  newsletter: Newsletter,
  shownFrom: Date,
): Weighed {
  const usable = versions.filter(
    (one) => barredAt(one, shownFrom) === undefined && newsletter.languages.includes(one.lang),
  );
  const [first] = usable.length > 0 ? usable : versions;
  return {
    storyId: row.story_id,
    title: first?.title ?? '',
    section: sectionIn(newsletter, row.section ?? undefined),
    pictured: (first?.image?.alt ?? '') !== '',
    priority: first?.priority ?? 0,
    sourceWeight: weightOf[row.place] ?? 0,
    publishedAt: first?.publishedAt ?? first?.receivedAt ?? shownFrom,
    languages: usable.map((one) => one.lang),
    barred: usable.length > 0 ? undefined : 'it can no longer be shown',
    carried: false,
  };
}
