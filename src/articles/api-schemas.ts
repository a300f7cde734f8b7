import { z } from '@hono/zod-openapi';
import { columnName } from './article.ts';

const instant = z.iso.datetime();

export const imageSchema = z.object({
  url: z.string(),
  alt: z.string(),
  width: z.int().optional(),
  height: z.int().optional(),
});

export const articleSchema = z
  .object({
    id: z.string().openapi({ example: 'art_12' }),
    story_id: z.int().openapi({ description: 'Shared by an article and its translations' }),
    url: z.string().nullable(),
    guid: z.string().nullable(),
    source: z.string().nullable(),
    title: z.string(),
    dek: z.string().nullable(),
    author: z.string().nullable(),
    section: z.string().nullable(),
    tags: z.array(z.string()),
    lang: z.string(),
    image: imageSchema.nullable(),
    published_at: instant.nullable(),
    received_at: instant,
    embargo_until: instant.nullable(),
    expires_at: instant.nullable(),
    priority: z.int().min(0).max(3),
    never: z.boolean(),
    words: z.int(),
    minutes: z.int(),
    edited_fields: z.array(z.string()).openapi({ description: 'The source no longer changes these' }),
    withdrawn_at: instant.nullable(),
    revision: z.int(),
  })
  .openapi('Article');

export const wholeArticleSchema = articleSchema
  .extend({ body: z.string().nullable().openapi({ description: 'Paragraphs separated by an empty line' }) })
  .openapi('ArticleWithBody');

export const receivedSchema = wholeArticleSchema
  .extend({ outcome: z.enum(['new', 'updated', 'unchanged']) })
  .openapi('ArticleReceived');

const when = z
  .string()
  .openapi({ description: 'RFC 3339 with its offset', example: '2026-07-14T07:00:00-04:00' });

export const pushSchema = z
  .strictObject({
    url: z.string().optional().openapi({ description: 'Its canonical address: the article’s identity' }),
    guid: z.string().optional().openapi({ description: 'Its identity where it has no address' }),
    title: z.string(),
    dek: z.string().optional(),
    body: z.string().optional().openapi({ description: 'Plain text, paragraphs separated by an empty line' }),
    body_html: z.string().optional().openapi({ description: 'Instead of `body`; only its text is kept' }),
    author: z.union([z.string(), z.array(z.string())]).optional(),
    section: z.string().optional(),
    tags: z.array(z.string()).optional(),
    lang: z.string(),
    image: imageSchema.extend({ alt: z.string().optional() }).optional(),
    published_at: z.string().optional(),
    embargo_until: when.optional(),
    expires_at: when.optional(),
    priority: z.int().min(0).max(3).optional(),
    never: z.boolean().optional(),
    story: z
      .string()
      .optional()
      .openapi({ description: 'The article it is a translation of', example: 'art_12' }),
  })
  .openapi('ArticlePush');

export const changesSchema = z
  .strictObject({
    title: z.string().optional(),
    dek: z.string().nullable().optional(),
    body: z.string().nullable().optional(),
    author: z.string().nullable().optional(),
    section: z.string().nullable().optional(),
    tags: z.array(z.string()).optional(),
    lang: z.string().optional(),
    image: imageSchema.nullable().optional(),
    published_at: z.string().nullable().optional(),
    embargo_until: when.nullable().optional(),
    expires_at: when.nullable().optional(),
    priority: z.int().min(0).max(3).optional(),
    never: z.boolean().optional(),
    revert: z
      .array(z.enum(Object.values(columnName)))
      .optional()
      .openapi({ description: 'Fields to give back to the source' }),
    withdrawn: z.boolean().optional(),
    revision: z.int().optional().openapi({ description: 'The one you looked at; 409 when it is another' }),
  })
  .openapi('ArticleChanges');

export const sourceSchema = z
  .object({
    id: z.string().openapi({ example: 'src_3' }),
    kind: z.enum(['feed', 'page']),
    url: z.string(),
    section: z.string().nullable(),
    lang: z.string(),
    mapping: z
      .record(z.string(), z.string())
      .openapi({ description: 'From the feed’s names of sections to the newsletters’ keys' }),
    weight: z.int(),
    state: z.enum(['new', 'ok', 'silent', 'failing']),
    words: z.string().openapi({ description: 'How it is doing, in a sentence' }),
    last_ok_at: instant.nullable(),
    last_item_at: instant.nullable(),
    last_error: z.string().nullable(),
    failures: z.int(),
    next_poll_at: instant,
    silent_after_hours: z.int(),
  })
  .openapi('Source');

const sourceSettings = {
  section: z.string().nullable().optional(),
  lang: z.string().optional(),
  mapping: z.record(z.string(), z.string()).optional(),
  weight: z.int().min(-100).max(100).optional(),
  silent_after_hours: z.int().min(1).max(8_760).optional(),
};

export const newSourceSchema = z
  .strictObject({ url: z.string(), kind: z.enum(['feed', 'page']).optional(), ...sourceSettings })
  .openapi('NewSource');

export const sourceChangesSchema = z.strictObject(sourceSettings).openapi('SourceChanges');

export const previewSchema = z
  .object({
    kind: z.enum(['feed', 'page']),
    url: z.string(),
    title: z.string().nullable(),
    lang: z.string().nullable(),
    feeds: z.array(z.string()),
    items: z.array(
      z.object({
        usable: z.boolean(),
        remarks: z.array(z.string()),
        url: z.string().nullable(),
        title: z.string().nullable(),
        dek: z.string().nullable(),
        author: z.string().nullable(),
        section: z.string().nullable(),
        tags: z.array(z.string()),
        lang: z.string().nullable(),
        image: imageSchema.nullable(),
        published_at: instant.nullable(),
        paragraphs: z.int(),
      }),
    ),
  })
  .openapi('SourcePreview');

export const polledSchema = z
  .object({
    outcome: z.enum(['polled', 'not-modified', 'failed', 'not-due']),
    new: z.int(),
    updated: z.int(),
    unchanged: z.int(),
    unusable: z.int(),
    remarks: z.array(z.string()),
    reason: z.string().nullable(),
    source: sourceSchema,
  })
  .openapi('Polled');
