import { titlesOfStories } from '../articles/titles-of-stories.ts';
import { publicId } from '../lib/ids.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';
import { webUrl } from './addresses.ts';
import { approvalsOf } from './approval-queries.ts';
import { type Edition, slotName } from './edition.ts';
import type { Correction } from './page-queries.ts';
import { editionStories, type StoryRow } from './queries.ts';
import { variantsOf } from './variant-queries.ts';

/** An edition as the API and `--json` show it. */
export interface OutsideEdition {
  id: string;
  newsletter: string;
  date: string;
  name: string;
  number: number | null;
  state: string;
  slot_at: string;
  held_reason: string | null;
  skipped_reason: string | null;
  failed_reason: string | null;
  subject: Record<string, string>;
  preheader: Record<string, string>;
  greeting: Record<string, string>;
  revision: number;
  composed: boolean;
  scheduled: boolean;
  urls: Record<string, string>;
  /** Whether the pages are there: not before its sending starts, and not once it is taken off the web. */
  archive_state: Edition['archiveState'];
  published_at: string | null;
  /** From when its pages are there for everybody. */
  appears_at: string | null;
}

export interface OutsideStory {
  story_id: number;
  /** In the newsletter's first language that it is told in, as its article says now. */
  title: string | null;
  place: StoryRow['place'];
  section: string | null;
  position: number;
  reason: string;
  pinned: boolean;
}

export function outside(edition: Edition, newsletter: Newsletter, baseUrl: string): OutsideEdition {
  return {
    id: publicId('edition', edition.id),
    newsletter: newsletter.slug,
    date: edition.slotDate,
    name: slotName(edition),
    number: edition.number ?? null,
    state: edition.state,
    slot_at: edition.slotAt.toISOString(),
    held_reason: edition.heldReason ?? null,
    skipped_reason: edition.skippedReason ?? null,
    failed_reason: edition.failedReason ?? null,
    subject: edition.subject,
    preheader: edition.preheader,
    greeting: edition.greeting,
    revision: edition.revision,
    composed: edition.composedRevision === edition.revision,
    scheduled: edition.scheduled,
    urls: Object.fromEntries(
      newsletter.languages.map((lang) => [lang, webUrl(baseUrl, newsletter, edition, lang)]),
    ),
    archive_state: edition.archiveState,
    published_at: edition.publishedAt?.toISOString() ?? null,
    appears_at: edition.appearsAt?.toISOString() ?? null,
  };
}

/** Every story that was weighed, where it stands and why. */
export async function outsideStories(
  db: Db,
  edition: Edition,
  { languages }: Newsletter,
): Promise<OutsideStory[]> {
  const stories = await editionStories(db, edition.id);
  const storyIds = stories.map((story) => story.storyId);
  const titles = await titlesOfStories(db, storyIds, languages);
  return stories.map((story) => ({
    story_id: story.storyId,
    title: titles.get(story.storyId) ?? null,
    place: story.place,
    section: story.section ?? null,
    position: story.position,
    reason: story.reason,
    pinned: story.pinned,
  }));
}

/** What was put right on the web after it had gone out. */
export interface OutsideCorrection {
  version: number;
  notes: Record<string, string>;
  words: Record<string, Record<string, string>>;
  by: string;
  at: string;
}

export function outsideCorrection({ version, notes, words, by, at }: Correction): OutsideCorrection {
  return { version, notes, words, by, at: at.toISOString() };
}

/** Who has approved it as it is now. */
export async function outsideApprovals(db: Db, edition: Edition): Promise<{ by: string; at: string }[]> {
  const approvals = await approvalsOf(db, edition.id, edition.revision);
  return approvals.map(({ by, at }) => ({ by, at: at.toISOString() }));
}

export async function outsideVariants(
  db: Db,
  edition: Edition,
): Promise<{ lang: string; subject: string; preheader: string; html_bytes: number }[]> {
  const variants = await variantsOf(db, edition.id);
  return variants.map(({ lang, subject, preheader, htmlBytes }) => ({
    lang,
    subject,
    preheader,
    html_bytes: htmlBytes,
  }));
}
