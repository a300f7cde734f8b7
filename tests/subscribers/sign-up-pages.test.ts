import { describe, expect, it } from 'vitest';
import { boxHtml } from '../../src/newsletters/embed.ts';
import { currentWordings } from '../../src/newsletters/wordings.ts';
import { openDatabase } from '../../src/platform/db/database.ts';
import { openQueues } from '../../src/platform/queue/queue.ts';
import { admitNetwork } from '../../src/subscribers/admit-network.ts';
import { answerSignUp } from '../../src/subscribers/answer-sign-up.ts';
import { pause } from '../../src/subscribers/pause.ts';
import { rescueSubscribers } from '../../src/subscribers/rescue.ts';
import { suppress } from '../../src/subscribers/suppress.ts';
import { unsubscribe } from '../../src/subscribers/unsubscribe.ts';
import type { TestContext } from '../support/context.ts';
import { freePort } from '../support/free-port.ts';
import { hiddenLetters, openWashingtonPages } from '../support/inside-washington.ts';
import { redisServerFound, startRedis } from '../support/own-redis.ts';
import { look, press, readVisit, type Visit } from '../support/reader.ts';
import { askToJoin, postForm, subscribe } from '../support/sign-ups.ts';
import { fromElsewhere, openDoor, postFields } from '../support/web.ts';

const day = 24 * 60 * 60_000;

const { web, washington } = await openWashingtonPages({
  allowed_origins: ['https://www.example.org'],
  return_to: ['https://www.example.org/thanks'],
});
await hiddenLetters(web.ctx);

describe('the box, posted without a script', () => {
  it('R1 answers 303 to a page that says "Check your inbox", with no address in any URL and no cookie', async () => {
    const box = await pastedBox('en');
    const answer = await postTo('/s/inside-washington', {
      ...box.forms[0]?.fields,
      email: 'rina@example.com',
    });

    expect(answer.status).toBe(303);
    const location = answer.headers.get('location') ?? '';
    expect(location).toMatch(/^\/s\/inside-washington\/sent\?t=[\w-]+$/);
    expect(Buffer.from(location.split('t=')[1] ?? '', 'base64url').toString('latin1')).not.toContain('rina');
    expect(answer.headers.get('set-cookie')).toBeNull();
    const page = await look(web.url + location);
    expect(page.text).toContain('Check your inbox');
    expect(page.text).toContain(
      'We sent an email to rina@example.com. Open it and tap the button to finish.',
    );
    expect(page.text).toContain('Inside Washington');
    expect(page.text).toContain('“Finish signing up for Inside Washington”');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('x-robots-tag')).toBe('noindex');
  });

  it('says the same in Indonesian', async () => {
    const box = await pastedBox('id');
    const page = await press(box, { email: 'rina@example.com' });
    expect(page.text).toContain('Periksa kotak masuk Anda');
    expect(page.text).toContain(
      'Kami mengirim email ke rina@example.com. Buka email itu dan ketuk tombolnya untuk menyelesaikan pendaftaran.',
    );
  });

  it('shows the address for fifteen minutes, then the same without it', async () => {
    const sent = await press(await pastedBox('en'), { email: 'fleeting@example.com' });
    web.ctx.clock.advance(15 * 60_000 + 1_000);
    const later = await look(sent.url);
    expect(later.status).toBe(200);
    expect(later.text).toContain('Check your inbox');
    expect(later.text).not.toContain('fleeting');
  });

  it('sends again from that page, within the limits and silently', async () => {
    const sent = await press(await pastedBox('en'), { email: 'again@example.com' });
    const again = await press(sent, {}, (form) => form.action.endsWith('/again'));
    expect(again.status).toBe(200);
    expect(again.text).toContain('Sent again.');
    expect(new URL(again.url).searchParams.get('t')).toBe(new URL(sent.url).searchParams.get('t'));
    const rows = await web.ctx.db
      .selectFrom('sign_ups')
      .select(['marketing', 'form'])
      .where('email_key', '=', 'again@example.com')
      .execute();
    expect(rows).toHaveLength(2);
    const broken = await postTo('/s/inside-washington/again', { t: 'altered' });
    expect([broken.status, broken.headers.get('location')]).toEqual([303, '/s/inside-washington/sent']);
  });

  it('takes no line end from an address into its own headers', async () => {
    const answer = await postTo('/s/x%0d%0aSet-Cookie:%20a=b/again', { t: 'a\r\nb' });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/s/x%0D%0ASet-Cookie%3A%20a%3Db/sent');
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it('opens the mailbox of a known provider, and names the address in no URL of ours', async () => {
    const sent = await press(await pastedBox('en'), { email: 'rina.w@gmail.com' });
    const html = await (await fetch(sent.url)).text();
    expect(html).toContain('https://mail.google.com/mail/?authuser=rina.w%40gmail.com#search/');
    expect(html).toContain('rel="noreferrer"');
    expect(html).toContain('Open Gmail');
    expect(sent.url).not.toContain('rina');
    const unknown = await press(await pastedBox('en'), { email: 'rina@unknown.example' });
    expect(await (await fetch(unknown.url)).text()).not.toContain('rel="noreferrer"');
  });

  it('keeps what was typed and says what to do when the address is none', async () => {
    for (const [lang, sentence] of [
      ['en', 'Enter an email address, like name@example.com'],
      ['id', 'Masukkan alamat email, misalnya nama@example.com'],
    ] as const) {
      const page = await press(await pastedBox(lang), { email: 'rina@', marketing: 'yes' });
      expect(page.status).toBe(422);
      expect(page.text).toContain(sentence);
      expect(page.forms[0]?.fields).toMatchObject({ email: 'rina@', marketing: 'yes', lang });
    }
  });

  it('R17 offers the domain that was meant, once, and takes the original on the second post', async () => {
    const page = await press(await pastedBox('en'), { email: 'rina@gmial.com' });
    expect(page.status).toBe(422);
    expect(page.text).toContain("We couldn't find gmial.com. Did you mean gmail.com?");
    expect(page.forms.map((form) => form.buttons[0])).toEqual(['Use gmail.com', 'Keep gmial.com', 'Sign up']);
    const meant = await press(page, {}, (form) => form.buttons[0] === 'Use gmail.com');
    expect(meant.text).toContain('We sent an email to rina@gmail.com');
    const kept = await press(page, {}, (form) => form.buttons[0] === 'Keep gmial.com');
    expect(kept.text).toContain('We sent an email to rina@gmial.com');
    const again = await press(page, {}, (form) => form.buttons[0] === 'Sign up');
    expect(again.text).toContain('We sent an email to rina@gmial.com');
  });

  it('shows today’s words instead of recording words that nobody was shown', async () => {
    const box = await pastedBox('en');
    const page = await press(box, {
      email: 'old.box@example.com',
      consent_v: '1999-01-01.en',
      marketing: 'yes',
    });
    expect(page.status).toBe(422);
    expect(page.forms[0]?.fields).toMatchObject({ email: 'old.box@example.com', consent_v: '2026-07-14.en' });
    expect(page.forms[0]?.fields).not.toHaveProperty('marketing');
    const rows = await web.ctx.db
      .selectFrom('sign_ups')
      .select('id')
      .where('email_key', '=', 'old.box@example.com')
      .execute();
    expect(rows).toEqual([]);
  });

  it('returns only to an address that the newsletter lists', async () => {
    const fields = { email: 'back@example.com', lang: 'en' };
    const to = async (return_to: string) =>
      (await postTo('/s/inside-washington', { ...fields, return_to })).headers.get('location');
    expect(await to('https://www.example.org/thanks/you?x=1')).toBe('https://www.example.org/thanks/you?x=1');
    for (const elsewhere of [
      'https://www.example.org.evil.example/thanks',
      'http://www.example.org/thanks',
      'https://www.example.org/thanksgiving',
      'https://evil@www.example.org/thanks',
      'javascript:alert(1)',
      '//evil.example',
    ]) {
      expect(await to(elsewhere)).toMatch(/^\/s\/inside-washington\/sent\?t=/);
    }
  });

  it('leads to the hosted page with an empty field when the box stands on a page that is not listed', async () => {
    const answer = await postTo(
      '/s/inside-washington',
      { email: 'rina@example.com', lang: 'id' },
      { Origin: 'https://elsewhere.example' },
    );
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/s/inside-washington?lang=id']);
  });

  it('knows no private, closed or unknown newsletter, and lists those that are open', async () => {
    for (const slug of ['hidden-letters', 'nothing-here', 'nl_2', "x'--"]) {
      const page = await look(`${web.url}/s/${slug}`);
      expect(page.status).toBe(404);
      expect(page.text).toContain('Inside Washington');
      expect(page.text).not.toContain('Hidden Letters');
      expect((await postTo(`/s/${slug}`, { email: 'rina@example.com' })).status).toBe(404);
    }
  });
});

describe('one answer for every state of an address', () => {
  it('R12 status, headers and body are equal after masking the address', async () => {
    const { ctx } = web;
    const states: Record<string, string> = {
      new: 'a1@example.com',
      pending: 'b1@example.com',
      subscribed: 'c1@example.com',
      paused: 'd1@example.com',
      unsubscribed: 'e1@example.com',
      bounced: 'f1@example.com',
      complained: 'g1@example.com',
      honeypot: 'h1@example.com',
      limited: 'i1@example.com',
    };
    await askToJoin(ctx, 'b1@example.com');
    await subscribe(ctx, 'c1@example.com');
    const paused = await subscribe(ctx, 'd1@example.com');
    const until = new Date(ctx.clock.now().getTime() + 7 * day);
    await pause(ctx, {
      subscriberId: paused.subscriberId,
      newsletterId: washington.id,
      until,
      actor: 'reader',
    });
    const left = await subscribe(ctx, 'e1@example.com');
    await unsubscribe(ctx, {
      subscriberId: left.subscriberId,
      newsletterId: 'all',
      method: 'page',
      actor: 'reader',
    });
    for (const [email, reason] of [
      ['f1@example.com', 'hard'],
      ['g1@example.com', 'complaint'],
    ] as const) {
      await suppress(ctx.db, ctx.keyring, { emailKey: email, reason, source: 'test', at: ctx.clock.now() });
    }
    for (let n = 0; n < 4; n += 1) await askToJoin(ctx, 'i1@example.com');

    const answers = new Map<string, unknown>();
    for (const [state, email] of Object.entries(states)) {
      const fields: Record<string, string> = { email, lang: 'en', marketing: 'yes' };
      if (state === 'honeypot') fields.website = 'https://spam.example';
      const plain = await postTo('/s/inside-washington', fields);
      const scripted = await postTo('/s/inside-washington', fields, { Accept: 'application/json' });
      const program = await fetch(`${web.url}/v1/public/sign-ups`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...fromElsewhere() },
        body: JSON.stringify({
          email,
          newsletters: ['inside-washington'],
          marketing: true,
          ...(state === 'honeypot' ? { website: 'x' } : {}),
        }),
      });
      const framed = await postTo('/embed/inside-washington', fields);
      const several = await postTo('/s', { ...fields, newsletter: 'inside-washington' });
      const sent = await fetch(web.url + plain.headers.get('location'), { headers: fromElsewhere() });
      const all = [plain, scripted, program, framed, several, sent];
      answers.set(state, await Promise.all(all.map((answer) => masked(answer, email))));
    }
    for (const [state, answer] of answers)
      expect({ state, answer }).toEqual({ state, answer: answers.get('new') });
    expect(JSON.stringify(answers.get('new'))).toContain('"status\\":\\"accepted\\"');
  });
});

describe('who may post, and how often', () => {
  it('R16 a busy network presses one button more and then succeeds; above 300 it waits, with the form still filled', async () => {
    const network = { 'X-Forwarded-For': '203.0.113.77' };
    for (let n = 1; n <= 30; n += 1) {
      const answer = await postTo(
        '/s/inside-washington',
        { email: `crowd${n}@example.com`, lang: 'en' },
        network,
      );
      expect(answer.status).toBe(303);
    }
    const fields = { email: 'crowd31@example.com', lang: 'en', marketing: 'yes', src: 'article-box' };
    const step = await readVisit(await postTo('/s/inside-washington', fields, network), web.url);
    expect(step.status).toBe(200);
    expect(step.text).toContain('One more tap');
    expect(step.forms[0]?.fields).toMatchObject(fields);
    const passed = await postTo('/s/inside-washington', step.forms[0]?.fields ?? {}, network);
    expect(passed.status).toBe(303);
    // The token is used up: a script that repeats it is answered alike and counted as a bot.
    const reused = await postTo('/s/inside-washington', step.forms[0]?.fields ?? {}, network);
    expect(reused.status).toBe(303);
    const signals = await web.ctx.db
      .selectFrom('sign_ups')
      .select(['signal', 'email'])
      .orderBy('id', 'desc')
      .limit(2)
      .execute();
    expect(signals).toEqual([
      { signal: 'reused-token', email: null },
      { signal: null, email: 'crowd31@example.com' },
    ]);
    const scripted = await postTo('/s/inside-washington', fields, { ...network, Accept: 'application/json' });
    expect([scripted.status, scripted.headers.get('retry-after')]).toEqual([429, '600']);

    for (let n = 35; n <= 300; n += 1) {
      await admitNetwork(web.ctx, { clientAddress: '203.0.113.77', token: undefined });
    }
    const wait = await readVisit(await postTo('/s/inside-washington', fields, network), web.url);
    expect(wait.status).toBe(429);
    expect(wait.headers.get('retry-after')).toBe('600');
    expect(wait.text).toContain('Try again in 10 minutes');
    expect(wait.forms[0]?.fields).toMatchObject({ email: 'crowd31@example.com', marketing: 'yes' });

    const neighbour = await postTo('/s/inside-washington', fields, { 'X-Forwarded-For': '203.0.113.78' });
    expect(neighbour.status).toBe(303);
    web.ctx.clock.advance(21 * 60_000);
    expect((await postTo('/s/inside-washington', fields, network)).status).toBe(303);
  });

  it('R8 lets scripts of listed origins read the answer, and nobody else’s', async () => {
    const post = (origin: string, path = '/s/inside-washington') =>
      postTo(path, { email: 'rina@example.com' }, { Origin: origin, Accept: 'application/json' });
    const listed = await post('https://www.example.org');
    expect(listed.status).toBe(202);
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://www.example.org');
    expect(listed.headers.get('vary')).toContain('Origin');
    expect(listed.headers.get('access-control-allow-credentials')).toBeNull();
    const other = await post('https://elsewhere.example');
    expect(other.status).toBe(403);
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    expect(await other.json()).toMatchObject({ code: 'origin_not_allowed' });

    for (const path of ['/s/inside-washington', '/v1/public/sign-ups']) {
      for (const [origin, allowed] of [
        ['https://www.example.org', 'https://www.example.org'],
        ['https://elsewhere.example', null],
      ] as const) {
        const preflight = await fetch(web.url + path, {
          method: 'OPTIONS',
          headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
        });
        expect(preflight.status).toBe(204);
        expect(preflight.headers.get('access-control-allow-origin')).toBe(allowed);
        expect(preflight.headers.get('access-control-max-age')).toBe('600');
      }
    }
  });

  it('tells a program what is wrong, with a stable code', async () => {
    const post = async (body: unknown) => {
      const answer = await fetch(`${web.url}/v1/public/sign-ups`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...fromElsewhere() },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      return { status: answer.status, body: (await answer.json()) as { code?: string; inbox?: unknown } };
    };
    const good = { email: 'rina@gmail.com', newsletters: ['inside-washington'] };
    expect(await post(good)).toMatchObject({
      status: 202,
      body: { status: 'accepted', inbox: { provider: 'Gmail' } },
    });
    for (const [change, status, code] of [
      [{ email: 'rina' }, 422, 'invalid_email'],
      [{ email: 'rina@gmial.com' }, 422, 'unlikely_domain'],
      [{ newsletters: ['nothing'] }, 422, 'no_such_newsletter'],
      [{ newsletters: ['hidden-letters'] }, 422, 'no_such_newsletter'],
      [{ consent_version: 'never' }, 422, 'unknown_consent_version'],
      [{ newsletters: [] }, 422, 'invalid'],
      [{ marketing: 'yes' }, 422, 'invalid'],
    ] as const) {
      expect(await post({ ...good, ...change })).toMatchObject({ status, body: { code } });
    }
    expect(await post('{"email":')).toMatchObject({ status: 400 });
    expect(await post({ ...good, email: 'rina@gmial.com', accept_domain: 'gmial.com' })).toMatchObject({
      status: 202,
    });
  });

  it('R16 says that it could not save, with the form still filled, when the database is away', async () => {
    const nowhere = openDatabase(`postgres://nobody@127.0.0.1:${await freePort()}/none`);
    const door = await openDoor({ ...web.ctx, db: nowhere.db });
    const fields = { email: 'patient@example.com', marketing: 'yes', lang: 'id', src: 'article-box' };
    const answer = await fetch(`${door.url}/s/inside-washington`, {
      method: 'POST',
      body: new URLSearchParams(fields),
      redirect: 'manual',
    });
    const page = await readVisit(answer, door.url);
    expect(page.status).toBe(503);
    expect(page.text).toContain('Kami belum dapat menyimpannya.');
    expect(page.text).not.toContain('Periksa kotak masuk');
    expect(page.forms[0]?.fields).toMatchObject(fields);
    const scripted = await fetch(`${door.url}/v1/public/sign-ups`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: 'patient@example.com', newsletters: ['inside-washington'] }),
    });
    expect([scripted.status, (await scripted.json()) as { code: string }]).toMatchObject([
      503,
      { code: 'unavailable' },
    ]);
    await door.close();
    await nowhere.close();
    const again = await postTo('/s/inside-washington', page.forms[0]?.fields ?? {});
    expect(again.status).toBe(303);
  });
});

describe('the queue', () => {
  it.skipIf(!redisServerFound)('known to be down: 503 before anything is written', async () => {
    const redis = await startRedis('--maxmemory-policy', 'noeviction');
    const queues = await openQueues({ redisUrl: redis.url }, { prefix: '{gone}' });
    await redis.kill();
    const outcome = await postForm({ ...web.ctx, queues }, 'nobody.waits@example.com');
    expect(outcome).toEqual({ kind: 'unavailable' });
    const rows = await web.ctx.db
      .selectFrom('sign_ups')
      .select('id')
      .where('email_key', '=', 'nobody.waits@example.com')
      .execute();
    expect(rows).toEqual([]);
    await queues.close();
  });

  it('whose bell is lost after the row was written costs time and no sign-up', async () => {
    const lost: TestContext = {
      ...web.ctx,
      queues: { ...web.ctx.queues, ring: () => Promise.reject(new Error('the bell is broken')) },
    };
    const outcome = await postForm(lost, 'unheard@example.com');
    expect(outcome.kind).toBe('accepted');
    web.ctx.clock.advance(61_000);
    const { signUps } = await rescueSubscribers(web.ctx);
    expect(signUps).toBeGreaterThan(0);
    const signUpId = outcome.kind === 'accepted' ? outcome.signUpId : 0;
    expect(await answerSignUp(web.ctx, { signUpId })).toMatchObject({ outcome: 'confirmation' });
  });
});

/** The box as it stands in an article of another site. */
async function pastedBox(lang: string): Promise<Visit> {
  const wordings = await currentWordings(web.ctx.db, washington, lang);
  const html = boxHtml(washington, lang, { baseUrl: web.url, wordings });
  return readVisit(new Response(html), 'https://www.example.org/article');
}

const postTo = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  postFields(web.url + path, fields, headers);

/** Status, headers and body; masked are exactly the address, `t`, `Date`, the request's id and rate-limit headers. */
async function masked(answer: Response, email: string): Promise<unknown> {
  const hide = (text: string) =>
    text
      .replaceAll(email, '<address>')
      .replaceAll(encodeURIComponent(email), '<address>')
      .replace(/t=[\w-]+/g, 't=<t>')
      .replace(/name="t" value="[\w-]+"/g, 'name="t" value="<t>"');
  const headers = [...answer.headers].filter(
    ([name]) => !/^(date|dateline-request-id|content-length|ratelimit.*)$/.test(name),
  );
  return {
    status: answer.status,
    headers: headers.map(([name, value]) => [name, hide(value)]),
    body: hide(await answer.text()),
  };
}
