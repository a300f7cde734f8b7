import type { DayPart } from '../editions/day-part.ts';
import { dayPartAt } from '../editions/day-part.ts';
import type { Edition } from '../editions/edition.ts';
import { VersionMaker, type Wanted } from '../editions/make-versions.ts';
import { sectionsOf } from '../editions/sections.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';
import { dueAt, type HourKey, wantOf, zoneOf } from './reader-hour.ts';

/**
 * Readers who get the same: language, chosen sections as bits (-1: all), greeting, and what they were sent (null: steady): the
 * variants of editions, and with an `s` before them the stories of the welcome.
 */
export interface GroupKey {
  lang: string;
  topics: number;
  greeting: string;
  sent: string | null;
}

/** What a page of the fan-out found to be unknown, and planned nothing for. */
export interface Unknown {
  hours: HourKey[];
  groups: GroupKey[];
}

/**
 * What is known of an edition's groups of readers: when each is due, and which variant it gets. It grows by what the pages
 * ask for, once per group and never per reader: a page is planned in one statement that joins these two lists.
 */
export class ReaderGroups {
  /** The sections that topics are chosen among, the bit of each being its place. */
  readonly sections: readonly string[];
  readonly hours: (HourKey & { dueAt: Date; greeting: string })[] = [];
  /** Variant 0: there is nothing in the edition that they have not been sent. */
  readonly groups: (GroupKey & { variantId: number })[] = [];
  #maker: VersionMaker;
  #edition: Edition;
  #newsletter: Newsletter;
  #readyAt: Date;

  constructor(db: Db, at: { edition: Edition; newsletter: Newsletter; readyAt: Date }) {
    this.#maker = new VersionMaker(db, at.edition.id);
    this.#edition = at.edition;
    this.#newsletter = at.newsletter;
    this.#readyAt = at.readyAt;
    this.sections = at.newsletter.sections.length > 0 ? sectionsOf(at.newsletter).map(({ key }) => key) : [];
    this.#learnHour({ zone: '', hour: -1 });
  }

  /** Learns what a page asked for: hours first, since the greeting follows from them. */
  async learn(unknown: Unknown): Promise<void> {
    for (const one of unknown.hours) this.#learnHour(one);
    for (const one of unknown.groups) {
      const variantId = (await this.#maker.variantFor(this.#wanted(one))) ?? 0;
      this.groups.push({ ...one, variantId });
    }
  }

  #learnHour(key: HourKey): void {
    const want = wantOf(key);
    const at = dueAt(want, this.#edition, this.#newsletter, this.#readyAt);
    const zone = zoneOf(want, this.#newsletter);
    // Who sends by hand names no part of the day, but at a reader's own hour it is known.
    const usual = zone === this.#newsletter.timeZone && want.hour === undefined;
    const greeting =
      usual || (!this.#edition.scheduled && want.hour === undefined) ? 'usual' : dayPartAt(at, zone);
    this.hours.push({ ...key, dueAt: at, greeting });
  }

  #wanted({ lang, topics, greeting, sent }: GroupKey): Wanted {
    return {
      lang,
      topics: topics < 0 ? undefined : this.sections.filter((_, index) => (topics & (1 << index)) !== 0),
      greeting: greeting as DayPart | 'usual' | 'back',
      sent: sent === null ? undefined : readSent(sent),
    };
  }
}

function readSent(sent: string): NonNullable<Wanted['sent']> {
  const names = sent.split(' ').filter((name) => name !== '');
  const isStory = (name: string) => name.startsWith('s');
  return {
    variantIds: names.filter((name) => !isStory(name)).map(Number),
    storyIds: names.filter(isStory).map((name) => Number(name.slice(1))),
  };
}
