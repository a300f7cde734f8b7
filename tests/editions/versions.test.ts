import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { htmlBytesMax } from '../../src/editions/check-variant.ts';
import { draft } from '../../src/editions/draft.ts';
import type { Facts } from '../../src/editions/facts.ts';
import { preview } from '../../src/editions/preview.ts';
import { storiesOf, vary } from '../../src/editions/vary.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { joinDigest } from '../../src/platform/render/mail.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { goOut } from '../support/days.ts';
import { openNewsroom, receiveStories } from '../support/newsroom.ts';
import { asWorker } from '../support/sending.ts';

const zone = 'America/New_York';
let ctx: TestContext;
let newsletter: Newsletter;

beforeEach(async () => {
  ctx = await asWorker(await testContext());
  newsletter = await openNewsroom(ctx);
});
afterEach(() => ctx.close());

describe('the versions of an edition', () => {
  it('shows the lead and the sections a reader chose, in both parts, and says when nothing is left', async () => {
    await receiveStories(ctx, 6);
    const { edition } = await draft(ctx, { newsletter, slotDate: '2026-07-14' });
    const { marked, facts, html: whole } = await preview(ctx, { edition, newsletter, lang: 'en' });
    const world = vary(facts, 'en', { topics: ['world'], greeting: 'usual', sent: undefined });
    const { html, text } = joinDigest(marked, world?.fate);
    for (const part of [html, text]) {
      expect(part).toContain('World');
      expect(part).toContain(facts.stories[0]?.title);
    }
    expect(headings(html)).toEqual(headings(whole).filter((one) => one !== 'Politics'));
    expect(html).not.toMatch(/[\ufdd0-\ufdef]/);
    const none = vary(facts, 'en', { topics: [], greeting: 'usual', sent: undefined });
    const without = joinDigest(marked, none?.fate);
    expect(without.text).toContain('Nothing new in your topics today.');
    expect(without.html).toContain('Nothing new in your topics today.');
    expect(whole).not.toContain('Nothing new');
    expect(html).not.toContain('Nothing new');
  });

  it('are the same version for readers whose mail is the same, and tell only what was not sent', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('regular' as const, 'weekly' as const),
        fc.option(fc.subarray(['a', 'b', 'c', 'gone']), { nil: undefined }),
        fc.option(fc.subarray([1, 2, 3, 4, 5, 6, 11, 12, 13]), { nil: undefined }),
        fc.constantFrom('usual' as const, 'morning' as const, 'back' as const),
        (kind, topics, sent, greeting) => {
          const facts = factsFor(kind);
          const version = vary(facts, 'en', { topics, greeting, sent: sent && new Set(sent) });
          if (!version) return sent !== undefined && kind === 'weekly';
          const told = storiesOf(facts, version);
          const again = vary(facts, 'en', {
            topics: version.topics === '' ? undefined : version.topics.split(','),
            greeting: (version.greeting || 'usual') as typeof greeting,
            sent: sent && new Set(sent),
          });
          expect(again?.catchUp).toBe(version.catchUp);
          const fresh = kind === 'weekly' ? told : told.filter((id) => id > 10);
          expect(fresh.filter((id) => sent?.includes(id))).toEqual([]);
          expect(new Set(told).size).toBe(told.length);
          if (topics?.length === 0) expect(told).not.toContain(2);
          return true;
        },
      ),
    );
  });

  it('never says its subject twice: a lead that is left out gives way, one that is alone is told on', () => {
    const weekly = factsFor('weekly');
    const without = vary(weekly, 'en', { topics: undefined, greeting: 'usual', sent: new Set([1]) });
    expect(without?.subject).toBe('Story 2');
    expect(without?.preheader).toMatch(/^Story 3 · Story 4 · /);
    const alone = {
      ...factsFor('regular'),
      briefIds: [],
      leadDek: 'What stands under the headline, and no more.',
    };
    const lead = vary(alone, 'en', { topics: [], greeting: 'usual', sent: undefined });
    expect(lead?.preheader).toMatch(/^What stands under the headline, and no more\. · /);
    const { leadDek: _, ...older } = alone;
    const told = vary(older, 'en', { topics: [], greeting: 'usual', sent: undefined });
    expect(told?.preheader).toBe(older.promise);
  });

  it('R28 leaves the lowest-ranked stories to the web before Gmail would clip, in the largest version', async () => {
    const long = 'A sentence that goes on about the matter for quite a while. '.repeat(250).slice(0, 14_000);
    await receiveStories(ctx, 9, () => ({ dek: long }));
    newsletter = { ...newsletter, recipe: { ...newsletter.recipe, storiesMax: 13 } };
    const { edition, refused } = await draft(ctx, { newsletter, slotDate: '2026-07-14' });
    expect(refused).toBeUndefined();
    const { html, text, check, view, facts } = await preview(ctx, { edition, newsletter, lang: 'en' });
    expect(check.htmlBytes).toBeLessThan(htmlBytesMax);
    expect(check.htmlBytes).toBeGreaterThan(htmlBytesMax * 0.7);
    expect(html).toMatch(/more stor(y|ies) on the web/);
    expect(text).toContain('on the web');
    expect(view.more?.url).toBe('https://news.example.org/inside-washington/2026-07-14');
    const kept = facts.stories.length;
    const { n } = await ctx.db
      .selectFrom('edition_stories')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('place', 'in', ['lead', 'section', 'brief'])
      .executeTakeFirstOrThrow();
    expect(kept).toBeLessThan(n);
    expect(view.more?.label).toContain(n - kept === 1 ? 'One more' : String(n - kept));
  });
});

describe('a thin day', () => {
  it('is said in the edition that is short', async () => {
    newsletter = await openThin('short');
    ctx.clock.setLocal('2026-07-14', '06:30', zone);
    await receiveStories(ctx, 2);
    ctx.clock.setLocal('2026-07-14', '07:00', zone);
    const sent = await goOut(ctx, newsletter, '2026-07-14');
    expect(sent.kind).toBe('drafted');
    const row = await ctx.db
      .selectFrom('edition_variants')
      .select(['text', 'html'])
      .executeTakeFirstOrThrow();
    expect(row.text).toContain('A short edition today');
    expect(row.html).toContain('A short edition today');
  });

  it('whose one story is the subject goes on with what stands under it', async () => {
    newsletter = await openThin('short');
    ctx.clock.setLocal('2026-07-14', '06:30', zone);
    const dek = 'Both houses agree on the sum, and on nothing that it is for.';
    await receiveStories(ctx, 1, () => ({ dek }));
    ctx.clock.setLocal('2026-07-14', '07:00', zone);
    await goOut(ctx, newsletter, '2026-07-14');
    const { html } = await ctx.db.selectFrom('edition_variants').select('html').executeTakeFirstOrThrow();
    expect(html).toContain(`mso-hide:all;">${dek} · Short and true.`);
  });

  it('that is skipped carries its stories over, and the next edition says so', async () => {
    newsletter = await openThin('skip');
    ctx.clock.setLocal('2026-07-14', '06:30', zone);
    await receiveStories(ctx, 2);
    ctx.clock.setLocal('2026-07-14', '07:00', zone);
    expect((await goOut(ctx, newsletter, '2026-07-14')).kind).toBe('skipped');
    ctx.clock.setLocal('2026-07-15', '06:30', zone);
    await receiveStories(ctx, 6, (index) => ({
      canonicalUrl: `https://www.example.org/next/${index}`,
      title: `Next ${index}`,
    }));
    ctx.clock.setLocal('2026-07-15', '07:00', zone);
    await goOut(ctx, newsletter, '2026-07-15');
    const row = await ctx.db
      .selectFrom('edition_variants')
      .select('text')
      .where('lang', '=', 'en')
      .executeTakeFirstOrThrow();
    expect(row.text.replace(/\s+/g, ' ')).toContain(
      'There was too little news for an edition on Tuesday 14 July 2026. Its stories are here today.',
    );
    expect(row.text).toContain('Senate sends the budget');
  });
});

function openThin(thinDay: 'skip' | 'short'): Promise<Newsletter> {
  return openNewsroom(ctx, {
    slug: `thin-${thinDay}`,
    languages: ['en'],
    promise: { en: 'Short and true.' },
    thin_day: thinDay,
  });
}

function headings(html: string): string[] {
  return [...html.matchAll(/<h2[^>]*class="label"[^>]*>([^<]*)</g)].map((match) => match[1] ?? '');
}

function factsFor(kind: 'regular' | 'weekly'): Facts {
  const story = (id: number) => ({ id, title: `Story ${id}`, words: 20 });
  return {
    kind,
    leadId: 1,
    stories: [1, 2, 3, 4, 5, 6].map(story),
    sections: [
      { key: 'a', storyIds: [2, 3] },
      { key: 'b', storyIds: [4] },
      { key: 'c', storyIds: [5] },
    ],
    briefIds: [6],
    missed: [
      { id: 11, section: 'a' },
      { id: 12, section: 'b' },
      { id: 13, section: null },
    ],
    greetings: { usual: 'Hello', any: 'Hello', morning: 'Good morning', evening: 'Hello', back: 'Back' },
    words: 10,
    subject: 'Subject',
    preheader: null,
    promise: 'Promise',
    from: { name: 'N', address: 'n@example.org' },
    replyTo: 'n@example.org',
    headers: [],
  };
}
