import { existsSync, readFileSync } from 'node:fs';
import { symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { parseEmailAddress } from '../../src/lib/email-address.ts';
import { signToken } from '../../src/lib/signed-token.ts';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import { openDatabase } from '../../src/platform/db/database.ts';
import { answerSignUp } from '../../src/subscribers/answer-sign-up.ts';
import { manageUrl } from '../../src/subscribers/links.ts';
import { openWashingtonPages } from '../support/inside-washington.ts';
import { readVisit } from '../support/reader.ts';
import { confirmToken, mailsTo, sendDueLetters, subscribe } from '../support/sign-ups.ts';
import { fromElsewhere, openDoor, postFields } from '../support/web.ts';

const corpora = '../shared/corpora';
const addresses = read<{ address: string; category: string }[]>('email-addresses.json');
const strings = read<string[]>('naughty-strings.json');
if (addresses.length + strings.length === 0) console.log(`skipped: hostile input (${corpora} is absent)`);

const { web, washington } = await openWashingtonPages({
  allowed_origins: ['https://www.example.org'],
  return_to: ['https://www.example.org/thanks'],
});

describe.skipIf(addresses.length === 0)('addresses of every shape', () => {
  it('R16 are taken or refused with the form filled, at every door alike, and none is an error of ours', async () => {
    for (const { address, category } of addresses) {
      const plain = await post('/s/inside-washington', { email: address });
      const framed = await post('/embed/inside-washington', { email: address });
      const listed = await post('/s', { email: address, newsletter: 'inside-washington' });
      const scripted = await post('/s/inside-washington', { email: address }, { Accept: 'application/json' });
      const doors = [plain, framed, listed].map((answer) => answer.status);
      const taken = plain.status === 303;
      expect([doors, scripted.status], address).toEqual(
        taken ? [[303, 303, 303], 202] : [[422, 422, 422], 422],
      );
      if (category === 'ISEMAIL_ERR') expect(taken, address).toBe(false);
      for (const answer of [plain, framed, listed]) {
        expect(answer.headers.get('set-cookie')).toBeNull();
        const location = answer.headers.get('location');
        if (location) expect(decodeURIComponent(location)).not.toContain('@');
        else expect(executable(await answer.text())).toEqual([]);
      }
    }
  });

  it('get a letter to themselves alone, with each header once', async () => {
    const taken = addresses
      .map(({ address }) => parseEmailAddress(address))
      .filter((one) => one !== undefined);
    expect(taken.length).toBeGreaterThan(10);
    const rows = await web.ctx.db.selectFrom('sign_ups').select('id').orderBy('id').execute();
    for (const { id } of rows) await answerSignUp(web.ctx, { signUpId: id });
    await sendDueLetters(web.ctx);
    const { mails } = await web.ctx.trap.list({ limit: 500 });
    expect(mails.length).toBeGreaterThan(5);
    for (const { id, recipients } of mails) {
      expect(recipients).toHaveLength(1);
      const raw = (await web.ctx.trap.read(id))?.toString('latin1') ?? '';
      const head = raw.slice(0, raw.indexOf('\r\n\r\n'));
      for (const name of ['From', 'To', 'Subject', 'Message-ID', 'Date']) {
        expect(head.match(new RegExp(`^${name}:`, 'gim')), name).toHaveLength(1);
      }
      expect(head).not.toMatch(/^(Bcc|Cc):/im);
    }
  });
});

describe('what a stranger types', () => {
  it('adds no header, no recipient and no line to a letter', async () => {
    for (const email of [
      'rina@example.com\r\nBcc: victim@example.net',
      'rina@example.com\nSubject: cheap',
      'rina@example.com%0d%0aBcc:victim@example.net',
      'rina@example.com, victim@example.net',
      'Rina <rina@example.com>',
      '"x\r\nBcc: victim@example.net\r\n"@example.com',
      'rina@example.com\u2028Bcc: victim@example.net',
    ]) {
      expect((await post('/s/inside-washington', { email })).status, JSON.stringify(email)).toBe(422);
    }
    const odd = {
      email: 'headers@example.com',
      src: 'x\r\nBcc: victim@example.net',
      lang: 'en\r\nX: y',
      return_to: 'https://www.example.org/thanks\r\nSet-Cookie: a=b',
    };
    const answer = await post('/s/inside-washington', odd, { 'User-Agent': 'Bcc: victim@example.net' });
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([303, null]);
    await answerNewest();
    const [mail] = await mailsTo(web.ctx, 'headers@example.com');
    expect(mail?.raw.toString('latin1')).not.toMatch(/victim|cheap/);
  });

  it('opens no directive in a page’s policy', async () => {
    for (const return_to of [
      "https://a;script-src'unsafe-inline'",
      'https://a;sandbox',
      "https://a'b",
      'https://*.example',
    ]) {
      const answer = await post('/s/inside-washington', { email: 'rina@', return_to });
      expect(answer.headers.get('content-security-policy')).toBe(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      );
    }
  });

  it.skipIf(strings.length === 0)(
    'in the address line of a page runs nothing and breaks nothing',
    async () => {
      for (const text of strings) {
        const q = encodeURIComponent(text.toWellFormed());
        for (const path of [
          `/s?lang=${q}&pick=${q}`,
          `/s/inside-washington?lang=${q}`,
          `/embed/inside-washington?lang=${q}&theme=${q}&dir=${q}&src=${q}`,
          `/s/inside-washington/sent?t=${q}&again=${q}&failed=${q}`,
          `/embed/preview/html?newsletter=inside-washington&lang=${q}&view=${q}`,
        ]) {
          const answer = await fetch(web.url + path, { redirect: 'manual' });
          expect(answer.status, path).toBe(200);
          expect(executable(await answer.text()), path).toEqual([]);
        }
      }
    },
    240_000,
  );
});

describe('the pages of readers', () => {
  it('R44 stand in no frame, run no script of a stranger, ask no other host and leave no cookie', async () => {
    for (const path of await everyPath()) {
      const answer = await fetch(web.url + path, { headers: fromElsewhere() });
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy, path).toContain("default-src 'none'");
      expect(policy, path).not.toMatch(/unsafe-inline|unsafe-eval|https?:|\*/);
      expect(policy, path).toContain("base-uri 'none'");
      expect(policy, path).toContain("frame-ancestors 'none'");
      expect(answer.headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(answer.headers.get('set-cookie'), path).toBeNull();
      const html = (await answer.text()).replace('<script src="/assets/zone.js" defer=""></script>', '');
      expect(html, path).not.toMatch(/<script|\son\w+=|style="/);
    }
    const framed = await fetch(`${web.url}/embed/inside-washington`);
    expect(framed.headers.get('content-security-policy')).toContain(
      "frame-ancestors 'self' https://www.example.org",
    );
    const preview = await fetch(`${web.url}/embed/preview/script?newsletter=inside-washington`);
    expect(preview.headers.get('content-security-policy')).toContain("frame-ancestors 'self'");
  });

  it('R16 that say in a frame that nothing was saved show on the newsletter’s sites, with all that was typed', async () => {
    const path = '/embed/inside-washington?lang=en';
    const fields = { email: 'framed@example.com', lang: 'en', return_to: 'https://www.example.org/thanks' };
    const unsaved = async (door: { url: string }, at = path) => {
      const body = new URLSearchParams(fields);
      const answer = await fetch(door.url + at, { method: 'POST', body, headers: fromElsewhere() });
      const policy = answer.headers.get('content-security-policy') ?? '';
      const page = await readVisit(answer, door.url + at);
      expect([page.status, page.forms[0]?.fields]).toMatchObject([503, fields]);
      // Without it a browser would not follow the form to where it leads in the end.
      expect(policy).toContain("form-action 'self' https://www.example.org;");
      return policy;
    };
    const ancestors = "frame-ancestors 'self' https://www.example.org";

    const resting = await openDoor({ ...web.ctx, config: { ...web.ctx.config, maintenance: true } });
    expect(await unsaved(resting)).toContain(ancestors);
    expect(await unsaved(resting, '/s/inside-washington')).toContain("frame-ancestors 'none'");
    expect(await unsaved(resting, '/embed/nothing')).toContain("frame-ancestors 'none'");
    await changeNewsletter(web.ctx, washington.id, { visibility: 'private' });
    expect(await unsaved(resting)).toContain("frame-ancestors 'none'");
    await changeNewsletter(web.ctx, washington.id, { visibility: 'public' });
    await resting.close();

    const far = await farDatabase();
    const door = await openDoor({ ...web.ctx, db: far.db });
    const before = (await fetch(door.url + path)).headers.get('content-security-policy');
    await far.cut();
    const policy = await unsaved(door);
    expect(policy.replace(' https://www.example.org;', ';')).toBe(before);
    expect(await unsaved(door, '/embed/nothing')).toContain("frame-ancestors 'none'");
    await door.close();
    await far.close();
  });

  it('R8 never allow every origin, nor credentials, whatever is asked and answered', async () => {
    const asks: [string, RequestInit][] = [];
    for (const origin of ['https://www.example.org', 'https://evil.example', 'null', web.url]) {
      for (const path of ['/s', '/s/inside-washington', '/v1/public/sign-ups', '/embed/inside-washington']) {
        const headers = { Origin: origin, Accept: 'application/json', ...fromElsewhere() };
        asks.push([path, { method: 'OPTIONS', headers }]);
        for (const email of ['rina@example.com', 'rina@', 'rina@gmial.com']) {
          const json = path.startsWith('/v1');
          const body = json
            ? JSON.stringify({ email, newsletters: ['inside-washington'] })
            : new URLSearchParams({ email, newsletter: 'inside-washington' });
          const type: Record<string, string> = json ? { 'Content-Type': 'application/json' } : {};
          asks.push([path, { method: 'POST', body, headers: { ...headers, ...type } }]);
        }
      }
    }
    for (const [path, init] of asks) {
      const answer = await fetch(web.url + path, init);
      const origin = (init.headers as Record<string, string>).Origin;
      const allowed = answer.headers.get('access-control-allow-origin');
      const listed = origin === 'https://www.example.org' || origin === web.url;
      if (allowed !== null) expect([path, allowed, listed]).toEqual([path, origin, true]);
      expect(answer.headers.get('access-control-allow-credentials'), path).toBeNull();
      if (init.method === 'POST') expect(answer.headers.get('vary'), path).toContain('Origin');
      await answer.arrayBuffer();
    }
  });
});

/** The same database by another way, which can be cut. */
async function farDatabase() {
  const { dataDir, database } = web.ctx;
  const host = join(dataDir, 'far');
  await symlink(database.config.host, host);
  const { db, close } = openDatabase({ ...database.config, host }, { max: 1 });
  const cut = async () => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
    await unlink(host);
    await sql`select pg_terminate_backend(${rows[0]?.pid}::int)`.execute(database.db);
  };
  return { db, close, cut };
}

/** Everything in a page that would run, load or frame something: there is nothing. */
function executable(html: string): string[] {
  const { document } = parseHTML(html);
  const found = [...document.querySelectorAll('script, img, svg, object, embed, base, iframe, [style]')];
  const ours = '<script src="/embed/frame.js" defer></script>';
  const handlers = [...document.querySelectorAll('*')].filter((element) =>
    [...element.attributes].some(
      ({ name, value }) =>
        /^on/i.test(name) || (/^(href|src|action|formaction)$/i.test(name) && /^\s*javascript:/i.test(value)),
    ),
  );
  return [...found, ...handlers]
    .map((element) => element.outerHTML.slice(0, 200))
    .filter((written) => written !== ours);
}

async function everyPath(): Promise<string[]> {
  const { ctx } = web;
  const done = await subscribe(ctx, 'pages@example.com', { marketing: true });
  await post('/s/inside-washington', { email: 'waits@example.com' });
  await answerNewest();
  const token = await confirmToken(ctx, 'waits@example.com');
  const sent = await post('/s/inside-washington', { email: 'sent@gmail.com' });
  const manage = new URL(manageUrl(web.url, ctx.keyring, done.subscriberId, ctx.clock.now()));
  return [
    '/s',
    '/s/inside-washington',
    '/s/nothing',
    sent.headers.get('location') ?? '',
    `/confirm/${token}`,
    `/confirmed/${done.token}`,
    '/confirm/wrong',
    `/u/${signToken(ctx.keyring, 'unsubscribe', [done.subscriberId, washington.id])}`,
    '/u/wrong',
    manage.pathname + manage.search,
    '/m',
    '/nothing-here',
  ];
}

async function answerNewest(): Promise<void> {
  const row = await web.ctx.db
    .selectFrom('sign_ups')
    .select('id')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  await answerSignUp(web.ctx, { signUpId: row.id });
  await sendDueLetters(web.ctx);
}

const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  postFields(web.url + path, fields, headers);

function read<T extends unknown[]>(name: string): T {
  const path = `${corpora}/${name}`;
  return (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : []) as T;
}
