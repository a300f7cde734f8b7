import { z } from '@hono/zod-openapi';
import { isLocalDate, isTimeZone } from '../lib/clock-time.ts';
import { parseEmailAddress } from '../lib/email-address.ts';
import { languages } from '../platform/i18n/languages.ts';
import { defaultRecipe } from './recipe.ts';

// A newsletter and a publisher as documents: what the API takes and gives, and what stands in a file.

const nameCharsMax = 80;
const promiseCharsMax = 120;
const welcomeCharsMax = 400;
const addressCharsMax = 300;
const urlCharsMax = 500;
const listMax = 50;
const datesMax = 400;
const sectionsMax = 20;

/** One line, such as may stand in a mail header. */
const line = (charsMax: number) =>
  z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(charsMax, `has at most ${charsMax} characters`)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line');

const mailAddress = z
  .string()
  .refine((text) => parseEmailAddress(text) !== undefined, 'must be an address like news@example.org')
  .transform((text) => parseEmailAddress(text)?.email ?? text)
  .openapi({ type: 'string', format: 'email' });

const webAddress = z
  .url({ protocol: /^https?$/, error: 'must be an address like https://www.example.org/privacy' })
  .max(urlCharsMax);

const lang = z.enum(languages, { error: `must be one of ${languages.join(', ')}` });

const languageList = z
  .array(lang)
  .min(1, 'needs at least one language')
  .refine((list) => new Set(list).size === list.length, 'names a language twice');

const byLang = (charsMax: number) =>
  z.record(z.string(), line(charsMax)).openapi({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'A text per language',
  });

const timeZone = z.string().refine(isTimeZone, 'must be a time zone like America/New_York');

const dayOfYear = /^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

export const calendarDocument = z
  .strictObject({
    days: z
      .array(z.int().min(1).max(7))
      .min(1, 'needs at least one day, 1 (Monday) to 7 (Sunday)')
      .openapi({ description: '1 is Monday, 7 is Sunday' }),
    time: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time like 07:00')
      .openapi({ description: "On the wall clock of the newsletter's time zone" }),
    holidays: z
      .array(
        z
          .string()
          .refine((day) => dayOfYear.test(day) || isLocalDate(day), 'must be like 12-25 or 2026-04-03'),
      )
      .max(datesMax)
      .default([])
      .openapi({ description: 'No edition: `12-25` each year, `2026-04-03` once' }),
    skip_dates: z
      .array(z.string().refine(isLocalDate, 'must be a date like 2026-04-03'))
      .max(datesMax)
      .default([])
      .openapi({ description: 'No edition on these dates' }),
  })
  .openapi('Calendar');

const recipeFields = z.strictObject({
  story_age_max_hours: z
    .int()
    .min(1)
    .max(24 * 31)
    .default(defaultRecipe.storyAgeMaxHours),
  stories_min: z.int().min(1).max(50).default(defaultRecipe.storiesMin),
  stories_max: z.int().min(1).max(50).default(defaultRecipe.storiesMax),
  lead_needs_image: z.boolean().default(defaultRecipe.leadNeedsImage),
  briefs_max: z.int().min(0).max(12).default(defaultRecipe.briefsMax),
  sections_max: z.int().min(1).max(8).default(defaultRecipe.sectionsMax),
});

const storiesInOrder = (recipe: { stories_min: number; stories_max: number }) =>
  recipe.stories_min <= recipe.stories_max;
const storiesFault = { message: 'must not be above stories_max', path: ['stories_min'] };

export const recipeDocument = recipeFields.refine(storiesInOrder, storiesFault).openapi('Recipe');

export const sectionDocument = z
  .strictObject({
    key: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'has lower-case letters, digits and hyphens'),
    label: byLang(40),
    min: z.int().min(0).max(20).default(0),
    max: z.int().min(0).max(20).default(4),
  })
  .refine((section) => section.min <= section.max, { message: 'must not be above max', path: ['min'] })
  .openapi('Section');

/** The recipe together with the sections it fills, in their order. */
export const wholeRecipeDocument = recipeFields
  .extend({ sections: z.array(sectionDocument).max(sectionsMax) })
  .refine(storiesInOrder, storiesFault)
  .openapi('WholeRecipe');

const origin = z
  .string()
  .refine(isOrigin, 'must be an origin like https://www.example.org, without a path')
  .transform((text) => new URL(text).origin)
  .openapi({ type: 'string' });

/** What a newsletter is made of; everything that has a default may be left out. */
export const newsletterFields = z.strictObject({
  slug: z
    .string()
    .openapi({ description: 'Its address: `/<slug>`; never changes', example: 'inside-washington' }),
  name: line(nameCharsMax),
  promise: byLang(promiseCharsMax).openapi({
    description: 'One sentence per language: what it is and how often',
  }),
  welcome: byLang(welcomeCharsMax).default({}).openapi({
    description:
      'Two sentences of an editor per language, for who is new; without them the program says thank you',
  }),
  languages: languageList.openapi({ description: "The first is the newsletter's own" }),
  state: z.enum(['open', 'closed', 'archived']).default('open'),
  visibility: z.enum(['public', 'private']).default('public'),
  from_name: line(nameCharsMax).optional().openapi({ description: 'Default: the name' }),
  from_email: mailAddress.optional().openapi({ description: "Default: the publisher's" }),
  reply_to: mailAddress.optional().openapi({ description: 'Default: `from_email`' }),
  postal_address: line(addressCharsMax).nullish().openapi({ description: "null: the publisher's" }),
  privacy_url: webAddress.nullish().openapi({ description: "null: the publisher's" }),
  time_zone: timeZone.optional().openapi({ description: "Default: the publisher's" }),
  calendar: calendarDocument,
  recipe: recipeDocument.prefault({}),
  sections: z.array(sectionDocument).max(sectionsMax).default([]),
  template: z.enum(['digest'], { error: 'must be digest, the one there is' }).default('digest'),
  approvals: z.int().min(0).max(2).default(0),
  thin_day: z.enum(['skip', 'hold', 'short']).default('skip'),
  lang_gap: z.enum(['omit', 'mark']).default('omit'),
  unknown: z.enum(['hold', 'resend-once']).default('hold'),
  deadline_hours: z.int().min(1).max(120).default(24),
  draft_lead_minutes: z.int().min(0).max(1440).default(60),
  archive_delay_minutes: z
    .int()
    .min(0)
    .max(7 * 1440)
    .default(0)
    .openapi({ description: "How long after its sending started an edition's page appears" }),
  opinions: z.boolean().default(true),
  confirmation_reminder: z
    .boolean()
    .default(false)
    .openapi({ description: 'Whether who has not confirmed after a day is asked once more' }),
  allowed_origins: z.array(origin).max(listMax).default([]),
  return_to: z.array(webAddress).max(listMax).default([]),
});

export const newsletterDocument = newsletterFields.superRefine((document, at) => {
  for (const one of document.languages) {
    if (!document.promise[one])
      at.addIssue({ code: 'custom', path: ['promise', one], message: 'is missing' });
  }
  const keys = document.sections.map((section) => section.key);
  document.sections.forEach((section, n) => {
    if (keys.indexOf(section.key) !== n) {
      at.addIssue({ code: 'custom', path: ['sections', n, 'key'], message: `${section.key} is there twice` });
    }
    for (const one of document.languages) {
      if (!section.label[one]) {
        at.addIssue({ code: 'custom', path: ['sections', n, 'label', one], message: 'is missing' });
      }
    }
  });
});

/** A change: whatever is left out stays, of `promise`, `welcome`, `calendar` and `recipe` each field for itself. */
export const newsletterPatch = z
  .strictObject({
    ...optional(newsletterFields.shape),
    promise: z
      .record(z.string(), line(promiseCharsMax).nullable())
      .optional()
      .openapi({
        type: 'object',
        additionalProperties: { type: ['string', 'null'] },
        description: 'null takes a language away',
      }),
    welcome: z
      .record(z.string(), line(welcomeCharsMax).nullable())
      .optional()
      .openapi({
        type: 'object',
        additionalProperties: { type: ['string', 'null'] },
        description: 'null takes a language away',
      }),
    calendar: z.strictObject(optional(calendarDocument.shape)).optional(),
    recipe: z.strictObject(optional(recipeFields.shape)).optional(),
  })
  .openapi('NewsletterChange');

export type NewsletterDocument = z.output<typeof newsletterDocument>;
/** As a caller writes it: what has a default may be left out. */
export type NewsletterInput = z.input<typeof newsletterDocument>;

export const publisherDocument = z
  .strictObject({
    name: line(nameCharsMax),
    legal_name: line(addressCharsMax),
    postal_address: line(addressCharsMax),
    privacy_url: webAddress,
    from_name: line(nameCharsMax),
    from_email: mailAddress,
    languages: languageList,
    time_zone: timeZone,
  })
  .openapi('Publisher');

export type PublisherDocument = z.output<typeof publisherDocument>;

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, origin: own } = new URL(text);
  return /^https?:$/.test(protocol) && own === text.toLowerCase().replace(/\/$/, '');
}

/** The same fields without their defaults: a default would undo what a change leaves out. */
function optional(shape: Record<string, z.ZodType>): Record<string, z.ZodType> {
  return Object.fromEntries(
    Object.entries(shape).map(([name, field]) => {
      const bare = field instanceof z.ZodDefault || field instanceof z.ZodPrefault ? field.unwrap() : field;
      return [name, (bare as z.ZodType).optional()];
    }),
  );
}
