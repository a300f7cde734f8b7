import { z } from '@hono/zod-openapi';

// What editions look like from outside, for the API and its document.

export const words = z.record(z.string(), z.string());
export const editionSchema = z
  .object({
    id: z.string().openapi({ example: 'ed_12' }),
    newsletter: z.string(),
    date: z.iso.date(),
    name: z.string().openapi({ description: 'The date, with -2 for the second of a day' }),
    number: z.int().nullable(),
    state: z.string(),
    slot_at: z.iso.datetime(),
    held_reason: z.string().nullable(),
    skipped_reason: z.string().nullable(),
    failed_reason: z.string().nullable(),
    subject: words,
    preheader: words,
    greeting: words,
    revision: z.int(),
    composed: z.boolean(),
    scheduled: z.boolean(),
    urls: words,
    archive_state: z.enum(['hidden', 'public', 'unpublished']),
    published_at: z.iso.datetime().nullable().openapi({ description: 'When its sending started' }),
    appears_at: z.iso
      .datetime()
      .nullable()
      .openapi({ description: 'From when its pages are there for everybody' }),
  })
  .openapi('Edition');
const storySchema = z
  .object({
    story_id: z.int(),
    title: z
      .string()
      .nullable()
      .openapi({ description: 'In the newsletter’s first language that it is told in' }),
    place: z.enum(['lead', 'section', 'brief', 'carried', 'excluded', 'web']),
    section: z.string().nullable(),
    position: z.int(),
    reason: z.string(),
    pinned: z.boolean(),
  })
  .openapi('EditionStory');
export const wholeSchema = editionSchema
  .extend({
    opinions: z
      .object({ more: z.int(), less: z.int() })
      .openapi({ description: 'How many readers wish for more, and for less, like it; nothing says who' }),
    approvals: z
      .array(z.object({ by: z.string(), at: z.iso.datetime() }))
      .openapi({ description: 'Who has approved it as it is in this revision' }),
    slots: z.array(storySchema),
    variants: z.array(
      z.object({ lang: z.string(), subject: z.string(), preheader: z.string(), html_bytes: z.int() }),
    ),
  })
  .openapi('EditionWithStories');

export const correctionSchema = z
  .object({
    version: z.int().openapi({ description: 'The version of the pages that it printed' }),
    notes: words,
    words: z.record(z.string(), words),
    by: z.string(),
    at: z.iso.datetime(),
  })
  .openapi('Correction');

export const named = z.object({
  id: z.string().openapi({ description: '`ed_12`, or a date like `2026-07-14`', example: 'ed_12' }),
});
export const ofNewsletter = z.object({
  newsletter: z
    .string()
    .optional()
    .openapi({ description: 'Its slug; may be left out when there is only one' }),
});
