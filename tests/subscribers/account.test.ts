import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { gatherData } from '../../src/insight/gather-data.ts';
import { answerSignUp } from '../../src/subscribers/answer-sign-up.ts';
import { changeLanguage } from '../../src/subscribers/change-language.ts';
import { changeRhythm } from '../../src/subscribers/change-rhythm.ts';
import { consentsOf } from '../../src/subscribers/find.ts';
import { manageUrl } from '../../src/subscribers/links.ts';
import { pruneAccounts } from '../../src/subscribers/prune-accounts.ts';
import { rescueSubscribers } from '../../src/subscribers/rescue.ts';
import { openWashingtonPages } from '../support/inside-washington.ts';
import type { ReadMail } from '../support/mailbox.ts';
import { look, press, readVisit, type Visit } from '../support/reader.ts';
import { seedReadyEdition } from '../support/seed.ts';
import { asWorker, begin, deliverFree } from '../support/sending.ts';
import {
  eventsOf,
  mailsTo,
  postForm,
  sendDueLetters,
  subscribe,
  subscriptionOf,
} from '../support/sign-ups.ts';

const minute = 60_000;
const hour = 60 * minute;

const { web, washington } = await openWashingtonPages();
await asWorker(web.ctx);

describe('an everyday link', () => {
  it.each(['email', 'data', 'erase', 'history'])(
    'R37 cannot do "%s": it mails a link for 30 minutes to the address on file, which opens once',
    async (wish) => {
      const email = `r37.${wish}@example.com`;
      const { subscriberId, url } = await reader(email);
      const before = await personOf(subscriberId);
      for (const act of ['email', 'data', 'erase']) {
        await look(url, {
          method: 'POST',
          body: new URLSearchParams({ act, email: 'thief@example.net', forget: 'yes' }),
        });
      }
      expect(await personOf(subscriberId)).toEqual(before);
      expect(await eventsOf(web.ctx, subscriberId)).toEqual(['signed_up', 'confirmed']);

      const asked = await press(await look(url), { wish }, (form) => form.fields.act === 'account');
      expect(asked.text).toContain(
        `If we can write to ${email[0]}•••@example.com, a link is on its way there.`,
      );
      await press(asked, { wish }, (form) => form.fields.act === 'account');
      await sendDueLetters(web.ctx);
      const letters = (await mailsTo(web.ctx, email)).filter((mail) => mail.subject.includes('account'));
      expect(letters).toHaveLength(1);
      const link = linkIn(letters[0]);
      expect(link).not.toContain('example.com');

      // Looking opens nothing, however often a scanner looks.
      const page = await look(link);
      expect(page.headers.get('cache-control')).toBe('no-store');
      await look(link);
      const opened = await openAccount(page);
      expect(opened.cookie).toMatch(/HttpOnly/i);
      expect(opened.cookie).toMatch(/SameSite=Strict/i);
      expect(opened.account.text).toContain(email);
      expect(await pressBare(page.url)).toEqual([410, null]);
      expect((await look(`${web.url}/m/account`)).status).toBe(410);
      web.ctx.clock.advance(31 * minute);
      expect((await opened.get()).status).toBe(410);
    },
  );

  it('R37 mails links that end after 30 minutes, and logs neither link nor address', async () => {
    const { link } = await accountLink('ends@example.com');
    web.ctx.clock.advance(31 * minute);
    expect((await look(link)).status).toBe(410);
    expect(await pressBare(link)).toEqual([410, null]);
    const token = new URL(link).pathname.split('/')[2] ?? '';
    expect(web.ctx.logged()).not.toContain(token);
    expect(web.ctx.logged()).not.toContain('ends@example.com');
  });
});

describe('changing the address', () => {
  it('R38 waits for the new address, tells the old one, and moves history and consents', async () => {
    const { subscriberId, account } = await openReader('old.one@example.com');
    await changeRhythm(web.ctx, {
      subscriberId,
      newsletterId: washington.id,
      rhythm: { frequency: 'weekly', weeklyDay: 5, hour: 8 },
      actor: 'reader',
    });
    const consents = await consentsOf(web.ctx.db, subscriberId);
    await account.post({ act: 'email', email: 'New.One@example.com' });
    await sendDueLetters(web.ctx);
    expect((await personOf(subscriberId))?.email).toBe('old.one@example.com');
    const notice = newest(await mailsTo(web.ctx, 'old.one@example.com'));
    expect(notice?.subject).toBe('Your address at Example Media is to be changed');
    expect(notice?.text.replace(/\s+/g, ' ')).toContain('write to N•••@example.com instead of here');
    const request = newest(await mailsTo(web.ctx, 'New.One@example.com'));
    expect(request?.text).not.toContain('old.one');
    const page = await look(linkIn(request));
    expect((await personOf(subscriberId))?.email).toBe('old.one@example.com');
    const done = await press(page);
    expect(done.text).toContain('Your address is changed');
    expect((await press(page)).text).toContain('Your address is changed');
    expect(await personOf(subscriberId)).toMatchObject({
      email: 'New.One@example.com',
      email_key: 'new.one@example.com',
    });
    expect(await consentsOf(web.ctx.db, subscriberId)).toEqual(consents);
    expect(await subscriptionOf(web.ctx, subscriberId, washington.id)).toMatchObject({
      frequency: 'weekly',
      hour: 8,
    });
    expect((await eventsOf(web.ctx, subscriberId)).filter((kind) => kind === 'email_changed')).toHaveLength(
      1,
    );
    // Of the old address nothing is left but its fingerprint and its mask.
    await forgetSignUps();
    expect(await findInDatabase('old.one@example.com')).toEqual([]);
  });

  it.each([
    ['before the new address says yes', false],
    ['and also after it did', true],
  ])('R38 can be stopped from the old address %s', async (_, confirmed) => {
    const old = `stop.${confirmed}@example.com`;
    const { subscriberId, account } = await openReader(old);
    await account.post({ act: 'email', email: `thief.${confirmed}@example.net` });
    await sendDueLetters(web.ctx);
    const accept = await look(linkIn(newest(await mailsTo(web.ctx, `thief.${confirmed}@example.net`))));
    if (confirmed) {
      await press(accept);
      expect((await personOf(subscriberId))?.email).toBe(`thief.${confirmed}@example.net`);
    }
    const stopLink = linkIn(newest(await mailsTo(web.ctx, old)));
    expect(stopLink).not.toContain('stop.');
    web.ctx.clock.advance(71 * hour);
    const stopPage = await look(stopLink);
    expect(stopPage.status).toBe(200);
    expect((await press(stopPage)).text).toContain('The change is stopped');
    expect((await personOf(subscriberId))?.email).toBe(old);
    expect((await press(accept)).status).toBe(410);
    expect((await personOf(subscriberId))?.email).toBe(old);
    expect((await look(stopLink)).status).toBe(410);
    expect((await account.get()).status).toBe(410);
  });

  it('R38 cannot be stopped after 72 hours, nor confirmed after 7 days', async () => {
    const { subscriberId, account } = await openReader('late.stop@example.com');
    await account.post({ act: 'email', email: 'later@example.com' });
    await sendDueLetters(web.ctx);
    const stopLink = linkIn(newest(await mailsTo(web.ctx, 'late.stop@example.com')));
    const accept = await look(linkIn(newest(await mailsTo(web.ctx, 'later@example.com'))));
    web.ctx.clock.advance(73 * hour);
    expect((await look(stopLink, { method: 'POST' })).status).toBe(410);
    web.ctx.clock.advance(5 * 24 * hour);
    expect((await press(accept)).status).toBe(410);
    expect((await personOf(subscriberId))?.email).toBe('late.stop@example.com');
    await pruneAccounts(web.ctx);
    expect(await findInDatabase('later@example.com')).toEqual([]);
  });

  it('keeps what was typed when it is no address, or the one on file', async () => {
    const { account } = await openReader('typo@example.com');
    const wrong = await account.post({ act: 'email', email: 'no address' });
    expect(wrong.status).toBe(422);
    expect(wrong.forms[0]?.fields.email).toBe('no address');
    expect((await account.post({ act: 'email', email: 'typo@example.com' })).text).toContain(
      'the address you have',
    );
  });

  it('writes to three new addresses a day at most', async () => {
    const { account } = await openReader('many@example.com');
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const answer = await account.post({ act: 'email', email: `${name}.many@example.net` });
      expect(answer.text).toContain('If we can write to the new address');
    }
    await sendDueLetters(web.ctx);
    const sent = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map((name) => mailsTo(web.ctx, `${name}.many@example.net`)),
    );
    expect(sent.flat()).toHaveLength(1);
    expect(sent[2]).toHaveLength(1);
  });
});

describe('data and erasure', () => {
  it('R39 packs profile, consents with wording, deliveries and events into one zip behind a link for a day', async () => {
    const email = 'all.mine@example.com';
    const { subscriberId, account } = await openReader(email);
    await changeLanguage(web.ctx, { subscriberId, language: 'id', actor: 'reader' });
    const editionId = await seedReadyEdition(web.ctx.db, {
      newsletterId: washington.id,
      at: web.ctx.clock.now(),
      number: 77,
    });
    const audience = await web.ctx.db
      .selectFrom('subscriptions')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('state', '=', 'active')
      .where('frequency', '=', 'each')
      .executeTakeFirstOrThrow();
    await begin(web.ctx, editionId, audience.n);
    await deliverFree(web.ctx, editionId);
    const asked = await account.post({ act: 'data' });
    expect(asked.text).toContain('Data Anda sedang disusun');
    expect(await gatherData(web.ctx, { subscriberId })).toEqual({ kind: 'gathered' });
    expect(await gatherData(web.ctx, { subscriberId })).toEqual({ kind: 'nothing_to_gather' });
    await sendDueLetters(web.ctx);
    const letter = newest(await mailsTo(web.ctx, email));
    expect(letter?.subject).toBe('Data Anda dari Example Media sudah siap');
    const link = linkIn(letter);
    const response = await fetch(link);
    expect(response.headers.get('content-type')).toBe('application/zip');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { json, html } = unzip(Buffer.from(await response.arrayBuffer()));
    const data = JSON.parse(json);
    expect(data.profile).toMatchObject({ email, language: 'id' });
    expect(data.consents[0].wording).toContain('Get the free Inside Washington email');
    expect(data.deliveries).toMatchObject([
      { newsletter: 'Inside Washington', state: 'accepted', date: '2026-07-14' },
    ]);
    expect(data.events.map((one: { kind: string }) => one.kind)).toEqual([
      'signed_up',
      'confirmed',
      'language_changed',
      'data_asked',
    ]);
    expect(html).toContain(email);
    expect(html).toContain('Yang diketahui Example Media tentang Anda');
    expect(html).toContain('Get the free Inside Washington email');
    // What the JSON says in our words, the page says in the reader's.
    expect(html).toContain('<td>14 Juli 2026</td>');
    expect(html).toContain('<td>Diterima penyedia email Anda</td>');
    expect(html).toContain('<td>Anda menerimanya</td>');
    expect(html).not.toMatch(/<td>[^<]*\b(active|accepted|marketing)\b/);
    expect(html).not.toContain('<script');
    web.ctx.clock.advance(25 * hour);
    expect((await fetch(link)).status).toBe(410);
    await pruneAccounts(web.ctx);
    const { rows } = await sql<{
      n: number;
    }>`select count(*) as n from data_copies where zip is not null`.execute(web.ctx.db);
    expect(rows[0]?.n).toBe(0);
  });

  it('rings again for a copy whose bell was lost', async () => {
    const { account } = await openReader('lost.bell@example.com');
    await account.post({ act: 'data' });
    await account.post({ act: 'data' });
    web.ctx.clock.advance(2 * minute);
    expect((await rescueSubscribers(web.ctx)).copies).toBe(1);
  });

  it.each([
    ['keeps only a fingerprint, so that nobody can sign it up again', false],
    ['forgets the refusal too when that is asked for', true],
  ])('R39 erases every row that names the address, and %s', async (_, forget) => {
    const email = `erase.${forget}@example.com`;
    const { subscriberId, account, url } = await openReader(email);
    await account.post({ act: 'email', email: `next.${email}` });
    await account.post({ act: 'data' });
    await gatherData(web.ctx, { subscriberId });
    await sendDueLetters(web.ctx);
    const dataLink = linkIn(newest(await mailsTo(web.ctx, email)));
    const done = await account.post({ act: 'erase', ...(forget ? { forget: 'yes' } : {}) });
    expect(done.text).toContain('Your data is erased');
    const last = newest(await mailsTo(web.ctx, email));
    expect(last?.subject).toBe('Example Media has erased your details');
    expect(last?.text.replace(/\s+/g, ' ')).toContain(
      forget ? 'forgotten that you do not want to be written to' : 'nobody can sign this address up again',
    );
    expect(await findInDatabase(email)).toEqual([]);
    const standing = await web.ctx.db
      .selectFrom('suppressions')
      .select('reason')
      .where('evidence', 'is not distinct from', 'erased')
      .where('source', '=', 'reader')
      .where('released_at', 'is', null)
      .orderBy('id', 'desc')
      .execute();
    expect(standing.length).toBe(1);
    const consents = await web.ctx.db
      .selectFrom('consents')
      .select('fingerprint')
      .where('subscriber_id', '=', subscriberId)
      .execute();
    expect(consents.map(({ fingerprint }) => fingerprint.length)).toEqual(
      consents.map(() => (forget ? 0 : 32)),
    );
    expect(consents).not.toEqual([]);
    for (const old of [url, dataLink]) expect((await look(old)).status).toBeGreaterThanOrEqual(404);
    expect((await account.get()).status).toBe(410);
    web.ctx.clock.advance(11 * minute);
    const again = await postForm(web.ctx, email);
    if (again.kind !== 'accepted') throw new Error(again.kind);
    expect(await answerSignUp(web.ctx, { signUpId: again.signUpId })).toMatchObject(
      forget ? { kind: 'planned' } : { kind: 'silent', outcome: 'suppressed' },
    );
  });
});

async function reader(email: string) {
  const { subscriberId } = await subscribe(web.ctx, email);
  return { subscriberId, url: manageUrl(web.url, web.ctx.keyring, subscriberId, web.ctx.clock.now()) };
}

async function accountLink(email: string) {
  const { subscriberId, url } = await reader(email);
  await press(await look(url), { wish: 'email' }, (form) => form.fields.act === 'account');
  await sendDueLetters(web.ctx);
  return { subscriberId, url, link: linkIn(newest(await mailsTo(web.ctx, email))) };
}

async function openReader(email: string) {
  const { subscriberId, url, link } = await accountLink(email);
  return { subscriberId, url, account: await openAccount(await look(link)) };
}

/** What a link's button answers, and the session that it gives: the page behind a redirect says "ended" to whoever has none. */
async function pressBare(link: string): Promise<[number, string | null]> {
  const answer = await fetch(link, { method: 'POST', redirect: 'manual' });
  return [answer.status, answer.headers.get('set-cookie')];
}

/** Presses the link's one button, and goes on as the browser that got the cookie. */
async function openAccount(page: Visit) {
  const answer = await fetch(new URL(page.forms[0]?.action ?? '', page.url), {
    method: 'POST',
    redirect: 'manual',
  });
  const cookie = answer.headers.get('set-cookie') ?? '';
  const headers = { Cookie: cookie.split(';')[0] ?? '' };
  const account = `${web.url}/m/account`;
  const get = (url = account) => look(url, { headers });
  const post = async (fields: Record<string, string>): Promise<Visit> => {
    const response = await fetch(account, {
      method: 'POST',
      headers,
      body: new URLSearchParams(fields),
      redirect: 'manual',
    });
    const next = response.headers.get('location');
    return next ? get(new URL(next, account).href) : readVisit(response, account);
  };
  return { cookie, account: await get(), get, post };
}

function linkIn(mail: ReadMail | undefined): string {
  const link = mail?.links.find((one) => /\/m\/[^/]+\/\w+/.test(one));
  if (!link) throw new Error(`no such link in: ${mail?.subject}`);
  return link;
}

function newest(mails: readonly ReadMail[]): ReadMail | undefined {
  return mails.at(-1);
}

function personOf(id: number) {
  return web.ctx.db.selectFrom('subscribers').selectAll().where('id', '=', id).executeTakeFirst();
}

/** What `prune` empties in time. */
async function forgetSignUps(): Promise<void> {
  await web.ctx.db.updateTable('sign_ups').set({ email: null, email_key: null }).execute();
}

/** The tables in which the address stands anywhere, as a search of a dump would find them. */
async function findInDatabase(address: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public'`.execute(
    web.ctx.db,
  );
  const found: string[] = [];
  for (const { name } of rows) {
    const { rows: hits } = await sql<{ n: number }>`
      select count(*) as n from ${sql.table(name)} as t where lower(t::text) like ${`%${address.toLowerCase()}%`}`.execute(
      web.ctx.db,
    );
    if ((hits[0]?.n ?? 0) > 0) found.push(name);
  }
  return found;
}

function unzip(zip: Buffer): { json: string; html: string } {
  const dir = mkdtempSync(join(tmpdir(), 'dateline-zip-'));
  writeFileSync(join(dir, 'data.zip'), zip);
  execFileSync('python3', ['-m', 'zipfile', '-e', join(dir, 'data.zip'), dir]);
  const read = {
    json: readFileSync(join(dir, 'data.json'), 'utf8'),
    html: readFileSync(join(dir, 'data.html'), 'utf8'),
  };
  rmSync(dir, { recursive: true });
  return read;
}
