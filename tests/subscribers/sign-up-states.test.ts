import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { type Config, readConfig } from '../../src/config.ts';
import { countWithin } from '../../src/platform/db/limits.ts';
import { openQueues } from '../../src/platform/queue/queue.ts';
import { admitNetwork } from '../../src/subscribers/admit-network.ts';
import { proves } from '../../src/subscribers/proof.ts';
import { openWashingtonPages } from '../support/inside-washington.ts';
import { nameServer } from '../support/name-server.ts';
import { redisServerFound, startRedis } from '../support/own-redis.ts';
import { look, press, readVisit } from '../support/reader.ts';
import { askToJoin, confirmToken, sendDueLetters } from '../support/sign-ups.ts';
import { openDoor, postFields } from '../support/web.ts';

const hourMs = 60 * 60_000;

const { web, washington } = await openWashingtonPages();

describe('an inbox that is thrown away', () => {
  it('R16 is refused by default, in words that say what to do, and insisting changes nothing', async () => {
    for (const [lang, sentence] of [
      ['en', "Use an address you will keep. We don't accept temporary inboxes."],
      ['id', 'Gunakan alamat yang tetap Anda pakai. Kami tidak menerima kotak surat sementara.'],
    ] as const) {
      const fields = { email: 'rina@inbox.mailinator.com', lang, marketing: 'yes' };
      const page = await readVisit(await postTo(web.url, fields), web.url);
      expect([page.status, page.text.includes(sentence)]).toEqual([422, true]);
      expect(page.forms[0]?.fields).toMatchObject(fields);
    }
    const insists = { email: 'rina@mailinator.com', accept_domain: 'mailinator.com' };
    expect((await postTo(web.url, insists)).status).toBe(422);
    const scripted = await postTo(web.url, insists, { Accept: 'application/json' });
    expect([scripted.status, await scripted.json()]).toMatchObject([422, { code: 'disposable_domain' }]);
  });

  it('R16 is answered like any other and gets no letter where the installation says so, or is taken', async () => {
    const silent = await doorWith({ disposableDomains: 'silent' });
    expect((await postTo(silent.url, { email: 'quiet@mailinator.com' })).status).toBe(303);
    expect(await newestSignUp()).toMatchObject({ email: null, signal: 'disposable' });
    await silent.close();
    const open = await doorWith({ disposableDomains: 'allow' });
    expect((await postTo(open.url, { email: 'loud@mailinator.com' })).status).toBe(303);
    expect(await newestSignUp()).toMatchObject({ email: 'loud@mailinator.com', signal: null });
    await open.close();
  });
});

describe('the records of a domain', () => {
  it('R16 a domain without mail is asked about once; R18 who takes its mail opens the mailbox', async () => {
    const dns = await nameServer({
      'firm.example': 'aspmx.l.google.com',
      'null.example': '',
      'own.example': 'mx.own.example',
    });
    const door = await doorWith({ mxCheck: true, dnsServers: [dns.address] });
    const dead = await readVisit(
      await postTo(door.url, { email: 'rina@nowhere.example', lang: 'en' }),
      door.url,
    );
    expect([dead.status, dead.text.includes("We couldn't find nowhere.example.")]).toEqual([422, true]);
    const kept = await press(
      { ...dead, url: door.url },
      {},
      (form) => form.buttons[0] === 'Keep nowhere.example',
    );
    expect(kept.text).toContain('We sent an email to rina@nowhere.example');

    const firm = await sentHtml(door.url, 'rina@firm.example');
    expect(firm).toContain('https://mail.google.com/mail/?authuser=rina%40firm.example#search/from');
    expect(firm).toContain('Open Gmail');
    expect(await sentHtml(door.url, 'rina@own.example')).not.toContain('rel="noreferrer"');
    const scripted = await postTo(door.url, { email: 'rina@firm.example' }, { Accept: 'application/json' });
    expect(await scripted.json()).toEqual({
      status: 'accepted',
      inbox: { provider: 'Gmail', url: expect.stringContaining('mail.google.com') },
      letter: { from: 'Inside Washington', subject: 'Finish signing up for Inside Washington' },
    });
    await door.close();
    await dns.close();
  });

  it('are asked for 700 ms and no longer; silence takes the sign-up', async () => {
    const deaf = createSocket('udp4');
    await new Promise<void>((resolve) => deaf.bind(0, '127.0.0.1', resolve));
    const door = await doorWith({ mxCheck: true, dnsServers: [`127.0.0.1:${deaf.address().port}`] });
    const startedAt = performance.now();
    expect((await postTo(door.url, { email: 'rina@silent.example' })).status).toBe(303);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    await door.close();
    deaf.close();
  });
});

describe('a network', () => {
  it('R16 that tries sixty addresses which cannot be right has to wait; the same slip again does not count', async () => {
    const network = { 'X-Forwarded-For': '203.0.113.9' };
    for (let n = 0; n < 80; n += 1) await postTo(web.url, { email: 'same-slip@' }, network);
    expect((await postTo(web.url, { email: 'fine@example.com' }, network)).status).toBe(303);
    for (let n = 0; n < 60; n += 1) await postTo(web.url, { email: `list${n}@` }, network);
    const wait = await postTo(web.url, { email: 'list60@' }, network);
    expect([wait.status, wait.headers.get('retry-after')]).toEqual([429, '600']);
    expect((await postTo(web.url, { email: 'also.fine@example.com' }, network)).status).toBe(429);
    expect((await postTo(web.url, { email: 'list60@' })).status).toBe(422);
  });

  it('R16 that is busy asks a script for work, takes it once, and asks a person for one tap', async () => {
    const network = { 'X-Forwarded-For': '203.0.113.10', Accept: 'application/json' };
    for (let n = 0; n < 30; n += 1) {
      await admitNetwork(web.ctx, { clientAddress: '203.0.113.10', token: undefined });
    }
    const fields = { email: 'busy@example.com', lang: 'en' };
    const asked = await postTo(web.url, fields, network);
    const step = (await asked.json()) as { code: string; still_human: string; proof_bits: number };
    expect([asked.status, step.code, step.proof_bits]).toEqual([429, 'one_more_step', 15]);
    const token = { still_human: step.still_human };
    expect((await postTo(web.url, { ...fields, ...token }, network)).status).toBe(429);
    expect((await postTo(web.url, { ...fields, ...token, proof: '-1' }, network)).status).toBe(429);
    const proof = workFor(step.still_human);
    expect((await postTo(web.url, { ...fields, ...token, proof }, network)).status).toBe(202);
    expect(await newestSignUp()).toMatchObject({ email: 'busy@example.com', signal: null });
    expect((await postTo(web.url, { ...fields, ...token, proof }, network)).status).toBe(202);
    expect(await newestSignUp()).toMatchObject({ email: null, signal: 'reused-token' });

    const plain = { 'X-Forwarded-For': '203.0.113.10' };
    const page = await postTo(web.url, fields, plain);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const html = await page.text();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(html).toContain('<script src="/embed/v1.js" defer=""></script>');
    const visit = await readVisit(new Response(html), web.url);
    expect((await postTo(web.url, visit.forms[0]?.fields ?? {}, plain)).status).toBe(303);
    expect(await newestSignUp()).toMatchObject({ email: 'busy@example.com', signal: null });
  });
});

describe('a network that the installation lists', () => {
  it('has limits of its own', async () => {
    const { signUpLimits } = readConfig({ SIGN_UP_LIMITS: '203.0.113.64/26=2/4' });
    const door = await doorWith({ signUpLimits });
    const shared = { 'X-Forwarded-For': '203.0.113.77' };
    const statuses: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      statuses.push((await postTo(door.url, { email: `carrier${n}@example.com` }, shared)).status);
    }
    expect(statuses).toEqual([303, 303, 200, 200, 429]);
    await door.close();
    for (const wrong of ['203.0.113.0=1/2', '203.0.113.0/24', '203.0.113.0/24=5/2']) {
      expect(() => readConfig({ SIGN_UP_LIMITS: wrong })).toThrow('SIGN_UP_LIMITS');
    }
  });
});

describe('a newsletter with twenty times its usual sign-ups', () => {
  it('adds work to its hosted page and to scripts, one tap to plain posts, and is itself again an hour later', async () => {
    web.ctx.clock.advance(2 * hourMs);
    const now = web.ctx.clock.now();
    const quiet = await (await fetch(`${web.url}/s/inside-washington`)).text();
    expect(quiet).not.toContain('<script');
    await countWithin(web.ctx.db, `surge:${washington.id}`, hourMs, now, 1_001);
    // What other processes count is known a moment later.
    web.ctx.clock.advance(1_000);

    const hosted = await fetch(`${web.url}/s/inside-washington?lang=en`);
    expect(hosted.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(hosted.headers.get('cache-control')).toBe('no-store');
    const page = await readVisit(hosted, `${web.url}/s/inside-washington`);
    const token = page.forms[0]?.fields.still_human ?? '';
    expect(token).not.toBe('');
    const worked = { ...page.forms[0]?.fields, email: 'worked@example.com', proof: workFor(token) };
    expect((await postTo(web.url, worked)).status).toBe(303);

    const untouched = await press(page, { email: 'no.script@example.com' });
    expect([untouched.status, untouched.text.includes('One more tap')]).toEqual([200, true]);
    const tapped = await press(untouched);
    expect(tapped.text).toContain('We sent an email to no.script@example.com');
    const scripted = await postTo(web.url, { email: 'surf@example.com' }, { Accept: 'application/json' });
    expect([scripted.status, await scripted.json()]).toMatchObject([429, { code: 'one_more_step' }]);

    web.ctx.clock.advance(2 * hourMs);
    expect((await postTo(web.url, { email: 'later@example.com' })).status).toBe(303);
  });

  it('is no surge where that many are usual', async () => {
    web.ctx.clock.advance(2 * hourMs);
    const now = web.ctx.clock.now();
    await countWithin(web.ctx.db, `usual:${washington.id}`, 7 * 24 * hourMs, now, 168 * 200);
    await countWithin(web.ctx.db, `surge:${washington.id}`, hourMs, now, 3_000);
    expect((await postTo(web.url, { email: 'usual@example.com' })).status).toBe(303);
  });
});

describe.skipIf(!redisServerFound)('a queue that is away', () => {
  it('R16 is told by the form, by the way to send it again and by a link that has ended; none says that a letter comes', async () => {
    const sent = await press(await look(`${web.url}/s/inside-washington?lang=en`), {
      email: 'wait@example.com',
    });
    await askToJoin(web.ctx, 'ended@example.com');
    await sendDueLetters(web.ctx);
    const token = await confirmToken(web.ctx, 'ended@example.com');
    const redis = await startRedis('--maxmemory-policy', 'noeviction');
    const queues = await openQueues({ redisUrl: redis.url }, { prefix: '{gone}' });
    const door = await openDoor({ ...web.ctx, queues });
    await redis.kill();

    const form = await readVisit(await postTo(door.url, { email: 'away@example.com', lang: 'en' }), door.url);
    expect([form.status, form.text.includes("We couldn't save that")]).toEqual([503, true]);
    expect(form.forms[0]?.fields).toMatchObject({ email: 'away@example.com' });
    const t = new URL(sent.url).searchParams.get('t') ?? '';
    const again = await look(`${door.url}/s/inside-washington/again`, {
      method: 'POST',
      body: new URLSearchParams({ t }),
    });
    expect(again.text).toContain("We couldn't save that. Try again in a minute.");
    expect(again.text).not.toContain('Sent again.');
    web.ctx.clock.advance(8 * 24 * hourMs);
    const ended = await look(`${door.url}/confirm/${token}/again`, { method: 'POST' });
    expect([ended.status, ended.text.includes('on its way')]).toEqual([503, false]);
    await door.close();
    await queues.close();
    expect((await look(`${web.url}/confirm/${token}/again`, { method: 'POST' })).text).toContain(
      'a new link is on its way',
    );
  });
});

describe('the page after a sign-up', () => {
  it('R18 has a link into Gmail that searches for our sender, none for an unknown domain, and the words in both', async () => {
    const gmail = await sentHtml(web.url, 'rina.w@gmail.com');
    expect(gmail).toContain('https://mail.google.com/mail/?authuser=rina.w%40gmail.com#search/');
    expect(gmail).toContain(encodeURIComponent('from:(inside-washington@news.example.org)'));
    expect(gmail).toContain('Open Gmail');
    const unknown = await sentHtml(web.url, 'rina@unknown.example');
    expect(unknown).not.toContain('rel="noreferrer"');
    for (const html of [gmail, unknown]) {
      expect(html).toContain('Open it and tap the button to finish.');
      expect(html).toContain('Finish signing up for Inside Washington');
    }
  });
});

/** A second door with some of the configuration changed. */
function doorWith(change: Partial<Config>) {
  return openDoor({ ...web.ctx, config: { ...web.ctx.config, ...change } });
}

function workFor(token: string): string {
  for (let n = 0; ; n += 1) if (proves(token, String(n))) return String(n);
}

async function sentHtml(url: string, email: string): Promise<string> {
  const answer = await postTo(url, { email, lang: 'en' });
  expect(answer.status).toBe(303);
  expect(answer.headers.get('location')).not.toContain('rina');
  const visit = await fetch(url + answer.headers.get('location'));
  return (await visit.text()).replaceAll('&amp;', '&');
}

function newestSignUp() {
  return web.ctx.db
    .selectFrom('sign_ups')
    .select(['email', 'signal'])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
}

const postTo = (url: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  postFields(`${url}/s/inside-washington`, fields, headers);
