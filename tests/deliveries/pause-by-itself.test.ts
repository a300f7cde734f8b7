import { afterEach, describe, expect, it, vi } from 'vitest';
import { handsOf } from '../../src/deliveries/hands.ts';
import { harmIn } from '../../src/deliveries/pause-if-harmful.ts';
import { pauseSend } from '../../src/deliveries/pause-send.ts';
import { progress } from '../../src/deliveries/progress.ts';
import { rescueDeliveries } from '../../src/deliveries/rescue.ts';
import { resumeSend } from '../../src/deliveries/resume-send.ts';
import { recordBounce } from '../../src/subscribers/record-bounce.ts';
import { morning, testContext } from '../support/context.ts';
import { type Script, scriptedSmtp } from '../support/scripted-smtp.ts';
import { seedSend } from '../support/seed.ts';
import { assertClosedBooks, asWorker, begin, deliverFree, stateOf } from '../support/sending.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function stage(script: Script, readers: number) {
  const smtp = await scriptedSmtp(script);
  closers.push(() => smtp.close());
  const ctx = await asWorker(
    await testContext({
      smtpUrl: `smtp://127.0.0.1:${smtp.port}`,
      env: { SMTP_CONNECTIONS: '4' },
      bulk: { connections: 4 },
    }),
  );
  closers.push(() => ctx.close());
  const seeded = await seedSend(ctx.db, { readers, at: morning });
  await begin(ctx, seeded.editionId, readers);
  return { ctx, smtp, ...seeded };
}

const numberIn = (line: string) => Number(/reader(\d+)@/.exec(line)?.[1]);

describe('a send that does harm', () => {
  it('O25 pauses when too many bounce, says why, and goes on for as many as a person allows', async () => {
    const { ctx, editionId } = await stage(
      { rcpt: ({ line }) => (numberIn(line) % 4 === 0 ? '550 5.1.1 no such user' : '250 ok') },
      400,
    );
    await deliverFree(ctx, editionId);
    expect(await stateOf(ctx, editionId)).toBe('paused');
    const { send, counts } = await progress(ctx, editionId);
    expect(send.pauseReason).toMatch(
      /^\d+(\.\d)? % of the addresses bounced \(\d+ of \d+; the limit is 8 %\)/,
    );
    expect(counts.queued, 'it did not wait for the end').toBeGreaterThan(250);
    await assertClosedBooks(ctx, editionId);

    ctx.clock.advance(2_000);
    await resumeSend(ctx, { editionId, only: 20 });
    await deliverFree(ctx, editionId);
    const after = await progress(ctx, editionId);
    expect(after.send.state).toBe('paused');
    expect(after.send.pauseReason).toBe('as many as you allowed have gone out: look at them and decide');
    expect(counts.queued - after.counts.queued, 'exactly twenty began').toBe(20);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ planned: 400 });

    await expect(resumeSend(ctx, { editionId, only: 0 })).rejects.toMatchObject({ status: 422 });
    // What a person has seen and pardoned does not pause it again at once.
    ctx.clock.advance(2_000);
    await resumeSend(ctx, { editionId, only: 12 });
    await deliverFree(ctx, editionId);
    expect(after.counts.queued - (await progress(ctx, editionId)).counts.queued).toBe(12);
  });

  it('does not pause for the few dead addresses of a healthy list', async () => {
    const { ctx, editionId } = await stage(
      { rcpt: ({ line }) => (numberIn(line) % 50 === 0 ? '550 5.1.1 no such user' : '250 ok') },
      400,
    );
    await deliverFree(ctx, editionId);
    expect(await stateOf(ctx, editionId)).toBe('sent');
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 392, refused: 8 });
  });

  it('pauses when a provider does not accept our authentication, since every further mail fails the same way', async () => {
    const { ctx, editionId } = await stage(
      { dot: '550 5.7.26 This mail is unauthenticated, which poses a security risk' },
      300,
    );
    await deliverFree(ctx, editionId);
    const { send, counts } = await progress(ctx, editionId);
    expect(send.state).toBe('paused');
    expect(send.pauseReason).toMatch(/does not accept our sender authentication: 550 5\.7\.26/);
    expect(counts.refused).toBeLessThan(50);
    await assertClosedBooks(ctx, editionId);
  });

  it('pauses when readers report it as spam, whenever the reports come', async () => {
    const { ctx, editionId, subscriberIds } = await stage(
      { rcpt: ({ line }) => (numberIn(line) > 200 ? '451 4.3.0 later' : '250 ok') },
      210,
    );
    await deliverFree(ctx, editionId);
    expect(await stateOf(ctx, editionId)).toBe('sending');
    for (const subscriberId of subscriberIds.slice(0, 5)) {
      await recordBounce(ctx.db, ctx.keyring, {
        subscriberId,
        editionId,
        source: 'arf',
        sourceId: `report-${subscriberId}`,
        class: 'complaint',
        at: ctx.clock.now(),
      });
    }
    expect((await rescueDeliveries(ctx)).paused).toBe(1);
    const { send } = await progress(ctx, editionId);
    expect(send.pauseReason).toMatch(/2\.5 % of the readers reported it as spam \(5 of 200/);
    expect((await rescueDeliveries(ctx)).paused, 'once').toBe(0);
  });

  it('pauses when no relay was reached for ten minutes, and, once one is mended, not for what was before', async () => {
    const { ctx, smtp, editionId } = await stage({}, 40);
    const { relays } = handsOf(ctx);
    const real = performance.now.bind(performance);
    let aheadMs = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => real() + aheadMs);
    closers.push(async () => clock.mockRestore());
    const failForMinutes = (minutes: number) => {
      for (let minute = 0; minute < minutes; minute += 1) {
        relays.failed('the connection was refused');
        aheadMs += 60_000;
      }
    };
    const pauseReason = async () => (await progress(ctx, editionId)).send.pauseReason;

    failForMinutes(12);
    await pauseSend(ctx, { editionId, by: 'rina' });
    await resumeSend(ctx, { editionId, only: 5 });
    await deliverFree(ctx, editionId);
    expect(await pauseReason()).toMatch(/^as many as you allowed/);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 5 });

    failForMinutes(3);
    aheadMs += 8 * 3_600_000;
    expect(relays.awayMs(), 'of last night').toBe(0);
    failForMinutes(12);
    await smtp.close();
    closers.shift();
    await resumeSend(ctx, { editionId });
    await deliverFree(ctx, editionId);
    expect(await pauseReason()).toMatch(
      /^no relay could be reached for 1\d minutes: the connection was refused$/,
    );
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 5, queued: 35 });
  });

  it('is judged by what is new since a person looked', () => {
    expect(harmIn({ bounced: 19, complaints: 0, decided: 20 })).toBeUndefined();
    expect(harmIn({ bounced: 20, complaints: 0, decided: 200 })).toMatch(/10 % of the addresses/);
    expect(harmIn({ bounced: 20, complaints: 0, decided: 251 })).toBeUndefined();
    const pardoned = { bounced: 20, complaints: 0, decided: 200 };
    expect(harmIn({ bounced: 39, complaints: 0, decided: 230 }, pardoned)).toBeUndefined();
    expect(harmIn({ bounced: 40, complaints: 0, decided: 230 }, pardoned)).toMatch(/66\.7 %/);
  });
});
