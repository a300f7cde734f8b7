import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { pauseSend } from '../../src/deliveries/pause-send.ts';
import { resumeSend } from '../../src/deliveries/resume-send.ts';
import { openLog } from '../../src/platform/log.ts';
import { start } from '../../src/start.ts';
import { morning } from '../support/context.ts';
import { freePort } from '../support/free-port.ts';
import { seedNewsletter, seedReaders, seedReadyEdition, seedSend } from '../support/seed.ts';
import { asWorker, begin, deliverFree } from '../support/sending.ts';
import { openDoor, openTestWeb } from '../support/web.ts';

const web = await openTestWeb();
const ctx = await asWorker(web.ctx);
afterAll(() => web.close());
let editionId = 0;
beforeAll(async () => {
  ({ editionId } = await seedSend(ctx.db, { readers: 30, at: morning }));
});

/** What the page says, by name and labels. */
async function read(url: string, headers: Record<string, string> = {}): Promise<Map<string, number>> {
  const response = await fetch(`${url}/metrics`, { headers });
  expect([response.status, response.headers.get('Content-Type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  const lines = (await response.text()).split('\n').filter((line) => line && !line.startsWith('#'));
  return new Map(
    lines.map((line): [string, number] => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

describe('/metrics', () => {
  it('tells depth and age of what waits, and what the process has settled, without any id or address', async () => {
    await begin(ctx, editionId, 30);
    ctx.clock.advance(12_000);
    const waiting = await read(web.url);
    expect(waiting.get('dateline_deliveries_open')).toBe(30);
    expect(waiting.get('dateline_batches_waiting')).toBeGreaterThan(0);
    expect(waiting.get('dateline_oldest_batch_seconds')).toBeGreaterThanOrEqual(12);
    expect(waiting.get('dateline_workers')).toBe(1);
    expect(waiting.get('dateline_sends_paused')).toBe(0);
    await pauseSend(ctx, { editionId, by: 'rina' });
    expect((await read(web.url)).get('dateline_sends_paused')).toBe(1);
    await resumeSend(ctx, { editionId });
    expect(waiting.get('dateline_queue_jobs{queue="deliveries",state="waiting"}')).toBeGreaterThan(0);
    await deliverFree(ctx, editionId);
    const after = await read(web.url);
    expect(after.get('dateline_deliveries_open')).toBe(0);
    expect(after.get('dateline_deliveries_total{lane="other",state="accepted"}')).toBe(30);
    expect(after.get('dateline_settle_seconds_count')).toBeGreaterThan(0);
    expect([...after.keys()].join('\n')).not.toMatch(/@|readers\.example|ed_|snd_|sub_/);
  });

  it('counts a company’s mail with the provider that takes it, as the desk does', async () => {
    const newsletterId = await seedNewsletter(ctx.db, { at: morning, slug: 'the-brief' });
    await ctx.db
      .insertInto('mail_domains')
      .values({ domain: 'paper.example', lane: 'outlook', mx_at: morning })
      .execute();
    for (const domain of ['paper.example', 'hotmail.fr'])
      await seedReaders(ctx.db, { newsletterId, count: 2, at: morning, domain });
    const brief = await seedReadyEdition(ctx.db, { newsletterId, at: morning });
    await begin(ctx, brief, 4);
    await deliverFree(ctx, brief);
    expect((await read(web.url)).get('dateline_deliveries_total{lane="outlook",state="accepted"}')).toBe(4);
  });

  it('is for the house alone while no token is set, and for the token alone once one is', async () => {
    const from = { 'X-Forwarded-For': '93.184.216.34' };
    expect((await fetch(`${web.url}/metrics`, { headers: from })).status).toBe(404);
    const token = 'a-token-that-only-tests-use';
    const door = await openDoor({ ...ctx, config: { ...ctx.config, metricsToken: token } });
    try {
      const refused = await fetch(`${door.url}/metrics`, { headers: { Accept: 'application/json' } });
      expect([refused.status, refused.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer']);
      const wrong = await fetch(`${door.url}/metrics`, { headers: { Authorization: `Bearer ${token}x` } });
      expect(wrong.status).toBe(401);
      expect((await read(door.url, { ...from, Authorization: `Bearer ${token}` })).size).toBeGreaterThan(5);
    } finally {
      await door.close();
    }
  });

  it('is shown by a worker on METRICS_PORT, its own counts only', async () => {
    const { host, user, database: name } = ctx.database.config;
    const port = await freePort();
    const config = readConfig({
      BASE_URL: web.url,
      HOST: '127.0.0.1',
      DATA_DIR: ctx.dataDir,
      SECRET_KEY: 'a secret that only tests ever use and that is long enough',
      DATABASE_URL: `postgres://${user}@localhost/${name}?host=${encodeURIComponent(host)}`,
      METRICS_PORT: String(port),
      // This process is the suite's own.
      WORKER_NICE: '0',
    });
    const worker = await start(config, openLog({ level: 'silent' }), ['worker']);
    try {
      const seen = await read(`http://127.0.0.1:${port}`);
      expect(seen.get('dateline_smtp_connections{pool="editions"}')).toBe(0);
      expect(seen.get('dateline_database_connections{use="idle"}')).toBeGreaterThanOrEqual(0);
      expect(seen.has('dateline_workers')).toBe(false);
      // What alarms are set on is there before it happens: an increase is told from two readings.
      expect(seen.get('dateline_deliveries_total{lane="gmail",state="unknown"}')).toBe(0);
      expect(seen.get('dateline_sign_ups_total{outcome="too_many"}')).toBe(0);
      expect((await fetch(`http://127.0.0.1:${port}/v1/sends`)).status).toBe(404);
    } finally {
      await worker.stop();
    }
  });

  it('counts SMTP transactions by relay, phase and class where mail is handed over', async () => {
    const { host, user, database: name } = ctx.database.config;
    const port = await freePort();
    const config = readConfig({
      BASE_URL: `http://127.0.0.1:${port}`,
      PORT: String(port),
      HOST: '127.0.0.1',
      DATA_DIR: ctx.dataDir,
      SECRET_KEY: 'a secret that only tests ever use and that is long enough',
      DATABASE_URL: `postgres://${user}@localhost/${name}?host=${encodeURIComponent(host)}`,
    });
    const running = await start(config, openLog({ level: 'silent' }), ['web']);
    try {
      const envelope = { from: 'news@example.org', to: 'reader@readers.example' };
      const mail = 'From: news@example.org\r\nTo: reader@readers.example\r\nSubject: x\r\n\r\nx\r\n';
      const outcome = await running.ctx.mail.editions.deliver(envelope, () => mail);
      expect(outcome).toMatchObject({ kind: 'reply', phase: 'dot' });
      const seen = await read(`http://127.0.0.1:${port}`);
      const counted = [...seen.keys()].filter((key) => key.startsWith('dateline_smtp_transactions_total'));
      expect(counted).toHaveLength(1);
      expect(counted[0]).toMatch(/\{relay="127\.0\.0\.1:\d+",phase="dot",class="accepted"\}/);
      expect(seen.get('dateline_smtp_connections{pool="editions"}')).toBe(1);
    } finally {
      await running.stop();
    }
  });
});
