import { afterAll } from 'vitest';
import { createNewsletter } from '../../src/newsletters/create.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { type TestContext, testContext } from './context.ts';
import { seedInsideWashington } from './sign-ups.ts';
import { openTestWeb, type Web } from './web.ts';

// How most tests of readers begin: a publisher with *Inside Washington*, for all tests of a file and closed after them.

/** With its pages. */
export async function openWashingtonPages(
  more: Record<string, unknown> = {},
): Promise<{ web: Web; washington: Newsletter }> {
  const web = await openTestWeb();
  afterAll(() => web.close());
  return { web, washington: await seedInsideWashington(web.ctx, more) };
}

/** Without pages. */
export async function openWashington(): Promise<{ ctx: TestContext; washington: Newsletter }> {
  const ctx = await testContext();
  afterAll(() => ctx.close());
  return { ctx, washington: await seedInsideWashington(ctx) };
}

/** A second newsletter of the publisher. */
export function theBrief(ctx: TestContext, more: Record<string, unknown> = {}): Promise<Newsletter> {
  return createNewsletter(ctx, {
    slug: 'the-brief',
    name: 'The Brief',
    promise: { en: 'The day in five minutes, every evening.', id: 'Hari ini dalam lima menit.' },
    languages: ['en', 'id'],
    calendar: { days: [1], time: '18:00' },
    ...more,
  } as never);
}

/** One that nobody can join by a form. */
export function hiddenLetters(ctx: TestContext): Promise<Newsletter> {
  return createNewsletter(ctx, {
    slug: 'hidden-letters',
    name: 'Hidden Letters',
    promise: { en: 'For a few.' },
    languages: ['en'],
    visibility: 'private',
    calendar: { days: [1], time: '07:00' },
  } as never);
}
