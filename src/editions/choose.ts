import { alike } from './alike.ts';

/** A story as the recipe weighs it. */
export interface Weighed {
  storyId: number;
  title: string;
  section: string | undefined;
  /** Has a picture with its alternative text. */
  pictured: boolean;
  priority: number;
  sourceWeight: number;
  publishedAt: Date;
  languages: readonly string[];
  /** Why it may not be in this edition at all. */
  barred: string | undefined;
  /** What bars it will pass, as an embargo does: the next edition weighs it again. */
  waits?: boolean;
  /** Did not fit the last time. */
  carried: boolean;
}

export interface Quotas {
  languages: readonly string[];
  /** Languages whose readers are shown stories of other languages too, marked as such. */
  marked: readonly string[];
  sections: readonly { key: string; min: number; max: number }[];
  /** How many sections may have stories. */
  sectionsMax: number;
  storiesMin: number;
  storiesMax: number;
  briefsMax: number;
  leadNeedsImage: boolean;
}

/** Where a story stands in the edition, and why. */
export interface Placed {
  storyId: number;
  place: 'lead' | 'section' | 'brief' | 'carried' | 'excluded';
  section: string | undefined;
  position: number;
  reason: string;
}

export interface Choice {
  placed: Placed[];
  /** Languages that would show fewer stories than the minimum. */
  thin: string[];
}

/**
 * Applies a recipe to the stories at hand. The same stories and the same recipe always give the same choice, whatever order
 * they come in; every story comes back exactly once, with its reason (O10).
 *
 * Quotas count per language: each language in turn keeps the places that an earlier one gave to stories it shares, then
 * fills what is left with its own.
 */
export function chooseStories(stories: readonly Weighed[], quotas: Quotas): Choice {
  const placed = new Map<number, Placed>();
  const ranked = [...stories].sort(byRank);
  for (const story of ranked) {
    if (story.barred) put(placed, story, story.waits ? 'carried' : 'excluded', story.barred);
  }
  excludeAlike(ranked, placed);
  for (const language of quotas.languages) {
    fill(shownIn(ranked, language, quotas), language, quotas, placed);
  }
  for (const story of ranked) {
    if (!placed.has(story.storyId))
      put(placed, story, 'carried', `did not fit: ${whyOutside(story, quotas, placed)}`);
  }
  const thin = quotas.languages.filter((language) => {
    const shown = shownIn(ranked, language, quotas).filter((story) =>
      isIn(placed, story, ['lead', 'section']),
    );
    return shown.length < quotas.storiesMin;
  });
  return { placed: numbered(ranked, placed), thin };
}

function byRank(a: Weighed, b: Weighed): number {
  return (
    b.priority - a.priority ||
    b.sourceWeight - a.sourceWeight ||
    b.publishedAt.getTime() - a.publishedAt.getTime() ||
    a.storyId - b.storyId
  );
}

function excludeAlike(ranked: readonly Weighed[], placed: Map<number, Placed>): void {
  const kept: Weighed[] = [];
  for (const story of ranked) {
    if (placed.has(story.storyId)) continue;
    const twin = kept.find((other) => alike(other.title, story.title));
    if (twin) put(placed, story, 'excluded', `tells the same as story ${twin.storyId}`);
    else kept.push(story);
  }
}

function fill(
  shown: readonly Weighed[],
  language: string,
  quotas: Quotas,
  placed: Map<number, Placed>,
): void {
  const free = () => shown.filter((story) => !placed.has(story.storyId));
  if (!shown.some((story) => isIn(placed, story, ['lead']))) chooseLead(free(), language, quotas, placed);
  for (const section of quotas.sections) {
    const ofSection = shown.filter((story) => story.section === section.key);
    const already = ofSection.filter((story) => isIn(placed, story, ['section'])).length;
    if (already === 0 && sectionsIn(shown, placed) >= quotas.sectionsMax) continue;
    const open = Math.min(
      section.max - already,
      quotas.storiesMax - count(shown, placed, ['lead', 'section']),
    );
    const next = ofSection.filter((story) => !placed.has(story.storyId)).slice(0, Math.max(0, open));
    if (already + next.length < section.min) continue;
    next.forEach((story, index) => {
      const why = story.carried ? ', carried over' : '';
      put(
        placed,
        story,
        'section',
        `${section.key} ${already + index + 1} of at most ${section.max} (${language})${why}`,
      );
    });
  }
  const briefs = Math.max(0, quotas.briefsMax - count(shown, placed, ['brief']));
  for (const story of free().slice(0, briefs)) {
    put(placed, story, 'brief', `in brief (${language}): ${whyOutside(story, quotas, placed)}`);
  }
}

/** How many sections have stories already. */
function sectionsIn(shown: readonly Weighed[], placed: Map<number, Placed>): number {
  return new Set(shown.filter((story) => isIn(placed, story, ['section'])).map((story) => story.section))
    .size;
}

function chooseLead(
  free: readonly Weighed[],
  language: string,
  quotas: Quotas,
  placed: Map<number, Placed>,
): void {
  const first = free[0];
  if (!first) return;
  const pictured = free.find((story) => story.pictured);
  const lead = quotas.leadNeedsImage && pictured ? pictured : first;
  const rule = lead.priority > 0 ? `priority ${lead.priority}` : 'the newest';
  const picture = quotas.leadNeedsImage
    ? lead.pictured
      ? ' with a picture'
      : '; no story has a picture'
    : '';
  put(placed, lead, 'lead', `lead (${language}): ${rule}${picture}`);
}

function shownIn(ranked: readonly Weighed[], language: string, quotas: Quotas): Weighed[] {
  return quotas.marked.includes(language)
    ? [...ranked]
    : ranked.filter((story) => story.languages.includes(language));
}

function put(placed: Map<number, Placed>, story: Weighed, place: Placed['place'], reason: string): void {
  placed.set(story.storyId, { storyId: story.storyId, place, section: story.section, position: 0, reason });
}

function isIn(placed: Map<number, Placed>, story: Weighed, places: readonly Placed['place'][]): boolean {
  const found = placed.get(story.storyId);
  return found !== undefined && places.includes(found.place);
}

function count(
  shown: readonly Weighed[],
  placed: Map<number, Placed>,
  places: readonly Placed['place'][],
): number {
  return shown.filter((story) => isIn(placed, story, places)).length;
}

/** Why a story found no place in a section: a section that the newsletter lacks is a mapping to mend, not a lack of room. */
function whyOutside({ section }: Weighed, quotas: Quotas, placed: Map<number, Placed>): string {
  if (section === undefined) return 'it has no section';
  const quota = quotas.sections.find(({ key }) => key === section);
  if (!quota) return `the newsletter has no section ${section}`;
  const inside = [...placed.values()].filter((one) => one.place === 'section' && one.section === section);
  if (inside.length >= quota.max) return `${section} is full`;
  return inside.length === 0 && quota.min > 1
    ? `${section} has fewer than ${quota.min} stories`
    : 'the edition is full';
}

/** Positions follow the ranking within each place. */
function numbered(ranked: readonly Weighed[], placed: Map<number, Placed>): Placed[] {
  return ranked.flatMap((story, index) => {
    const found = placed.get(story.storyId);
    return found ? [{ ...found, position: index + 1 }] : [];
  });
}
