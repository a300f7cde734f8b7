import type { Selectable } from 'kysely';
import type { Tables } from '../platform/db/tables.ts';
import type { Calendar } from './calendar.ts';
import type { Newsletter, Publisher, Section } from './newsletter.ts';
import { defaultRecipe, type Recipe } from './recipe.ts';

/** What is read of a newsletter. */
export const columns = [
  'id',
  'slug',
  'name',
  'promise',
  'welcome',
  'languages',
  'state',
  'visibility',
  'from_name',
  'from_email',
  'reply_to',
  'postal_address',
  'privacy_url',
  'time_zone',
  'calendar',
  'recipe',
  'template',
  'approvals',
  'thin_day',
  'lang_gap',
  'unknown_policy',
  'deadline_hours',
  'draft_lead_minutes',
  'archive_delay_minutes',
  'opinions',
  'confirmation_reminder',
  'allowed_origins',
  'return_to',
  'revision',
  'created_at',
] as const;

export type Row = Selectable<Tables['newsletters']>;

/** A recipe stored by an older version gets the defaults of what it did not know. */
export function toNewsletter(row: Row, publisher: Publisher, sections: Section[]): Newsletter {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    promise: row.promise,
    welcome: row.welcome,
    languages: row.languages,
    state: row.state,
    visibility: row.visibility,
    fromName: row.from_name,
    fromEmail: row.from_email,
    replyTo: row.reply_to,
    postalAddress: row.postal_address ?? publisher.postalAddress,
    privacyUrl: row.privacy_url ?? publisher.privacyUrl,
    own: { postalAddress: row.postal_address ?? undefined, privacyUrl: row.privacy_url ?? undefined },
    publisherName: publisher.name,
    legalName: publisher.legalName,
    timeZone: row.time_zone,
    calendar: row.calendar as Calendar,
    recipe: { ...defaultRecipe, ...(row.recipe as Partial<Recipe>) },
    sections,
    template: row.template,
    approvals: row.approvals,
    thinDay: row.thin_day,
    langGap: row.lang_gap,
    unknownPolicy: row.unknown_policy,
    deadlineHours: row.deadline_hours,
    draftLeadMinutes: row.draft_lead_minutes,
    archiveDelayMinutes: row.archive_delay_minutes,
    opinions: row.opinions,
    confirmationReminder: row.confirmation_reminder,
    allowedOrigins: row.allowed_origins,
    returnTo: row.return_to,
    revision: row.revision,
    createdAt: row.created_at,
  };
}

/** What a deed writes of a newsletter; the sections are rows of their own. */
export type Written = Omit<
  Newsletter,
  'id' | 'revision' | 'createdAt' | 'postalAddress' | 'privacyUrl' | 'publisherName' | 'legalName'
>;

export function toColumns(written: Written) {
  return {
    name: written.name,
    promise: JSON.stringify(written.promise),
    welcome: JSON.stringify(written.welcome),
    languages: written.languages,
    state: written.state,
    visibility: written.visibility,
    from_name: written.fromName,
    from_email: written.fromEmail,
    reply_to: written.replyTo,
    postal_address: written.own.postalAddress ?? null,
    privacy_url: written.own.privacyUrl ?? null,
    time_zone: written.timeZone,
    calendar: JSON.stringify(written.calendar),
    recipe: JSON.stringify(written.recipe),
    template: written.template,
    approvals: written.approvals,
    thin_day: written.thinDay,
    lang_gap: written.langGap,
    unknown_policy: written.unknownPolicy,
    deadline_hours: written.deadlineHours,
    draft_lead_minutes: written.draftLeadMinutes,
    archive_delay_minutes: written.archiveDelayMinutes,
    opinions: written.opinions,
    confirmation_reminder: written.confirmationReminder,
    allowed_origins: written.allowedOrigins,
    return_to: written.returnTo,
  };
}
