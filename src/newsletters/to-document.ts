import { publicId } from '../lib/ids.ts';
import type { Calendar } from './calendar.ts';
import type { NewsletterDocument, PublisherDocument } from './document.ts';
import type { Newsletter, Publisher } from './newsletter.ts';
import type { Written } from './newsletter-row.ts';
import type { Recipe } from './recipe.ts';

/** A newsletter as its document: what `newsletterDocument` reads back to the same newsletter. */
export function toDocument(newsletter: Newsletter): NewsletterDocument {
  return {
    slug: newsletter.slug,
    name: newsletter.name,
    promise: newsletter.promise,
    welcome: newsletter.welcome,
    languages: newsletter.languages as NewsletterDocument['languages'],
    state: newsletter.state,
    visibility: newsletter.visibility,
    from_name: newsletter.fromName,
    from_email: newsletter.fromEmail,
    reply_to: newsletter.replyTo,
    postal_address: newsletter.own.postalAddress ?? null,
    privacy_url: newsletter.own.privacyUrl ?? null,
    time_zone: newsletter.timeZone,
    calendar: calendarToDocument(newsletter.calendar),
    recipe: recipeToDocument(newsletter.recipe),
    sections: newsletter.sections,
    template: newsletter.template as NewsletterDocument['template'],
    approvals: newsletter.approvals,
    thin_day: newsletter.thinDay,
    lang_gap: newsletter.langGap,
    unknown: newsletter.unknownPolicy,
    deadline_hours: newsletter.deadlineHours,
    draft_lead_minutes: newsletter.draftLeadMinutes,
    archive_delay_minutes: newsletter.archiveDelayMinutes,
    opinions: newsletter.opinions,
    confirmation_reminder: newsletter.confirmationReminder,
    allowed_origins: newsletter.allowedOrigins,
    return_to: newsletter.returnTo,
  };
}

/** A newsletter as the API and `--json` show it. */
export function outside(newsletter: Newsletter, baseUrl: string) {
  return {
    id: publicId('newsletter', newsletter.id),
    ...toDocument(newsletter),
    revision: newsletter.revision,
    created_at: newsletter.createdAt.toISOString(),
    sign_up_url: `${baseUrl}/s/${newsletter.slug}`,
  };
}

/** The recipe as it is edited: with the sections that it fills. */
export function wholeRecipe(newsletter: Newsletter) {
  return { ...recipeToDocument(newsletter.recipe), sections: newsletter.sections };
}

function calendarToDocument({ days, time, holidays, skipDates }: Calendar): NewsletterDocument['calendar'] {
  return { days, time, holidays, skip_dates: skipDates };
}

function recipeToDocument(recipe: Recipe): NewsletterDocument['recipe'] {
  return {
    story_age_max_hours: recipe.storyAgeMaxHours,
    stories_min: recipe.storiesMin,
    stories_max: recipe.storiesMax,
    lead_needs_image: recipe.leadNeedsImage,
    briefs_max: recipe.briefsMax,
    sections_max: recipe.sectionsMax,
  };
}

function calendarOf({ days, time, holidays, skip_dates }: NewsletterDocument['calendar']): Calendar {
  return { days: [...new Set(days)].sort((a, b) => a - b), time, holidays, skipDates: skip_dates };
}

function recipeOf(document: NewsletterDocument['recipe']): Recipe {
  return {
    storyAgeMaxHours: document.story_age_max_hours,
    storiesMin: document.stories_min,
    storiesMax: document.stories_max,
    leadNeedsImage: document.lead_needs_image,
    briefsMax: document.briefs_max,
    sectionsMax: document.sections_max,
  };
}

/** What a document means once the publisher has filled in what it leaves out. */
export function fromDocument(document: NewsletterDocument, publisher: Publisher): Written {
  const fromEmail = document.from_email ?? publisher.fromEmail;
  return {
    slug: document.slug,
    name: document.name,
    promise: document.promise,
    welcome: document.welcome,
    languages: document.languages,
    state: document.state,
    visibility: document.visibility,
    fromName: document.from_name ?? document.name,
    fromEmail,
    replyTo: document.reply_to ?? fromEmail,
    own: {
      postalAddress: document.postal_address ?? undefined,
      privacyUrl: document.privacy_url ?? undefined,
    },
    timeZone: document.time_zone ?? publisher.timeZone,
    calendar: calendarOf(document.calendar),
    recipe: recipeOf(document.recipe),
    sections: document.sections,
    template: document.template,
    approvals: document.approvals,
    thinDay: document.thin_day,
    langGap: document.lang_gap,
    unknownPolicy: document.unknown,
    deadlineHours: document.deadline_hours,
    draftLeadMinutes: document.draft_lead_minutes,
    archiveDelayMinutes: document.archive_delay_minutes,
    opinions: document.opinions,
    confirmationReminder: document.confirmation_reminder,
    allowedOrigins: document.allowed_origins,
    returnTo: document.return_to,
  };
}

export function publisherToDocument(publisher: Publisher): PublisherDocument {
  return {
    name: publisher.name,
    legal_name: publisher.legalName,
    postal_address: publisher.postalAddress,
    privacy_url: publisher.privacyUrl,
    from_name: publisher.fromName,
    from_email: publisher.fromEmail,
    languages: publisher.languages as PublisherDocument['languages'],
    time_zone: publisher.timeZone,
  };
}
