import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cancelSend } from '../../src/deliveries/cancel-send.ts';
import { fanOut } from '../../src/deliveries/fan-out.ts';
import { pauseSend } from '../../src/deliveries/pause-send.ts';
import { requestSend, type SendRequest } from '../../src/deliveries/request-send.ts';
import { startSend } from '../../src/deliveries/start-send.ts';
import { morning, type TestContext, testContext } from '../support/context.ts';
import { seedNewsletter, seedReaders, seedReadyEdition } from '../support/seed.ts';
import { countsOf, stateOf } from '../support/sending.ts';

let ctx: TestContext;
let newsletterId: number;
let editionId: number;
let slots = 0;

beforeAll(async () => {
  ctx = await testContext();
  newsletterId = await seedNewsletter(ctx.db, { at: new Date(morning.getTime() - 1000) });
  await seedReaders(ctx.db, { newsletterId, count: 100, at: new Date(morning.getTime() - 1000) });
});
afterAll(() => ctx.close());

beforeEach(async () => {
  ctx.clock.set(morning);
  slots += 1;
  const slotDate = `2026-09-${String(slots).padStart(2, '0')}`;
  editionId = await seedReadyEdition(ctx.db, { newsletterId, at: morning, slotDate });
});

function request(more: Partial<SendRequest> = {}): Promise<unknown> {
  return requestSend(ctx, {
    editionId,
    expectRecipients: 100,
    holdSeconds: 0,
    by: { name: 'test', mode: 'live' },
    ...more,
  });
}

async function setEdition(change: object): Promise<void> {
  await ctx.db.updateTable('editions').set(change).where('id', '=', editionId).execute();
}

describe('asking for a send', () => {
  it('O20 refuses without the expected number, and more than 5 % off, naming the number there is', async () => {
    const changed = { status: 409, code: 'audience_changed', message: expect.stringContaining('100') };
    await expect(request({ expectRecipients: undefined })).rejects.toMatchObject(changed);
    await expect(request({ expectRecipients: 94 })).rejects.toMatchObject(changed);
    await expect(request({ expectRecipients: 106 })).rejects.toMatchObject(changed);
    expect(await stateOf(ctx, editionId)).toBe('ready');
    expect(await request({ expectRecipients: 95 })).toMatchObject({ recipients: 100 });
    expect(await stateOf(ctx, editionId)).toBe('starting');
  });

  it('cannot be paused during its hold, and says what stops it then', async () => {
    await request({ holdSeconds: 60 });
    const pausing = pauseSend(ctx, { editionId, by: 'an editor' });
    await expect(pausing).rejects.toMatchObject({ status: 409, code: 'wrong_state' });
    await expect(pausing).rejects.toThrow('cancel it');
    expect(await stateOf(ctx, editionId)).toBe('starting');
    await cancelSend(ctx, { editionId });
    expect(await stateOf(ctx, editionId)).toBe('cancelled');
  });

  it('refuses a second send, also of two at the same moment', async () => {
    const outcomes = await Promise.allSettled([request(), request(), request()]);
    expect(outcomes.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    for (const one of outcomes) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ status: 409, code: 'already_sent' });
    }
    await startSend(ctx, { editionId });
    await expect(request()).rejects.toMatchObject({ status: 409, code: 'already_sent' });
  });

  it('refuses a test key, an edition that is not ready, not composed or not approved, and one that is not there', async () => {
    await expect(request({ by: { name: 'key', mode: 'test' } })).rejects.toMatchObject({
      status: 403,
      code: 'test_key',
    });
    await expect(request({ editionId: 999_999 })).rejects.toMatchObject({ status: 404 });
    await expect(request({ holdSeconds: -1 })).rejects.toMatchObject({ status: 422, field: 'hold_seconds' });
    await setEdition({ state: 'draft' });
    await expect(request()).rejects.toMatchObject({ status: 409, code: 'wrong_state' });
    await setEdition({ state: 'ready', revision: 2 });
    await expect(request()).rejects.toMatchObject({ status: 409, code: 'not_ready' });
    await setEdition({ revision: 1 });
    await ctx.db.updateTable('newsletters').set({ state: 'archived' }).execute();
    await expect(request()).rejects.toMatchObject({ status: 409, code: 'wrong_state', field: 'newsletter' });
    await ctx.db.updateTable('newsletters').set({ state: 'open', approvals: 1 }).execute();
    await expect(request()).rejects.toMatchObject({ status: 409, code: 'not_approved' });
    const approval = { edition_id: editionId, revision: 1, approver: 'an editor', at: morning };
    await ctx.db.insertInto('approvals').values(approval).execute();
    await ctx.db.updateTable('newsletters').set({ approvals: 1 }).execute();
    expect(await request()).toMatchObject({ recipients: 100 });
    await ctx.db.updateTable('newsletters').set({ approvals: 0 }).execute();
  });

  it('holds for a minute by default, in which a cancel prevents everything', async () => {
    const story = { newsletter_id: newsletterId, story_id: 77, position: 1, reason: 'newest' };
    await ctx.db
      .insertInto('edition_stories')
      .values({ ...story, edition_id: editionId, place: 'lead' })
      .execute();
    await request({ holdSeconds: undefined });
    expect(await startSend(ctx, { editionId })).toMatchObject({ kind: 'held' });
    expect(await stateOf(ctx, editionId)).toBe('starting');
    expect(await cancelSend(ctx, { editionId })).toMatchObject({ planned: 0 });
    ctx.clock.advance(61_000);
    expect(await startSend(ctx, { editionId })).toEqual({ kind: 'nothing_to_start' });
    expect(await fanOut(ctx, { editionId, after: 0 })).toEqual({ kind: 'nothing_to_do' });
    expect(await countsOf(ctx, editionId)).toMatchObject({ planned: 0 });
    expect(await stateOf(ctx, editionId)).toBe('cancelled');
    const given = await ctx.db.selectFrom('edition_stories').select(['story_id', 'place']).execute();
    expect(given).toEqual([{ story_id: 77, place: 'carried' }]);
  });

  it('starts when the hold is over', async () => {
    await request({ holdSeconds: 60 });
    ctx.clock.advance(60_000);
    expect(await startSend(ctx, { editionId })).toEqual({ kind: 'started' });
    const send = await ctx.db
      .selectFrom('sends')
      .selectAll()
      .where('edition_id', '=', editionId)
      .executeTakeFirst();
    expect(send?.frozen_at).toEqual(ctx.clock.now());
  });
});
