import type { ByLang, EditionState } from '../platform/db/tables.ts';

/** One dated issue of a newsletter. */
export interface Edition {
  id: number;
  newsletterId: number;
  kind: 'regular' | 'weekly';
  /** The slot's local date, which with kind and sequence is the edition's identity. */
  slotDate: string;
  seq: number;
  slotAt: Date;
  /** Given at the first compose and never changed. */
  number: number | undefined;
  state: EditionState;
  heldReason: string | undefined;
  skippedReason: string | undefined;
  failedReason: string | undefined;
  subject: ByLang;
  preheader: ByLang;
  greeting: ByLang;
  cutoffAt: Date | undefined;
  touchedAt: Date | undefined;
  revision: number;
  composedRevision: number | undefined;
  archiveState: 'hidden' | 'public' | 'unpublished';
  /** Stands in its address when the newsletter is private; says nothing of who reads. */
  webKey: string;
  /** When its sending started: from then on its mails open its page. */
  publishedAt: Date | undefined;
  /** How long after that its page appears for everybody, as its mails were composed for. */
  archiveDelayMinutes: number;
  /** From when its page is there for everybody. */
  appearsAt: Date | undefined;
  /** Made by the calendar, so it sends itself at its slot. */
  scheduled: boolean;
}

/** What a reader says of an edition: more like this, or less. */
export const wishes = ['more', 'less'] as const;
export type Wish = (typeof wishes)[number];

/** Which state may follow which. Nothing else moves an edition. */
export const mayFollow: Record<EditionState, readonly EditionState[]> = {
  draft: ['ready', 'skipped', 'cancelled', 'failed'],
  ready: ['draft', 'approved', 'scheduled', 'starting', 'cancelled', 'failed'],
  approved: ['draft', 'scheduled', 'starting', 'cancelled', 'failed'],
  scheduled: ['draft', 'ready', 'starting', 'cancelled', 'failed'],
  starting: ['sending', 'cancelled', 'failed'],
  sending: ['paused', 'sent', 'cancelled', 'failed'],
  paused: ['sending', 'cancelled', 'failed'],
  sent: [],
  skipped: ['draft'],
  cancelled: [],
  failed: ['draft', 'cancelled'],
};

/** States in which words and stories may still change. */
export const changeable: readonly EditionState[] = ['draft', 'ready', 'approved', 'scheduled'];

/** Where an edition stands among the newsletter's: later comes after. */
export interface SlotName {
  slotDate: string;
  seq: number;
}

/** `2026-07-14`, or `2026-07-14-2` for the second of a day: how people and URLs name an edition. */
export function slotName(edition: SlotName): string {
  return edition.seq === 1 ? edition.slotDate : `${edition.slotDate}-${edition.seq}`;
}
