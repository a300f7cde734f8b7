import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assemble } from '../../src/editions/assemble.ts';
import { cancelEdition } from '../../src/editions/cancel.ts';
import { changeEdition } from '../../src/editions/change.ts';
import { compose } from '../../src/editions/compose.ts';
import { draft } from '../../src/editions/draft.ts';
import { findEditionById } from '../../src/editions/find.ts';
import { moveEdition } from '../../src/editions/move.ts';
import { preview } from '../../src/editions/preview.ts';
import { editionStories } from '../../src/editions/queries.ts';
import { ringDueEditions } from '../../src/editions/ring-due-editions.ts';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import { getNewsletter } from '../../src/newsletters/find.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { openNewsroom, receiveStories } from '../support/newsroom.ts';

const slotDate = '2026-07-14';
let ctx: TestContext;
let newsletter: Newsletter;

beforeEach(async () => {
  ctx = await testContext();
  newsletter = await openNewsroom(ctx, { languages: ['en'], promise: { en: 'What matters, by seven.' } });
});
afterEach(() => ctx.close());

const slot = () => ({ newsletterId: newsletter.id, kind: 'regular' as const, slotDate, seq: 1 });

async function places(editionId: number): Promise<Record<string, number[]>> {
  const stories = await editionStories(ctx.db, editionId);
  return Object.fromEntries(
    ['lead', 'section', 'brief', 'carried', 'excluded'].map((place) => [
      place,
      stories.filter((story) => story.place === place).map((story) => story.storyId),
    ]),
  );
}

describe('assembling an edition', () => {
  it('O10 drafts the same edition twice: every story once, each with its reason', async () => {
    await receiveStories(ctx, 10);
    const first = await assemble(ctx, slot());
    const before = await editionStories(ctx.db, first.editionId);
    const again = await assemble(ctx, slot());
    expect(again.editionId).toBe(first.editionId);
    expect(await editionStories(ctx.db, first.editionId)).toEqual(before);
    expect(before).toHaveLength(10);
    expect(before.every((story) => story.reason.length > 0)).toBe(true);
    expect(before.filter((story) => story.place === 'lead')).toHaveLength(1);
  });

  it('makes one edition of a slot, however many schedulers come at once', async () => {
    await receiveStories(ctx, 6);
    const made = await Promise.all([assemble(ctx, slot()), assemble(ctx, slot()), assemble(ctx, slot())]);
    expect(new Set(made.map((one) => one.editionId)).size).toBe(1);
    const editions = await ctx.db.selectFrom('editions').select('id').execute();
    expect(editions).toHaveLength(1);
  });

  it('carries over what does not fit, and never uses a story twice', async () => {
    const ids = await receiveStories(ctx, 16);
    const { edition } = await draft(ctx, { newsletter, slotDate });
    const first = await places(edition.id);
    expect(first.carried?.length).toBeGreaterThan(0);
    await moveEdition(ctx.db, edition.id, ['ready'], 'starting', ctx.clock.now());

    ctx.clock.advance(24 * 3_600_000);
    await receiveStories(ctx, 2, (index) => ({
      canonicalUrl: `https://www.example.org/next/${index}`,
      title: `Fresh news ${index}`,
    }));
    const next = await assemble(ctx, { ...slot(), slotDate: '2026-07-15' });
    const second = await places(next.editionId);
    const used = [...(second.lead ?? []), ...(second.section ?? []), ...(second.brief ?? [])];
    expect(used).toEqual(expect.arrayContaining(first.carried ?? []));
    const usedBefore = [...(first.lead ?? []), ...(first.section ?? []), ...(first.brief ?? [])];
    expect(used.filter((id) => usedBefore.includes(id))).toEqual([]);
    expect(ids.length).toBe(16);
  });

  it('skips a thin day at its slot, says why, and keeps its stories for the next edition', async () => {
    const ids = await receiveStories(ctx, 2);
    const early = await assemble(ctx, slot());
    expect(early.kind).toBe('drafted');
    ctx.clock.setLocal(slotDate, '07:00', 'America/New_York');
    const outcome = await assemble(ctx, { ...slot(), scheduled: true });
    expect(outcome).toMatchObject({ kind: 'skipped', reason: '2 of at least 4 stories (en)' });
    expect(await findEditionById(ctx.db, outcome.editionId)).toMatchObject({
      state: 'skipped',
      skippedReason: '2 of at least 4 stories (en)',
    });
    expect(await assemble(ctx, slot())).toMatchObject({ kind: 'left', reason: 'it is skipped' });

    await receiveStories(ctx, 4, (index) => ({
      canonicalUrl: `https://www.example.org/later/${index}`,
      title: `Later ${index} ${'abcd'[index]}`,
    }));
    const next = await assemble(ctx, { ...slot(), slotDate: '2026-07-15' });
    const stories = await editionStories(ctx.db, next.editionId);
    expect(stories.filter((story) => ids.includes(story.storyId) && story.place !== 'carried')).toHaveLength(
      2,
    );
  });

  it('leaves a thin day to the person who drafts it, and a skipped one to a second edition', async () => {
    await receiveStories(ctx, 2);
    ctx.clock.setLocal(slotDate, '09:00', 'America/New_York');
    const byHand = await draft(ctx, { newsletter, slotDate });
    expect(byHand.assembled).toMatchObject({ kind: 'drafted', thin: '2 of at least 4 stories (en)' });
    expect(byHand.edition.state).toBe('ready');
    await assemble(ctx, { ...slot(), scheduled: true });
    expect((await findEditionById(ctx.db, byHand.edition.id))?.state).toBe('skipped');
    const second = await draft(ctx, { newsletter, slotDate, seq: 2 });
    expect(second.edition).toMatchObject({ seq: 2, state: 'ready', scheduled: false });
  });

  it('fills an edition of a newsletter that has no sections from all its stories', async () => {
    await ctx.db.deleteFrom('newsletter_sections').execute();
    newsletter = await getNewsletter(ctx.db, newsletter.id);
    await receiveStories(ctx, 6);
    const { edition } = await draft(ctx, { newsletter, slotDate });
    expect(edition.state).toBe('ready');
    expect((await places(edition.id)).section).toHaveLength(5);
    const { html } = await preview(ctx, { edition, newsletter });
    expect(html).toContain('Stories');
  });

  it('leaves an embargoed story out, with the reason, and weighs it again once the embargo is over', async () => {
    await receiveStories(ctx, 5);
    const [embargoed] = await receiveStories(ctx, 1, () => ({
      canonicalUrl: 'https://www.example.org/embargoed',
      title: 'A report nobody may tell yet',
      embargoUntil: new Date('2026-07-14T15:00:00Z'),
    }));
    const { edition } = await draft(ctx, { newsletter, slotDate });
    const story = (await editionStories(ctx.db, edition.id)).find((one) => one.storyId === embargoed);
    expect(story).toMatchObject({ place: 'carried' });
    expect(story?.reason).toContain('embargo');
    await moveEdition(ctx.db, edition.id, ['ready'], 'starting', ctx.clock.now());
    ctx.clock.set(new Date('2026-07-15T10:00:00Z'));
    const next = await assemble(ctx, { ...slot(), slotDate: '2026-07-15' });
    const later = (await editionStories(ctx.db, next.editionId)).find((one) => one.storyId === embargoed);
    expect(later?.place).not.toBe('excluded');
    expect(later?.place).not.toBe('carried');
  });

  it('refreshes a draft until an editor touches it', async () => {
    await receiveStories(ctx, 5);
    const { edition } = await draft(ctx, { newsletter, slotDate });
    expect(edition.state).toBe('ready');
    await changeEdition(ctx, { edition, newsletter, words: { subject: { en: 'Our own words' } } });
    await receiveStories(ctx, 1, () => ({
      canonicalUrl: 'https://www.example.org/late',
      title: 'Late news',
    }));
    expect(await assemble(ctx, slot())).toMatchObject({ kind: 'left', reason: 'an editor has touched it' });
    expect(await findEditionById(ctx.db, edition.id)).toMatchObject({
      state: 'ready',
      subject: { en: 'Our own words' },
      revision: edition.revision + 1,
    });
  });

  it('gives a cancelled edition’s stories to the next one', async () => {
    const ids = await receiveStories(ctx, 6);
    const { edition } = await draft(ctx, { newsletter, slotDate });
    await cancelEdition(ctx, edition);
    await expect(cancelEdition(ctx, edition)).rejects.toMatchObject({ status: 409, code: 'wrong_state' });
    const next = await assemble(ctx, { ...slot(), slotDate: '2026-07-15' });
    const stories = await editionStories(ctx.db, next.editionId);
    expect(stories.filter((story) => ids.includes(story.storyId))).toHaveLength(6);
  });

  it('numbers editions once, in the order in which they are first composed', async () => {
    await receiveStories(ctx, 6);
    const first = await draft(ctx, { newsletter, slotDate });
    expect(first.edition.number).toBe(1);
    await compose(ctx, { editionId: first.edition.id, revision: first.edition.revision });
    expect((await findEditionById(ctx.db, first.edition.id))?.number).toBe(1);
  });
});

describe('the calendar', () => {
  it('lets an edition go at its slot, once, and not before', async () => {
    await receiveStories(ctx, 6);
    ctx.clock.setLocal(slotDate, '06:30', 'America/New_York');
    expect(await ringDueEditions(ctx)).toBe(1);
    const drafted = await assemble(ctx, { ...slot(), scheduled: true });
    if (drafted.kind !== 'drafted') throw new Error(drafted.kind);
    await compose(ctx, drafted);
    expect((await findEditionById(ctx.db, drafted.editionId))?.state).toBe('ready');

    ctx.clock.setLocal(slotDate, '07:00', 'America/New_York');
    await assemble(ctx, { ...slot(), scheduled: true });
    const edition = await findEditionById(ctx.db, drafted.editionId);
    expect(edition?.state).toBe('scheduled');
    expect(await ringDueEditions(ctx)).toBe(0);
    expect(await assemble(ctx, { ...slot(), scheduled: true })).toMatchObject({
      kind: 'left',
      reason: 'it is scheduled',
    });
  });

  it('holds an edition that missed its slot by more than an hour for a person', async () => {
    await receiveStories(ctx, 6);
    ctx.clock.setLocal(slotDate, '09:30', 'America/New_York');
    const drafted = await assemble(ctx, { ...slot(), scheduled: true });
    if (drafted.kind !== 'drafted') throw new Error(drafted.kind);
    await compose(ctx, drafted);
    expect(await findEditionById(ctx.db, drafted.editionId)).toMatchObject({
      state: 'ready',
      heldReason: 'missed its slot by 150 minutes: send it by hand or cancel it',
    });
    expect(await ringDueEditions(ctx)).toBe(0);
  });

  for (const [thinDay, kind, state] of [
    ['skip', 'skipped', 'skipped'],
    ['hold', 'held', 'draft'],
    ['short', 'left', 'scheduled'],
  ] as const) {
    it(`decides at the slot about a day that looked thin before it: ${thinDay}`, async () => {
      await changeNewsletter(ctx, newsletter.id, { thin_day: thinDay });
      await receiveStories(ctx, 2);
      ctx.clock.setLocal(slotDate, '06:30', 'America/New_York');
      const early = await assemble(ctx, { ...slot(), scheduled: true });
      if (early.kind !== 'drafted') throw new Error(early.kind);
      await compose(ctx, early);
      expect((await findEditionById(ctx.db, early.editionId))?.heldReason).toContain('2 of at least 4');

      ctx.clock.setLocal(slotDate, '07:00', 'America/New_York');
      expect(await ringDueEditions(ctx)).toBe(1);
      expect(await assemble(ctx, { ...slot(), scheduled: true })).toMatchObject({ kind });
      expect((await findEditionById(ctx.db, early.editionId))?.state).toBe(state);
      expect(await ringDueEditions(ctx)).toBe(0);
    });
  }

  it('lets a thin edition go at its slot once an editor has put a hand to it', async () => {
    await receiveStories(ctx, 2);
    ctx.clock.setLocal(slotDate, '06:30', 'America/New_York');
    const early = await assemble(ctx, { ...slot(), scheduled: true });
    if (early.kind !== 'drafted') throw new Error(early.kind);
    await compose(ctx, early);
    const edition = await findEditionById(ctx.db, early.editionId);
    if (!edition) throw new Error('no edition');
    await changeEdition(ctx, { edition, newsletter, words: { subject: { en: 'Our own words' } } });

    ctx.clock.setLocal(slotDate, '07:00', 'America/New_York');
    expect(await ringDueEditions(ctx)).toBe(1);
    await assemble(ctx, { ...slot(), scheduled: true });
    expect((await findEditionById(ctx.db, early.editionId))?.state).toBe('scheduled');
  });

  it('does not send at its slot what an operator only drafted', async () => {
    await receiveStories(ctx, 6);
    ctx.clock.setLocal(slotDate, '10:00', 'America/New_York');
    const { edition } = await draft(ctx, { newsletter, slotDate });
    expect(edition).toMatchObject({ state: 'ready', scheduled: false });
  });
});
