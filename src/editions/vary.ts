import type { Fate } from '../platform/render/blocks.ts';
import type { DayPart } from './day-part.ts';
import { type Facts, minutesOf, preheaderOf, subjectOf } from './facts.ts';

/** What a group of readers has in common: how their mail differs from the one that everybody would get. */
export interface Audience {
  /** The sections they chose; `undefined`: all. */
  topics: readonly string[] | undefined;
  greeting: DayPart | 'usual' | 'back';
  /** Stories they were sent already, for who may not have been sent everything; `undefined`: the steady reader. */
  sent: ReadonlySet<number> | undefined;
}

/** One version of an edition: its identity as the ledger keeps it, and what becomes of each block. */
export interface Version {
  topics: string;
  greeting: string;
  catchUp: string;
  subject: string;
  preheader: string;
  fate: (name: string) => Fate;
}

/** More would be another edition. */
export const missedMax = 6;

/**
 * The version of an edition that a group of readers gets: lead and briefs always, the sections they chose, and what they
 * have not been sent. Readers whose mail would be the same get the same version. Pure.
 *
 * @returns `undefined` when it would tell them nothing new at all.
 */
export function vary(facts: Facts, lang: string, audience: Audience): Version | undefined {
  const { sent } = audience;
  const hidden = facts.kind === 'weekly' && sent ? ids(facts).filter((id) => sent.has(id)) : [];
  const keys = facts.sections.map((section) => section.key);
  const chosen = audience.topics ? keys.filter((key) => audience.topics?.includes(key)) : keys;
  const missed = facts.kind === 'regular' && sent ? unseen(facts, sent, audience.topics) : [];
  const shown = shownIds(facts, chosen, new Set(hidden));
  if (shown.size === 0) return undefined;
  const greeting = facts.greetings[audience.greeting];
  const texts: Record<string, string> = {
    greeting,
    minutes: minutesOf(facts, shown, lang),
    preheader: preheaderOf(facts, shown),
    title: subjectOf(facts, shown),
  };
  const nothing = keys.length > 0 && chosen.length === 0;
  return {
    topics: chosen.length === keys.length ? '' : chosen.join(',') || '-',
    greeting: greeting === facts.greetings.usual ? '' : audience.greeting,
    catchUp: (missed.length > 0 ? missed : hidden).join(','),
    subject: texts.title ?? '',
    preheader: texts.preheader ?? '',
    fate: (name) => {
      const text = texts[name];
      if (text !== undefined) return { text };
      return isKept(name, { facts, shown, missed: new Set(missed), nothing }) ? 'keep' : 'drop';
    },
  };
}

/** The stories that a stored version shows: with the edition's facts its identity tells. */
export function storiesOf(facts: Facts, version: { topics: string; catchUp: string }): number[] {
  const chosen = version.topics === '' ? facts.sections.map((one) => one.key) : version.topics.split(',');
  const other = version.catchUp === '' ? [] : version.catchUp.split(',').map(Number);
  if (facts.kind === 'weekly') return [...shownIds(facts, chosen, new Set(other))];
  return [...shownIds(facts, chosen, new Set()), ...other];
}

function unseen(facts: Facts, sent: ReadonlySet<number>, topics: readonly string[] | undefined): number[] {
  return facts.missed
    .filter(({ id, section }) => !sent.has(id) && (!topics || section === null || topics.includes(section)))
    .slice(0, missedMax)
    .map((one) => one.id);
}

function shownIds(facts: Facts, chosen: readonly string[], hidden: ReadonlySet<number>): Set<number> {
  const all = [
    facts.leadId,
    ...facts.sections.filter((section) => chosen.includes(section.key)).flatMap((one) => one.storyIds),
    ...facts.briefIds,
  ];
  return new Set(all.filter((id) => !hidden.has(id)));
}

function ids(facts: Facts): number[] {
  return facts.stories.map((story) => story.id);
}

function isKept(
  name: string,
  at: { facts: Facts; shown: ReadonlySet<number>; missed: ReadonlySet<number>; nothing: boolean },
): boolean {
  const { facts, shown, missed, nothing } = at;
  const [kind, rest = ''] = name.split(':', 2);
  switch (kind) {
    case 'story':
      return shown.has(Number(rest));
    case 'missed':
      return rest === '' ? missed.size > 0 : missed.has(Number(rest));
    case 'section':
      return facts.sections.some((one) => one.key === rest && one.storyIds.some((id) => shown.has(id)));
    case 'briefs':
      return facts.briefIds.some((id) => shown.has(id));
    case 'nothing':
      return nothing;
    default:
      return true;
  }
}
