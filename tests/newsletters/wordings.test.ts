import { createHash } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import { getNewsletter } from '../../src/newsletters/find.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { setPublisher } from '../../src/newsletters/publisher.ts';
import { currentWordings, findWordings } from '../../src/newsletters/wordings.ts';
import { morning, testContext } from '../support/context.ts';
import { openNewsroom } from '../support/newsroom.ts';

const ctx = await testContext();
afterAll(() => ctx.close());

let newsletter: Newsletter;

beforeEach(async () => {
  for (const table of ['wordings', 'newsletter_sections', 'newsletters', 'publishers'] as const) {
    await ctx.db.deleteFrom(table).execute();
  }
  ctx.clock.set(morning);
  newsletter = await openNewsroom(ctx);
});

describe('the words of a form', () => {
  it('are kept from the first day, in each language, with the publisher by name', async () => {
    const english = await currentWordings(ctx.db, newsletter, 'en');
    expect(english.consentV).toBe('2026-07-14.en');
    expect(english.newsletter.text).toBe(
      [
        'Get the free Inside Washington email',
        'US politics, reported and explained from the capital, every weekday morning.',
        '[Sign up]',
        'Unsubscribe at any time. Read our privacy notice.',
      ].join('\n'),
    );
    expect(english.marketing.text).toBe(
      'Also send me offers and event news from Example Media by email (optional)',
    );
    const indonesian = await currentWordings(ctx.db, newsletter, 'id');
    expect(indonesian.marketing.text).toBe(
      'Kirimi saya juga email tentang penawaran dan acara dari Example Media (opsional)',
    );
    expect(await findWordings(ctx.db, newsletter.id, '2026-07-14.id')).toEqual(indonesian);
  });

  it('carry the digest of their text', async () => {
    const rows = await ctx.db.selectFrom('wordings').select(['text', 'sha256']).execute();
    for (const { text, sha256 } of rows) {
      expect(sha256).toBe(createHash('sha256').update(text).digest('hex'));
    }
  });

  it('get a new version when they change, and the old one stays valid', async () => {
    ctx.clock.advance(86_400_000 * 20);
    await changeNewsletter(ctx, newsletter.id, { promise: { en: 'US politics, twice a week.' } });
    const now = await currentWordings(ctx.db, newsletter, 'en');
    expect(now.consentV).toBe('2026-08-03.en');
    expect(now.newsletter.text).toContain('twice a week');
    const before = await findWordings(ctx.db, newsletter.id, '2026-07-14.en');
    expect(before?.newsletter.text).toContain('every weekday morning');
    const indonesian = await currentWordings(ctx.db, newsletter, 'id');
    expect(indonesian.consentV).toBe('2026-07-14.id');
  });

  it('changed twice on one day are two versions', async () => {
    for (const time of ['one', 'two', 'three']) {
      await changeNewsletter(ctx, newsletter.id, { name: `Inside ${time}` });
    }
    const present = (await getNewsletter(ctx.db, newsletter.id)) as Newsletter;
    expect((await currentWordings(ctx.db, present, 'en')).consentV).toBe('2026-07-14-4.en');
    const second = await findWordings(ctx.db, newsletter.id, '2026-07-14-2.en');
    expect(second?.newsletter.text).toContain('Inside one');
    expect(second?.marketing.version).toBe('2026-07-14-2');
  });

  it('stay as they are when something else changes', async () => {
    await changeNewsletter(ctx, newsletter.id, { calendar: { time: '05:00' }, reply_to: 'x@example.org' });
    await setPublisher(ctx, { postal_address: '9 Other Street' });
    expect(await ctx.db.selectFrom('wordings').select('id').execute()).toHaveLength(4);
  });

  it('follow the name of the publisher, which they tell', async () => {
    await setPublisher(ctx, { name: 'Sample Press' });
    const { consentV, marketing } = await currentWordings(ctx.db, newsletter, 'en');
    expect(consentV).toBe('2026-07-14-2.en');
    expect(marketing.text).toContain('Sample Press');
  });

  it('are unknown for a version that never was', async () => {
    const never = ['2026-07-13.en', '2026-07-14.fr', '2026-07-14', 'x', '', '2026-07-14-1.en', "';--.en"];
    for (const version of never) expect(await findWordings(ctx.db, newsletter.id, version)).toBeUndefined();
    expect(await findWordings(ctx.db, newsletter.id + 1, '2026-07-14.en')).toBeUndefined();
  });
});
