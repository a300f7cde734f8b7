import type { ByLang } from '../platform/db/tables.ts';
import type { Calendar } from './calendar.ts';
import type { Recipe } from './recipe.ts';

/** What people can subscribe to. */
export interface Newsletter {
  id: number;
  slug: string;
  name: string;
  /** One sentence per language: what it is and how often. */
  promise: ByLang;
  /** What an editor says to who is new, per language; may be empty. */
  welcome: ByLang;
  /** Never empty; the first is the newsletter's own. */
  languages: string[];
  /** `closed` takes no sign-ups and still sends. */
  state: 'open' | 'closed' | 'archived';
  /** A private newsletter is never listed and cannot be joined by guessing its slug. */
  visibility: 'public' | 'private';
  fromName: string;
  fromEmail: string;
  replyTo: string;
  /** The newsletter's own, else the publisher's. */
  postalAddress: string;
  /** The newsletter's own, else the publisher's. */
  privacyUrl: string;
  /** What of the two above is the newsletter's own. */
  own: { postalAddress: string | undefined; privacyUrl: string | undefined };
  publisherName: string;
  legalName: string;
  timeZone: string;
  calendar: Calendar;
  recipe: Recipe;
  /** In the order in which they appear. */
  sections: Section[];
  /** The name of the mail template. */
  template: string;
  /** How many people must approve an edition before it may go out. */
  approvals: number;
  /** What becomes of a day with too few stories. */
  thinDay: 'skip' | 'hold' | 'short';
  /** Whether a story that a language lacks is left out, or shown in another and marked so. */
  langGap: 'omit' | 'mark';
  /** What becomes of a delivery whose answer was lost. */
  unknownPolicy: 'hold' | 'resend-once';
  deadlineHours: number;
  draftLeadMinutes: number;
  /** How long after its sending started an edition appears in the archive. */
  archiveDelayMinutes: number;
  /** Whether its mails ask for more or less like this. */
  opinions: boolean;
  /** Whether who has not confirmed after a day is asked once more. */
  confirmationReminder: boolean;
  /** Origins whose pages may carry the box; empty = any. */
  allowedOrigins: string[];
  returnTo: string[];
  /** Grows with each change. */
  revision: number;
  createdAt: Date;
}

/** A part of the newsletter, which is also a topic that a reader may leave out. */
export interface Section {
  key: string;
  label: ByLang;
  min: number;
  max: number;
}

/** The one publisher of this installation. */
export interface Publisher {
  name: string;
  legalName: string;
  postalAddress: string;
  privacyUrl: string;
  fromName: string;
  fromEmail: string;
  languages: string[];
  timeZone: string;
}

/** A text in the reader's language, else in the newsletter's own, else in any there is. */
export function inLanguage(text: ByLang, lang: string, fallback: string | undefined): string {
  return text[lang] ?? (fallback === undefined ? undefined : text[fallback]) ?? Object.values(text)[0] ?? '';
}
