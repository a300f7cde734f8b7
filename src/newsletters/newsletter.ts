import type { ByLang } from '../platform/db/tables.ts';
import type { Calendar } from './calendar.ts';
import type { Recipe } from './recipe.ts';

/** What people can subscribe to. */
export interface Newsletter {
  id: number;
  slug: string;
  name: string;
  /** One sentence per language. */
  promise: ByLang;
  /** The first is the newsletter's own; the others are translations. */
  languages: string[];
  state: 'open' | 'closed' | 'archived';
  visibility: 'public' | 'private';
  fromName: string;
  fromEmail: string;
  replyTo: string;
  /** The newsletter's own, or else the publisher's. */
  postalAddress: string;
  privacyUrl: string;
  legalName: string;
  publisherName: string;
  timeZone: string;
  calendar: Calendar;
  recipe: Recipe;
  sections: Section[];
  template: string;
  approvals: number;
  thinDay: 'skip' | 'hold' | 'short';
  langGap: 'omit' | 'mark';
  unknownPolicy: 'hold' | 'resend-once';
  deadlineHours: number;
  draftLeadMinutes: number;
  allowedOrigins: string[];
  returnTo: string[];
  revision: number;
}

/** A part of the newsletter that stories belong to, in the newsletter's order. */
export interface Section {
  key: string;
  label: ByLang;
  min: number;
  max: number;
}
