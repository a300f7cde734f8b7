import { sql } from 'kysely';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';
import type { ByLang } from '../platform/db/tables.ts';
import type { Edition, SlotName } from './edition.ts';

/** What was put right in an earlier edition, for the readers of the next one. */
export interface Corrected {
  edition: SlotName & Pick<Edition, 'kind' | 'webKey' | 'archiveDelayMinutes'>;
  notes: ByLang;
  at: Date;
}

const correctionsMax = 3;

/**
 * Corrections made since the edition before this one went out, the newest first: who read the mistake in a mail is told in the
 * next. Of an edition that has gone out itself, those that it told.
 */
export async function recentCorrections(
  db: Db,
  edition: Edition,
  newsletter: Pick<Newsletter, 'id'>,
): Promise<Corrected[]> {
  const { rows } = await sql<{
    slot_date: string;
    seq: number;
    kind: Edition['kind'];
    web_key: string;
    archive_delay_minutes: number;
    notes: ByLang;
    at: Date;
  }>`
    select e.slot_date, e.seq, e.kind, e.web_key, e.archive_delay_minutes, c.notes, c.at
    from corrections c join editions e on e.id = c.edition_id
    where e.newsletter_id = ${newsletter.id} and e.kind = 'regular' and e.archive_state = 'public' and e.id <> ${edition.id}
      and c.at <= coalesce(${edition.publishedAt ?? null}::timestamptz, 'infinity')
      and c.at > (select max(published_at) from editions before where before.newsletter_id = ${newsletter.id}
        and before.kind = 'regular' and before.id <> ${edition.id}
        and before.published_at < coalesce(${edition.publishedAt ?? null}::timestamptz, 'infinity'))
    order by c.at desc limit ${correctionsMax}`.execute(db);
  return rows.map((row) => ({
    edition: {
      slotDate: row.slot_date,
      seq: row.seq,
      kind: row.kind,
      webKey: row.web_key,
      archiveDelayMinutes: row.archive_delay_minutes,
    },
    notes: row.notes,
    at: row.at,
  }));
}
