import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliveriesCommands, editionSendCommand } from '../../src/deliveries/commands.ts';
import { progress } from '../../src/deliveries/progress.ts';
import { progressLine } from '../../src/deliveries/progress-words.ts';
import { watch } from '../../src/deliveries/watch.ts';
import type { Out } from '../../src/shell.ts';
import { deliveries } from '../../workers/deliveries.ts';
import { editions } from '../../workers/editions.ts';
import { morning, testContext } from '../support/context.ts';
import { scriptedSmtp } from '../support/scripted-smtp.ts';
import { seedNewsletter, seedReaders, seedReadyEdition, seedSend } from '../support/seed.ts';
import { asWorker, deliverFree } from '../support/sending.ts';
import { runCommand } from '../support/shell.ts';
import { until } from '../support/until.ts';

const smtp = await scriptedSmtp({
  rcpt: ({ line }) => (line.includes('reader7@') ? '552 5.2.2 mailbox full' : '250 ok'),
});
const ctx = await asWorker(await testContext({ smtpUrl: `smtp://127.0.0.1:${smtp.port}` }));
afterAll(async () => {
  await ctx.close();
  await smtp.close();
});

const run = (...line: string[]) =>
  runCommand(
    ctx,
    (shell) => {
      const edition = new Command('edition');
      edition.addCommand(editionSendCommand(shell));
      return [edition, ...deliveriesCommands(shell)];
    },
    line,
  );

let editionId = 0;
let newsletterId = 0;
beforeAll(async () => {
  ({ editionId, newsletterId } = await seedSend(ctx.db, { readers: 40, at: morning }));
});

describe('dateline edition send', () => {
  it('O20 needs --expect, and says how many there are', async () => {
    const without = await run('edition', 'send', '2026-07-14');
    expect(without).toMatchObject({ exit: 7, error: expect.stringContaining('would go to 40') });
    expect(await run('edition', 'send', '2026-07-14', '--expect', '50')).toMatchObject({ exit: 7 });
    expect(await run('edition', 'send', '2026-07-14', '--expect', 'many')).toMatchObject({ exit: 2 });
    expect(await run('edition', 'send', '2026-07-15', '--expect', '40')).toMatchObject({ exit: 4 });
    expect(await run('send', 'watch')).toMatchObject({ exit: 4, error: 'Nothing has been sent yet.' });
  });

  it('starts the hold, names the way back, and takes it', async () => {
    const other = await seedReadyEdition(ctx.db, { newsletterId, at: morning, slotDate: '2026-07-13' });
    const asked = await run('edition', 'send', '2026-07-13', '--expect', '40');
    expect(asked.exit).toBe(0);
    expect(asked.lines).toContain(`dateline send cancel ed_${other}`);
    expect(asked.document).toMatchObject({ state: 'starting', counts: { planned: 0 } });
    expect(await run('edition', 'send', '2026-07-13', '--expect', '40')).toMatchObject({ exit: 7 });
    expect(await run('send', 'pause', '2026-07-13')).toMatchObject({ exit: 3 });
    expect((await run('send', 'cancel', '2026-07-13')).document.state).toBe('cancelled');
  });
});

describe('dateline send', () => {
  it('watches a send until it ends, and lists, shows, verifies and explains it', async () => {
    const workloads = [editions(ctx), deliveries(ctx)];
    expect((await run('edition', 'send', `ed_${editionId}`, '--expect', '40', '--hold', '0')).exit).toBe(0);
    const watched = await run('send', 'watch');
    expect(watched).toMatchObject({ exit: 0, lines: 'Sent: 39 of 40 accepted.' });
    await Promise.all(workloads.map((workload) => workload.close()));
    const shown = await run('send', 'show', `snd_${editionId}`);
    expect(shown.lines).toMatch(new RegExp(`^snd_${editionId} · inside-washington 2026-07-14 · sent$`, 'm'));
    expect(shown.lines).toContain(
      'accepted 39 + deferred 0 + refused 1 + skipped 0 + unknown 0 + cancelled 0 + queued 0 = 40 planned',
    );
    expect((await run('send', 'show', '12')).error).toMatch(
      /^12 names no send: give snd_<number>, ed_<number> or a date/,
    );
    const list = await run('send', 'list');
    expect(list.lines).toMatch(/^SEND +EDITION +STATE +PLANNED +ACCEPTED/);
    expect(list.lines).toMatch(/^snd_\d+ +inside-washington 2026-07-14 +sent/m);
    expect(list.document.data).toHaveLength(2);
    const failures = await run('send', 'failures', `ed_${editionId}`);
    expect(failures.lines).toMatch(/full +refused +1 +mailbox full +552 +552 5\.2\.2 mailbox full/);
    expect(await run('send', 'verify', `ed_${editionId}`)).toMatchObject({
      exit: 0,
      lines: 'The books agree with the rows.',
    });
    expect(await run('send', 'retry', `ed_${editionId}`)).toMatchObject({ exit: 2 });
    expect(await run('send', 'retry', `ed_${editionId}`, '--group', 'full')).toMatchObject({
      exit: 0,
      lines: 'One delivery went back into the queue.',
    });
    expect((await run('send', 'retry', `ed_${editionId}`, '--group', 'full')).lines).toMatch(
      /^Nothing to retry: deferred ones are tried again by themselves/,
    );
    expect((await run('send', 'cancel', `ed_${editionId}`)).exit).toBe(3);
  });

  it('draws a line that adds up, over and over on a terminal, and now and then when piped', async () => {
    const at = { now: ctx.clock.now() };
    const seen = await progress(ctx, editionId);
    const half = {
      ...seen,
      send: { ...seen.send, state: 'sending' as const, finishedAt: undefined },
      counts: { ...seen.counts, planned: 1000, accepted: 480, refused: 20, queued: 500 },
      ratePerSecond: 120.4,
      eta: { low: new Date(at.now.getTime() + 4_200), high: new Date(at.now.getTime() + 600_000) },
    };
    expect(progressLine(half, at.now)).toBe(
      '[##########----------]  50 %  accepted 480 + deferred 0 + refused 20 + skipped 0 + unknown 0 + cancelled 0' +
        ' + queued 500 = 1000 · 120/s · 5 s to 10 min left',
    );
    const drawn: string[] = [];
    const out: Out = {
      json: false,
      live: true,
      result: () => {},
      say: () => {},
      line: () => {},
      draw: (lines) => void drawn.push(lines.join('\n')),
      exit: () => {},
    };
    const watching = watch(ctx, editionId, out);
    await until(() => drawn.length >= 2);
    await deliverFree(ctx, editionId);
    await watching;
    expect(drawn[0]).toContain('queued 1 = 40 planned');
    expect(drawn[0]).toMatch(/^LANE +ACCEPTED .* RATE +STATE +WAITS +LAST ANSWER$/m);
    expect(drawn[0]).toContain('retrying');
    expect(drawn.at(-1)).toContain('refused 1');
    expect(drawn.at(-1)).toMatch(/ sent$/m);
  });

  it('are never done to one of two newsletters’ sends by guessing which', async () => {
    const evening = await seedNewsletter(ctx.db, { slug: 'evening', at: morning });
    await seedReaders(ctx.db, { newsletterId: evening, count: 2, at: morning, domain: 'evening.example' });
    const ours = await seedReadyEdition(ctx.db, { newsletterId, at: morning, slotDate: '2026-07-12' });
    const theirs = await seedReadyEdition(ctx.db, { newsletterId: evening, at: morning });
    expect((await run('edition', 'send', `ed_${ours}`, '--expect', '40')).exit).toBe(0);
    expect((await run('edition', 'send', `ed_${theirs}`, '--expect', '2')).exit).toBe(0);
    for (const verb of ['pause', 'resume', 'cancel', 'retry']) {
      expect(await run('send', verb), verb).toMatchObject({
        exit: 7,
        error: `Several newsletters are under way: name one of snd_${theirs} (evening 2026-07-14), snd_${ours} (inside-washington 2026-07-12).`,
      });
    }
    expect((await run('send', 'show')).document).toMatchObject({ id: `snd_${theirs}` });
    expect((await run('send', 'cancel', `snd_${theirs}`)).exit).toBe(0);
    expect((await run('send', 'cancel')).document).toMatchObject({ id: `snd_${ours}`, state: 'cancelled' });
  });

  it('tells a program a document a line, the last one when it has ended', async () => {
    const written: string[] = [];
    const out: Out = {
      json: true,
      live: true,
      result: () => {},
      say: () => {},
      line: (text) => void written.push(text),
      draw: () => expect.unreachable('nothing is drawn for a program'),
      exit: () => {},
    };
    await watch(ctx, editionId, out);
    expect(written.map((line) => JSON.parse(line))).toMatchObject([
      { id: `snd_${editionId}`, state: 'sent', counts: { planned: 40 } },
    ]);
  });
});
