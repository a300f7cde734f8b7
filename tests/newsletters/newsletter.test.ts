import { sql } from 'kysely';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Refusal } from '../../src/lib/errors.ts';
import { changeNewsletter, type NewsletterChange } from '../../src/newsletters/change.ts';
import { createNewsletter } from '../../src/newsletters/create.ts';
import type { NewsletterInput } from '../../src/newsletters/document.ts';
import {
  findNewsletter,
  findPublisher,
  listNewsletters,
  namedOrOnlyNewsletter,
  openNewsletters,
} from '../../src/newsletters/find.ts';
import { setPublisher } from '../../src/newsletters/publisher.ts';
import { toDocument } from '../../src/newsletters/to-document.ts';
import { testContext } from '../support/context.ts';
import { openNewsroom } from '../support/newsroom.ts';

const ctx = await testContext();
afterAll(() => ctx.close());

beforeEach(async () => {
  for (const table of ['wordings', 'newsletter_sections', 'newsletters', 'publishers'] as const) {
    await ctx.db.deleteFrom(table).execute();
  }
});

async function refusalOf(
  act: Promise<unknown>,
): Promise<Pick<Refusal, 'status' | 'code' | 'field' | 'message'>> {
  const error = await act.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Refusal);
  return error as Refusal;
}

const minimal: NewsletterInput = {
  slug: 'the-brief',
  name: 'The Brief',
  promise: { en: 'The day in five minutes.' },
  languages: ['en'],
  calendar: { days: [7, 1, 1], time: '18:30' },
};

describe('creating a newsletter', () => {
  it('fills in what is left out, from the publisher and the defaults', async () => {
    await openNewsroom(ctx);
    const created = await createNewsletter(ctx, minimal);
    expect(created).toMatchObject({
      slug: 'the-brief',
      state: 'open',
      visibility: 'public',
      fromName: 'The Brief',
      fromEmail: 'news@example.org',
      replyTo: 'news@example.org',
      postalAddress: '1 Example Street, London EC1A 1AA',
      privacyUrl: 'https://www.example.org/privacy',
      legalName: 'Example Media Ltd',
      timeZone: 'America/New_York',
      calendar: { days: [1, 7], time: '18:30', holidays: [], skipDates: [] },
      recipe: { storyAgeMaxHours: 72, storiesMin: 4, leadNeedsImage: true, briefsMax: 6 },
      thinDay: 'skip',
      unknownPolicy: 'hold',
      revision: 1,
    });
    expect(await findNewsletter(ctx.db, 'the-brief')).toEqual(created);
    expect(await findNewsletter(ctx.db, `nl_${created.id}`)).toEqual(created);
  });

  it('twice with one slug is a conflict and changes nothing', async () => {
    const first = await openNewsroom(ctx);
    const again = await refusalOf(
      createNewsletter(ctx, { ...minimal, slug: first.slug, name: 'Something else' }),
    );
    expect(again).toMatchObject({ status: 409, code: 'slug_taken', field: 'slug' });
    expect(await findNewsletter(ctx.db, first.slug)).toEqual(first);
    const rows = await ctx.db.selectFrom('wordings').select('id').execute();
    expect(rows).toHaveLength(4);
  });

  it('at once with one slug makes one', async () => {
    await openNewsroom(ctx);
    const tries = await Promise.allSettled(Array.from({ length: 5 }, () => createNewsletter(ctx, minimal)));
    expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    expect(await listNewsletters(ctx.db)).toHaveLength(2);
  });

  it('needs a publisher first', async () => {
    expect(await refusalOf(createNewsletter(ctx, minimal))).toMatchObject({
      status: 409,
      code: 'no_publisher',
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['template', { template: 'no-such-template' }],
    ['slug', { slug: 'Bad Slug' }],
    ['slug', { slug: 'confirm' }],
    ['name', { name: 'Two\nlines' }],
    ['name', { name: '  ' }],
    ['promise.id', { languages: ['en', 'id'] }],
    ['languages.0', { languages: ['xx'] }],
    ['languages', { languages: [] }],
    ['languages', { languages: ['en', 'en'] }],
    ['from_email', { from_email: 'nobody' }],
    ['from_name', { from_name: 'News\r\nBcc: all@example.org' }],
    ['privacy_url', { privacy_url: 'javascript:alert(1)' }],
    ['time_zone', { time_zone: 'Mars/Olympus' }],
    ['calendar.days', { calendar: { days: [], time: '07:00' } }],
    ['calendar.days.0', { calendar: { days: [8], time: '07:00' } }],
    ['calendar.time', { calendar: { days: [1], time: '24:00' } }],
    ['calendar.skip_dates.0', { calendar: { days: [1], time: '07:00', skip_dates: ['2026-02-30'] } }],
    ['calendar.holidays.0', { calendar: { days: [1], time: '07:00', holidays: ['13-01'] } }],
    ['recipe.stories_min', { recipe: { stories_min: 9, stories_max: 3 } }],
    [
      'sections.1.key',
      {
        sections: [
          { key: 'a', label: { en: 'A' } },
          { key: 'a', label: { en: 'B' } },
        ],
      },
    ],
    ['sections.0.label.en', { sections: [{ key: 'a', label: { id: 'A' } }] }],
    ['sections.0.min', { sections: [{ key: 'a', label: { en: 'A' }, min: 3, max: 1 }] }],
    ['allowed_origins.0', { allowed_origins: ['https://www.example.org/news'] }],
    ['', { colour: 'red' }],
  ])('refuses a bad %s and names it', async (field, wrong) => {
    await openNewsroom(ctx);
    const refused = await refusalOf(createNewsletter(ctx, { ...minimal, ...wrong } as NewsletterInput));
    expect(refused.status).toBe(422);
    expect(refused.field ?? '').toBe(field);
    expect(refused.message.length).toBeGreaterThan(5);
    expect(await findNewsletter(ctx.db, minimal.slug)).toBeUndefined();
  });
});

describe('changing a newsletter', () => {
  it('merges, field by field of the calendar and the recipe', async () => {
    const before = await openNewsroom(ctx);
    const after = await changeNewsletter(ctx, before.id, {
      calendar: { time: '06:15' },
      recipe: { briefs_max: 3 },
      allowed_origins: ['https://WWW.example.org/'],
    });
    expect(after).toEqual({
      ...before,
      calendar: { ...before.calendar, time: '06:15' },
      recipe: { ...before.recipe, briefsMax: 3 },
      allowedOrigins: ['https://www.example.org'],
      revision: 2,
    });
  });

  it('that changes nothing leaves the revision alone', async () => {
    const before = await openNewsroom(ctx);
    expect(await changeNewsletter(ctx, before.id, {})).toEqual(before);
    const same = { calendar: { days: [5, 4, 3, 2, 1, 1] }, name: before.name };
    expect(await changeNewsletter(ctx, before.id, same)).toEqual(before);
    expect(await changeNewsletter(ctx, before.id, toDocument(before))).toEqual(before);
  });

  it('replaces the sections in their new order', async () => {
    const { id, sections } = await openNewsroom(ctx);
    const reversed = [...sections].reverse();
    expect((await changeNewsletter(ctx, id, { sections: reversed })).sections).toEqual(reversed);
    expect((await changeNewsletter(ctx, id, { sections: [] })).sections).toEqual([]);
  });

  it('takes an own address and gives it back to the publisher', async () => {
    const { id } = await openNewsroom(ctx);
    const own = await changeNewsletter(ctx, id, { postal_address: '2 Other Road' });
    expect(own).toMatchObject({ postalAddress: '2 Other Road', own: { postalAddress: '2 Other Road' } });
    const given = await changeNewsletter(ctx, id, { postal_address: null });
    expect(given.postalAddress).toBe('1 Example Street, London EC1A 1AA');
    expect(given.own.postalAddress).toBeUndefined();
  });

  it('checks the whole: a language needs its promise and its labels', async () => {
    const { id } = await openNewsroom(ctx);
    expect(await refusalOf(changeNewsletter(ctx, id, { promise: { id: null } }))).toMatchObject({
      status: 422,
      field: 'promise.id',
    });
    const english = await changeNewsletter(ctx, id, { promise: { id: null }, languages: ['en'] });
    expect(english.promise).toEqual({ en: expect.any(String) });
  });

  it('refuses another slug, an unknown field and a revision that is past', async () => {
    const { id } = await openNewsroom(ctx);
    expect(await refusalOf(changeNewsletter(ctx, id, { slug: 'other-name' }))).toMatchObject({
      code: 'slug_fixed',
    });
    expect(await refusalOf(changeNewsletter(ctx, id, { colour: 'red' } as NewsletterChange))).toMatchObject({
      status: 422,
      field: 'colour',
    });
    await changeNewsletter(ctx, id, { name: 'Inside the Capital' }, { revision: 1 });
    expect(await refusalOf(changeNewsletter(ctx, id, { name: 'Other' }, { revision: 1 }))).toMatchObject({
      status: 409,
      code: 'changed_meanwhile',
    });
    expect(await refusalOf(changeNewsletter(ctx, 999_999, {}))).toMatchObject({ status: 404 });
  });

  it('loses nothing when two people change different fields at once', async () => {
    const { id } = await openNewsroom(ctx);
    await Promise.all([
      changeNewsletter(ctx, id, { name: 'One' }),
      changeNewsletter(ctx, id, { reply_to: 'two@example.org' }),
      changeNewsletter(ctx, id, { calendar: { time: '05:00' } }),
    ]);
    expect(await findNewsletter(ctx.db, 'inside-washington')).toMatchObject({
      name: 'One',
      replyTo: 'two@example.org',
      calendar: { time: '05:00', days: [1, 2, 3, 4, 5] },
      revision: 4,
    });
  });

  it('has to be named where there are several, and to be there where there is none', async () => {
    const unnamed = { status: 422, code: 'newsletter_unnamed', field: 'newsletter' };
    await expect(namedOrOnlyNewsletter(ctx.db, undefined)).rejects.toMatchObject({
      ...unnamed,
      message: 'There is no newsletter yet: `dateline newsletter create` makes one.',
    });
    const { id } = await openNewsroom(ctx);
    expect(await namedOrOnlyNewsletter(ctx.db, undefined)).toMatchObject({ id });
    await createNewsletter(ctx, minimal);
    await expect(namedOrOnlyNewsletter(ctx.db, undefined)).rejects.toMatchObject({
      ...unnamed,
      message: 'There are several newsletters: name one (`newsletter`, in a terminal `--newsletter <slug>`).',
    });
  });

  it('archived or private is not offered to anyone', async () => {
    const { id } = await openNewsroom(ctx);
    const brief = await createNewsletter(ctx, minimal);
    expect((await openNewsletters(ctx.db)).map((one) => one.slug)).toEqual([
      'inside-washington',
      'the-brief',
    ]);
    await changeNewsletter(ctx, id, { visibility: 'private' });
    await changeNewsletter(ctx, brief.id, { state: 'archived' });
    expect(await openNewsletters(ctx.db)).toEqual([]);
  });
});

describe('the publisher', () => {
  it('is one, changed field by field', async () => {
    await openNewsroom(ctx);
    await setPublisher(ctx, { postal_address: '3 New Lane' });
    expect(await findPublisher(ctx.db)).toMatchObject({ name: 'Example Media', postalAddress: '3 New Lane' });
    expect(await ctx.db.selectFrom('publishers').select('id').execute()).toEqual([{ id: 1 }]);
  });

  it('says the first time what is missing', async () => {
    const refused = await refusalOf(setPublisher(ctx, { name: 'Example Media' }));
    expect(refused).toMatchObject({ status: 422, field: 'postal_address' });
    expect(await findPublisher(ctx.db)).toBeUndefined();
  });
});

describe('reading a newsletter again', () => {
  it('is the same object until its row or its publisher’s is written, by whomever', async () => {
    const { slug } = await openNewsroom(ctx);
    const first = await findNewsletter(ctx.db, slug);
    expect(await findNewsletter(ctx.db, slug)).toBe(first);
    await sql`update newsletters set state = 'closed' where slug = ${slug}`.execute(ctx.db);
    expect(await findNewsletter(ctx.db, slug)).toMatchObject({ state: 'closed' });
    await sql`update publishers set legal_name = 'Another Ltd'`.execute(ctx.db);
    expect(await findNewsletter(ctx.db, slug)).toMatchObject({ state: 'closed', legalName: 'Another Ltd' });
    await ctx.db.deleteFrom('wordings').execute();
    await ctx.db.deleteFrom('newsletter_sections').execute();
    await ctx.db.deleteFrom('newsletters').execute();
    expect(await findNewsletter(ctx.db, slug)).toBeUndefined();
  });

  it('in a transaction is what the transaction has made of it, and nobody else sees it before it is committed', async () => {
    const { slug, name } = await openNewsroom(ctx);
    await findNewsletter(ctx.db, slug);
    await ctx.db
      .transaction()
      .execute(async (tx) => {
        await tx.updateTable('newsletters').set({ name: 'Rolled back' }).execute();
        expect(await findNewsletter(tx, slug)).toMatchObject({ name: 'Rolled back' });
        expect(await findNewsletter(ctx.db, slug)).toMatchObject({ name });
        throw new Error('no');
      })
      .catch(() => undefined);
    expect(await findNewsletter(ctx.db, slug)).toMatchObject({ name });
  });
});
