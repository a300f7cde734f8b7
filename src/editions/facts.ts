import { countWords } from '../articles/clean-text.ts';
import { minutesFor } from '../articles/minutes.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { say } from '../platform/i18n/messages.ts';
import type { Header } from '../platform/mail/header.ts';
import { type DayPart, greetingWords } from './day-part.ts';
import type { Edition } from './edition.ts';
import { preheaderFrom, subjectFrom } from './headlines.ts';
import type { Page, Shown } from './shown.ts';

/** What of an edition in one language decides how its variants differ; stored with its marked mail. */
export interface Facts {
  kind: Edition['kind'];
  leadId: number;
  /** What stands under the lead's headline; absent where there is nothing, and in what an older version stored. */
  leadDek?: string;
  /** Every story shown, in its order, with what the mail says of it. */
  stories: { id: number; title: string; words: number }[];
  /** The section groups, in their order; the lead stands before them and belongs to every reader. */
  sections: { key: string; storyIds: number[] }[];
  briefIds: number[];
  /** Stories of the last week's editions for who was not sent them, the best first. */
  missed: { id: number; section: string | null }[];
  /** Who has been away, and readers for whom another part of the day is true, are greeted otherwise. */
  greetings: Record<DayPart | 'usual' | 'back', string>;
  /** Words of the greeting and of what all readers get. */
  words: number;
  subject: string;
  /** The editor's own; else it follows from the headlines. */
  preheader: string | null;
  promise: string;
  from: { name: string; address: string };
  replyTo: string;
  headers: Header[];
}

export function factsOf(at: {
  edition: Edition;
  newsletter: Newsletter;
  page: Page;
  lang: string;
  subject: string;
  headers: Header[];
}): Facts {
  const { edition, newsletter, page, lang } = at;
  const sections = page.sections.map(({ key, stories }) => ({ key, storyIds: stories.map(storyId) }));
  const inFull = [page.lead, ...page.sections.flatMap((section) => section.stories)];
  return {
    kind: edition.kind,
    leadId: page.lead.storyId,
    ...(page.lead.article.dek ? { leadDek: page.lead.article.dek } : {}),
    stories: [...inFull.map((one) => told(one, true)), ...page.briefs.map((one) => told(one, false))],
    sections,
    briefIds: page.briefs.map(storyId),
    missed: (page.missed ?? []).map((one) => ({ id: one.storyId, section: one.section ?? null })),
    greetings: greetingWords(edition, newsletter, lang),
    words: countWords(greetingWords(edition, newsletter, lang).usual),
    subject: at.subject,
    preheader: edition.preheader[lang] ?? null,
    promise: newsletter.promise[lang] ?? newsletter.promise[newsletter.languages[0] ?? ''] ?? '',
    from: { name: newsletter.fromName, address: newsletter.fromEmail },
    replyTo: newsletter.replyTo,
    headers: at.headers,
  };
}

/** The preheader of a mail that shows these stories: what its subject does not say yet. */
export function preheaderOf(facts: Facts, shownIds: ReadonlySet<number>): string {
  const [first, ...others] = facts.stories.filter((story) => shownIds.has(story.id));
  const dek = first?.id === facts.leadId ? facts.leadDek : undefined;
  const titles = others.map((one) => one.title);
  return facts.preheader ?? preheaderFrom(titles, { dek, promise: facts.promise });
}

/** The subject of a mail that shows these stories: one that leaves the lead out is named after its first. */
export function subjectOf(facts: Facts, shownIds: ReadonlySet<number>): string {
  if (shownIds.has(facts.leadId)) return facts.subject;
  const first = facts.stories.find((story) => shownIds.has(story.id));
  return first ? subjectFrom(first.title).replaceAll('[[', '[ [') : facts.subject;
}

export function minutesOf(facts: Facts, shownIds: ReadonlySet<number>, lang: string): string {
  const words = facts.stories.filter((story) => shownIds.has(story.id)).map((story) => story.words);
  const sum = words.reduce((total, one) => total + one, facts.words);
  return say(lang, 'digest.minutes', { count: minutesFor(sum, lang) });
}

function told({ storyId: id, article }: Shown, dek: boolean) {
  const words = countWords(dek ? `${article.title} ${article.dek ?? ''}` : article.title);
  return { id, title: article.title, words };
}

function storyId(one: Shown): number {
  return one.storyId;
}
