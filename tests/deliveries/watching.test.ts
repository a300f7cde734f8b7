import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../../src/access/create-key.ts';
import { deliver } from '../../src/deliveries/deliver.ts';
import { countedStates } from '../../src/deliveries/delivery.ts';
import { bucketOf } from '../../src/deliveries/move-books.ts';
import { progress } from '../../src/deliveries/progress.ts';
import { progressLine } from '../../src/deliveries/progress-words.ts';
import { requestSend } from '../../src/deliveries/request-send.ts';
import { streamsOf } from '../../src/deliveries/send-events.ts';
import { countOpinion } from '../../src/editions/count-opinion.ts';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import { accessibilityFaults, chromiumPath, openBrowser, scrollsSideways } from '../support/browser.ts';
import { morning } from '../support/context.ts';
import { runProgram } from '../support/program.ts';
import { look } from '../support/reader.ts';
import { scriptedSmtp } from '../support/scripted-smtp.ts';
import { seedNewsletter, seedReaders, seedReadyEdition, seedSend } from '../support/seed.ts';
import { asWorker, begin, deliverFree } from '../support/sending.ts';
import { until } from '../support/until.ts';
import { openTestWeb } from '../support/web.ts';

const smtp = await scriptedSmtp({
  rcpt: ({ line }) => (line.includes('reader3@') ? '550 5.1.1 <reader3@gmail.com> unknown' : '250 ok'),
});
const web = await openTestWeb({ smtpUrl: `smtp://127.0.0.1:${smtp.port}` });
const ctx = await asWorker(web.ctx);
afterAll(async () => {
  await web.close();
  await smtp.close();
});

let key = '';
let elsewhere = '';
let newsletterId = 0;
let editionId = 0;
beforeAll(async () => {
  const at = new Date(morning.getTime() - 24 * 3_600_000);
  newsletterId = await seedNewsletter(ctx.db, { at });
  for (const domain of ['gmail.com', 'outlook.com', 'readers.example']) {
    await seedReaders(ctx.db, { newsletterId, count: 20, at, domain });
  }
  editionId = await seedReadyEdition(ctx.db, { newsletterId, at: morning });
  key = (await createKey(ctx, { name: 'screen', scopes: ['sends:read'] })).text;
  elsewhere = (await createKey(ctx, { name: 'other', scopes: ['sends:*'], newsletterIds: [999] })).text;
  await begin(ctx, editionId, 60);
});

const send = () => `${web.url}/v1/sends/snd_${editionId}`;
const get = (path: string, as = key, more: RequestInit = {}) =>
  fetch(`${send()}${path}`, { ...more, headers: { Authorization: `Bearer ${as}`, ...more.headers } });

interface Seen {
  name: string;
  id: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  data: any;
}

/** Reads a stream of events until it ends. */
async function readEvents(response: Response, heard: (event: Seen) => void): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      const name = field('event');
      if (name) heard({ name, id: field('id') ?? '', data: JSON.parse(field('data') ?? 'null') });
    }
  }
}

const sumOf = (counts: Record<string, number>) =>
  countedStates.reduce((total, state) => total + (counts[state] ?? 0), 0);

/** The sum as the page shows it, a row of seven terms and what they come to. */
function sumOnPage(text: string): { terms: number[]; planned: number } {
  const words = countedStates.map((state) => `${state} (\\d+)`).join(' \\+ ');
  const found = new RegExp(`${words} = (\\d+) planned`).exec(text);
  if (!found) throw new Error(`no sum on the page: ${text.slice(0, 400)}`);
  const numbers = found.slice(1).map(Number);
  return { terms: numbers.slice(0, -1), planned: numbers.at(-1) ?? 0 };
}

describe('O21 a send, watched', () => {
  it('O21 adds up to the frozen audience at every reload, with the time left and the lanes, and needs no script', async () => {
    const page = `${web.url}/desk/sends/snd_${editionId}`;
    const batches = await ctx.db
      .selectFrom('delivery_batches')
      .select('no')
      .where('edition_id', '=', editionId)
      .orderBy('no')
      .execute();
    const first = await look(page);
    expect(first.headers.get('Refresh')).toBe('5');
    expect(sumOnPage(first.text)).toEqual({ terms: [0, 0, 0, 0, 0, 0, 60], planned: 60 });
    for (const { no } of batches) {
      ctx.clock.advance(2_000);
      await deliver(ctx, { editionId, batchNo: no });
      const { text } = await look(page);
      const { terms, planned } = sumOnPage(text);
      expect(planned).toBe(60);
      expect(terms.reduce((total, term) => total + term, 0)).toBe(60);
      const { body } = await asked('');
      expect(sumOf(body.counts)).toBe(body.counts.planned);
      for (const state of ['planned', ...countedStates]) {
        const byLane = body.lanes.map((lane: { counts: Record<string, number> }) => lane.counts[state]);
        expect(byLane.reduce((total: number, n: number) => total + n, 0)).toBe(body.counts[state]);
      }
    }
    const still = await look(`${page}?still=1`);
    expect(still.headers.get('Refresh')).toBeNull();
    expect(still.text).toContain('Last answer');
    expect(still.text).not.toContain('@');
    expect((await fetch(page, { method: 'POST' })).status).toBe(405);
    expect((await fetch(page)).headers.get('Content-Security-Policy')).toContain("default-src 'none'");
  });

  it('says what there is to wait for: workers, the oldest in the queue, the limit, how long it took', async () => {
    const other = await seedReadyEdition(ctx.db, { newsletterId, at: morning, slotDate: '2026-07-13' });
    await begin(ctx, other, 59);
    ctx.clock.advance(30_000);
    const response = await fetch(`${web.url}/v1/sends/snd_${other}`, {
      headers: { Authorization: `Bearer ${key}` },
    });
    expect(await response.json()).toMatchObject({
      workers: 1,
      elapsed_seconds: 30,
      limit_per_second: null,
      oldest_queued_at: new Date(ctx.clock.now().getTime() - 30_000).toISOString(),
      eta: null,
    });
    const { text } = await look(`${web.url}/desk/sends/snd_${other}`);
    expect(text).toContain('one worker · the oldest waits for 30 s · the relays take the rest at once');
    await ctx.db
      .updateTable('send_counts')
      .set({ bucket_n: 5, bucket: bucketOf(ctx.clock.now()) })
      .execute();
    expect((await progress(ctx, other)).eta).toBeDefined();
    await ctx.db.updateTable('workers').set({ stopped_at: morning }).execute();
    const alone = await progress(ctx, other);
    expect([alone.workers, alone.eta], 'nobody works at it').toEqual([0, undefined]);
    expect(progressLine(alone, ctx.clock.now())).toMatch(/ · no worker is running$/);
    await ctx.db.updateTable('workers').set({ stopped_at: null }).execute();
    await deliverFree(ctx, other);
    expect((await look(`${web.url}/desk/sends/snd_${other}`)).headers.get('Refresh')).toBeNull();
  });

  it('has what its readers said of the edition, where they are asked', async () => {
    const page = `${web.url}/desk/sends/snd_${editionId}`;
    for (const wish of ['more', 'more', 'less'] as const) {
      await countOpinion(ctx, { editionId, wish, clientAddress: '203.0.113.5' });
    }
    expect((await look(page)).text).toContain('Readers who wish for more like it: 2, for less: 1');
    await changeNewsletter(ctx, newsletterId, { opinions: false });
    expect((await look(page)).text).not.toContain('Readers who wish');
    await changeNewsletter(ctx, newsletterId, { opinions: true });
  });

  it('is shown to the house and to nobody else', async () => {
    const page = `${web.url}/desk/sends/snd_${editionId}`;
    const from = async (address: string) =>
      (await fetch(page, { headers: { 'X-Forwarded-For': address } })).status;
    expect(await from('93.184.216.34')).toBe(404);
    expect(await from('10.0.0.7')).toBe(200);
    expect((await fetch(`${web.url}/desk/sends/snd_9999`)).status).toBe(404);
  });

  it.skipIf(!chromiumPath)(
    'reads well by keyboard, in the dark and on a phone',
    async () => {
      const browser = await openBrowser();
      try {
        for (const colorScheme of ['light', 'dark'] as const) {
          const context = await browser.newContext({ colorScheme, viewport: { width: 320, height: 640 } });
          const page = await context.newPage();
          await page.goto(`${web.url}/desk/sends/snd_${editionId}`);
          expect(await accessibilityFaults(page)).toEqual([]);
          expect(await scrollsSideways(page)).toBe(false);
          await context.close();
        }
      } finally {
        await browser.close();
      }
    },
    120_000,
  );
});

describe('/v1/sends/{id}/events', () => {
  it('tells each change as the send itself is shown, and ends with it', async () => {
    const next = await seedReadyEdition(ctx.db, { newsletterId, at: morning, slotDate: '2026-07-12' });
    const recipients = await ctx.db
      .selectFrom('subscribers')
      .select(({ fn }) => fn.countAll<number>().as('n'))
      .where('mail_state', '=', 'ok')
      .executeTakeFirstOrThrow();
    await begin(ctx, next, Number(recipients.n));
    const heard: Seen[] = [];
    const response = await fetch(`${web.url}/v1/sends/snd_${next}/events`, {
      headers: { Authorization: `Bearer ${key}`, 'Last-Event-ID': '17' },
    });
    expect(response.headers.get('Content-Type')).toMatch(/^text\/event-stream/);
    const reading = readEvents(response, (event) => void heard.push(event));
    await until(() => heard.length === 1);
    await deliverFree(ctx, next);
    await reading;
    expect(heard[0]).toMatchObject({ name: 'progress', data: { state: 'sending' } });
    expect(heard.at(-1)).toMatchObject({ name: 'end', data: { state: 'sent', in_flight: 0 } });
    expect(heard.every((event) => sumOf(event.data.counts) === event.data.counts.planned)).toBe(true);
    expect(heard.every((event) => /^\d+$/.test(event.id))).toBe(true);
    const shown = await fetch(`${web.url}/v1/sends/snd_${next}`, {
      headers: { Authorization: `Bearer ${key}` },
    });
    expect(heard.at(-1)?.data).toEqual(await shown.json());
    expect(streamsOf(ctx).size).toBe(0);
  });

  it('lets a key open five, gives up what its client left, and ends all when the process drains', async () => {
    const waiting = await seedReadyEdition(ctx.db, { newsletterId, at: morning, slotDate: '2026-07-11' });
    await begin(ctx, waiting, 59);
    const open = (signal?: AbortSignal) =>
      fetch(`${web.url}/v1/sends/snd_${waiting}/events`, {
        headers: { Authorization: `Bearer ${key}` },
        ...(signal ? { signal } : {}),
      });
    const leaving = new AbortController();
    const streams = await Promise.all([open(leaving.signal), open(), open(), open(), open()]);
    expect(streams.map((one) => one.status)).toEqual([200, 200, 200, 200, 200]);
    const sixth = await open();
    expect([sixth.status, await sixth.json()]).toMatchObject([429, { code: 'too_many_streams' }]);
    leaving.abort();
    await until(() => streamsOf(ctx).size === 4, { what: 'the stream that was left is given up' });
    streamsOf(ctx).endAll();
    await Promise.all(streams.slice(1).map((one) => readEvents(one, () => undefined)));
    expect((await open()).status).toBe(503);
  });

  it('is closed to who may not see the send', async () => {
    expect((await get('/events', 'none')).status).toBe(401);
    expect((await get('/events', elsewhere)).status).toBe(404);
    expect((await get('/lanes', elsewhere)).status).toBe(404);
  });
});

describe('a program that stops', () => {
  it('ends the streams that are open at once, and lets their clients come again elsewhere', async () => {
    const program = await runProgram();
    const at = program.ctx.clock.now();
    const seeded = await seedSend(program.ctx.db, { readers: 3, at });
    const by = { name: 'test', mode: 'live' as const };
    await requestSend(program.ctx, {
      editionId: seeded.editionId,
      expectRecipients: 3,
      holdSeconds: 600,
      by,
    });
    const { text } = await createKey(program.ctx, { name: 'screen', scopes: ['sends:read'] });
    const heard: Seen[] = [];
    const response = await fetch(`${program.url}/v1/sends/snd_${seeded.editionId}/events`, {
      headers: { Authorization: `Bearer ${text}` },
    });
    const reading = readEvents(response, (event) => void heard.push(event));
    await until(() => heard.length > 0);
    await Promise.all([reading, program.stop()]);
    expect(heard.map((event) => event.name)).not.toContain('end');
  });
});

describe('/v1/sends/{id}/lanes', () => {
  it('shows as many lanes by name as are asked for, and the rest in one row', async () => {
    const { body } = await asked('/lanes?limit=1');
    const planned = body.data.map((lane: { counts: { planned: number } }) => lane.counts.planned);
    expect(planned.reduce((total: number, n: number) => total + n, 0)).toBe(60);
    expect(body.data.length).toBeLessThanOrEqual(2);
    expect((await get('/lanes?limit=0')).status).toBe(422);
  });
});

async function asked(path: string) {
  const response = await get(path);
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  return { status: response.status, body: (await response.json()) as any };
}
