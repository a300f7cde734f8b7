import { z } from '@hono/zod-openapi';
import { publicId } from '../lib/ids.ts';
import type { ConsentRecord } from './find.ts';
import { type Subscriber, type Subscription, shownState } from './subscriber.ts';
import type { SuppressionRecord } from './suppressions.ts';

// How subscribers look from outside: snake_case, prefixed ids, instants as RFC 3339.

const instant = z.iso.datetime().nullable();

export const subscriptionAnswer = z
  .object({
    id: z.string().openapi({ example: 'sc_12' }),
    newsletter: z.string().openapi({ example: 'nl_1' }),
    status: z.enum(['pending', 'active', 'paused', 'unsubscribed']),
    frequency: z.enum(['each', 'weekdays', 'weekly']),
    weekly_day: z.int().nullable().openapi({ description: 'Of a weekly reader; 1 is Monday' }),
    hour: z.int().nullable().openapi({ description: 'On their own clock; null = as soon as it is ready' }),
    topics: z.array(z.string()).nullable().openapi({ description: 'Section keys; null = all' }),
    paused_until: instant,
    confirmed_at: instant,
    unsubscribed_at: instant,
    source: z.string().nullable(),
    created_at: z.iso.datetime(),
  })
  .openapi('Subscription');

export const subscriberAnswer = z
  .object({
    id: z.string().openapi({ example: 'sub_12' }),
    email: z.string().nullable().openapi({ description: 'null once erased' }),
    language: z.string(),
    time_zone: z.string().nullable(),
    mail_state: z.enum(['ok', 'undeliverable', 'suppressed']),
    marketing_since: instant,
    tags: z.array(z.string()),
    source: z.string().nullable(),
    created_at: z.iso.datetime(),
    erased_at: instant,
    subscriptions: z.array(subscriptionAnswer),
  })
  .openapi('Subscriber');

export const consentAnswer = z
  .object({
    purpose: z.enum(['newsletter', 'marketing']),
    newsletter: z.string().nullable(),
    act: z.enum(['given', 'withdrawn']),
    wording: z
      .object({ version: z.string(), lang: z.string(), text: z.string() })
      .nullable()
      .openapi({ description: 'The exact words that were shown' }),
    method: z.string().openapi({ example: 'double-opt-in' }),
    form: z.string().nullable(),
    page_url: z.string().nullable(),
    ip_net: z.string().nullable().openapi({ description: '/24 of IPv4, /48 of IPv6' }),
    agent_family: z.string().nullable(),
    letter: z.string().nullable(),
    evidence: z.string().nullable(),
    at: z.iso.datetime(),
  })
  .openapi('Consent');

export const suppressionAnswer = z
  .object({
    id: z.string().openapi({ example: 'sup_3' }),
    reason: z.enum(['hard', 'complaint', 'never', 'soft', 'manual']),
    newsletter: z.string().nullable().openapi({ description: 'null = everything' }),
    subscriber: z.string().nullable(),
    evidence: z.string().nullable(),
    source: z.string(),
    at: z.iso.datetime(),
  })
  .openapi('Suppression');

export function subscriptionOutside(one: Subscription, now: Date): z.infer<typeof subscriptionAnswer> {
  return {
    id: publicId('subscription', one.id),
    newsletter: publicId('newsletter', one.newsletterId),
    status: shownState(one, now),
    frequency: one.frequency,
    weekly_day: one.weeklyDay ?? null,
    hour: one.hour ?? null,
    topics: one.topics ? [...one.topics] : null,
    paused_until: one.pausedUntil && one.pausedUntil > now ? one.pausedUntil.toISOString() : null,
    confirmed_at: iso(one.confirmedAt),
    unsubscribed_at: iso(one.unsubscribedAt),
    source: one.source ?? null,
    created_at: one.createdAt.toISOString(),
  };
}

export function subscriberOutside(
  person: Subscriber,
  subscriptions: readonly Subscription[],
  now: Date,
): z.infer<typeof subscriberAnswer> {
  return {
    id: publicId('subscriber', person.id),
    email: person.email ?? null,
    language: person.language,
    time_zone: person.timeZone ?? null,
    mail_state: person.mailState,
    marketing_since: iso(person.marketingSince),
    tags: person.tags,
    source: person.source ?? null,
    created_at: person.createdAt.toISOString(),
    erased_at: iso(person.erasedAt),
    subscriptions: subscriptions.map((one) => subscriptionOutside(one, now)),
  };
}

export function consentOutside(record: ConsentRecord): z.infer<typeof consentAnswer> {
  return {
    purpose: record.purpose,
    newsletter: record.newsletterId === undefined ? null : publicId('newsletter', record.newsletterId),
    act: record.act,
    wording: record.wording ?? null,
    method: record.method,
    form: record.form ?? null,
    page_url: record.pageUrl ?? null,
    ip_net: record.ipNet ?? null,
    agent_family: record.agentFamily ?? null,
    letter: record.letterId === undefined ? null : publicId('letter', record.letterId),
    evidence: record.evidence ?? null,
    at: record.at.toISOString(),
  };
}

export function suppressionOutside(record: SuppressionRecord): z.infer<typeof suppressionAnswer> {
  return {
    id: publicId('suppression', record.id),
    reason: record.reason,
    newsletter: record.newsletterId === undefined ? null : publicId('newsletter', record.newsletterId),
    subscriber: record.subscriberId === undefined ? null : publicId('subscriber', record.subscriberId),
    evidence: record.evidence ?? null,
    source: record.source,
    at: record.at.toISOString(),
  };
}

function iso(at: Date | undefined): string | null {
  return at?.toISOString() ?? null;
}
