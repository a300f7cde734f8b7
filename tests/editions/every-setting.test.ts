import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { draft } from '../../src/editions/draft.ts';
import { preview } from '../../src/editions/preview.ts';
import { changeNewsletter, type NewsletterChange } from '../../src/newsletters/change.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { openNewsroom, receiveStories } from '../support/newsroom.ts';

let ctx: TestContext;
let newsletter: Newsletter;

beforeEach(async () => {
  ctx = await testContext();
  newsletter = await openNewsroom(ctx);
  await receiveStories(ctx, 8);
  await receiveStories(ctx, 6, (index) => ({ lang: 'id', title: `Kisah nomor ${index} dari ibu kota` }));
});
afterEach(() => ctx.close());

const section = (more: object) => ({ key: 'politics', label: { en: 'Politics', id: 'Politik' }, ...more });

/** What an operator may set, one thing at a time. */
const settings: [string, NewsletterChange][] = [
  ['nothing', {}],
  ['no opinions', { opinions: false }],
  ['words for who is new', { welcome: { en: 'Good to have you.', id: 'Selamat datang.' } }],
  [
    'an address and a privacy page of its own',
    { postal_address: '2 Side Street', privacy_url: 'https://www.example.org/own' },
  ],
  ['a sender of its own', { from_name: 'The Desk', reply_to: 'desk@example.org' }],
  ['gaps that are marked', { lang_gap: 'mark' }],
  ['thin days that are held', { thin_day: 'hold' }],
  ['thin days that are short', { thin_day: 'short' }],
  ['no sections', { sections: [] }],
  ['one section that takes all', { sections: [section({ min: 0, max: 20 })] }],
  ['a section that takes nothing', { sections: [section({ min: 0, max: 0 })] }],
  ['no briefs', { recipe: { briefs_max: 0 } }],
  ['one story', { recipe: { stories_min: 1, stories_max: 1 } }],
  ['a picture wanted', { recipe: { lead_needs_image: true } }],
  ['many stories', { recipe: { stories_min: 1, stories_max: 50, sections_max: 8, briefs_max: 12 } }],
  ['private', { visibility: 'private' }],
  ['closed', { state: 'closed' }],
  ['an archive that waits', { archive_delay_minutes: 360 }],
  ['resending once', { unknown: 'resend-once' }],
  ['two approvals', { approvals: 2 }],
  ['another zone', { time_zone: 'Asia/Jakarta' }],
  ['Indonesian first', { languages: ['id', 'en'] }],
  ['Indonesian alone', { languages: ['id'] }],
  ['English alone', { languages: ['en'] }],
];

describe('an edition', () => {
  it.each(settings)('is composed with %s, and can be seen', async (_name, change) => {
    const set = await changeNewsletter(ctx, newsletter.id, change);
    const { edition, refused } = await draft(ctx, { newsletter: set, slotDate: '2026-07-14' });
    expect(refused).toBeUndefined();
    expect(edition.state).toBe('ready');
    const variants = await ctx.db
      .selectFrom('edition_variants')
      .select(['lang', 'html', 'text'])
      .where('edition_id', '=', edition.id)
      .where('revision', '=', edition.revision)
      .execute();
    expect(variants.map((one) => one.lang).sort()).toEqual([...set.languages].sort());
    for (const { html, text } of variants) expect(html + text).not.toMatch(/undefined|\[object|NaN|\{\{/);
    const shown = await preview(ctx, { edition, newsletter: set });
    expect(shown).toBeTruthy();
  });
});
