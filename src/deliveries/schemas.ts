import { z } from '@hono/zod-openapi';

// What sends and deliveries look like from outside, for the API and its document.

const counts = z
  .object({
    planned: z.int(),
    accepted: z.int(),
    deferred: z.int(),
    refused: z.int(),
    skipped: z.int(),
    unknown: z.int(),
    cancelled: z.int(),
    queued: z.int(),
  })
  .openapi('Counts', { description: 'The seven after `planned` always add up to it' });

export const laneSchema = z
  .object({
    lane: z.string().openapi({ example: 'gmail', description: 'A lane, or `other lanes`' }),
    lanes: z.int().openapi({ description: 'How many lanes this row stands for' }),
    counts,
    rate: z.object({ now: z.number() }),
    limit_per_second: z.number().nullable(),
    connections: z.int().nullable(),
    state: z.string().openapi({ description: '`open`, `slow` or `paused`' }),
    back_off_until: z.iso.datetime().nullable(),
    reason: z.string().nullable(),
    last_answer: z.string().nullable().openapi({ description: 'Addresses masked' }),
  })
  .openapi('SendLane');

export const sendSchema = z
  .object({
    id: z.string().openapi({ example: 'snd_12' }),
    edition: z.string(),
    newsletter: z.string(),
    state: z.string().openapi({ description: 'The edition’s state' }),
    counts,
    in_flight: z.int().openapi({ description: 'How many of the queued are being handed over now' }),
    complete: z.boolean().openapi({ description: 'Everyone it goes to has been planned' }),
    rate: z.object({ now: z.number(), average: z.number() }).openapi({ description: 'Answers per second' }),
    limit_per_second: z.number().nullable().openapi({
      description: 'What the relays take of the rest, on average; null: all at once, or nothing is left',
    }),
    eta: z.object({ low: z.iso.datetime(), high: z.iso.datetime() }).nullable(),
    reason: z.string().nullable().openapi({ description: 'Why it is paused' }),
    expected: z.int().nullable(),
    requested_by: z.string(),
    requested_at: z.iso.datetime(),
    hold_until: z.iso.datetime().nullable(),
    started_at: z.iso.datetime().nullable(),
    finished_at: z.iso.datetime().nullable(),
    verified_at: z.iso.datetime().nullable(),
    elapsed_seconds: z.int(),
    workers: z.int().openapi({ description: 'Worker processes that live' }),
    oldest_queued_at: z.iso
      .datetime()
      .nullable()
      .openapi({ description: 'Since when the batch that waits longest is due' }),
    lanes: z.array(laneSchema).openapi({ description: 'Adds up to `counts`; the largest 20, then the rest' }),
  })
  .openapi('Send');

export const failureSchema = z
  .object({
    state: z.enum(['refused', 'unknown', 'deferred']),
    class: z.string(),
    reason: z.string(),
    deliveries: z.int(),
    codes: z.array(z.int()),
    sample: z.string().nullable().openapi({ description: 'One answer, addresses masked' }),
  })
  .openapi('FailureGroup');

export const deliverySchema = z
  .object({
    id: z.string().openapi({ example: 'dlv_12_345' }),
    edition: z.string(),
    subscriber: z.string(),
    state: z.string(),
    class: z.string().nullable(),
    reason: z.string().nullable(),
    smtp_code: z.int().nullable(),
    smtp_status: z.string().nullable(),
    smtp_text: z.string().nullable(),
    attempts: z.int(),
    due_at: z.iso.datetime(),
    settled_at: z.iso.datetime().nullable(),
    message_id: z.string(),
  })
  .openapi('Delivery');

export const verifiedSchema = z
  .object({
    agreed: z.boolean(),
    off: z
      .record(z.string(), z.record(z.string(), z.int()))
      .openapi({ description: 'By lane: by how much each count was wrong' }),
    counts,
  })
  .openapi('Verified');

export const named = z.object({
  id: z
    .string()
    .openapi({ description: '`snd_12`, or its edition: `ed_12`, `2026-07-14`', example: 'snd_12' }),
});

export const deliveryStates = [
  'queued',
  'sending',
  'accepted',
  'deferred',
  'refused',
  'skipped',
  'unknown',
  'cancelled',
] as const;
