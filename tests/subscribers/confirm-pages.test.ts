import { describe, expect, it } from 'vitest';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import { consentsOf } from '../../src/subscribers/find.ts';
import { manageUrl, unsubscribeUrl } from '../../src/subscribers/links.ts';
import { chromiumPath, openBrowser } from '../support/browser.ts';
import { openWashingtonPages } from '../support/inside-washington.ts';
import { look, press } from '../support/reader.ts';
import {
  askToJoin,
  confirmToken,
  eventsOf,
  mailsTo,
  sendDueLetters,
  subscribe,
} from '../support/sign-ups.ts';

const day = 24 * 60 * 60_000;

const { web, washington } = await openWashingtonPages();

describe('the confirmation letter', () => {
  it('R19 has one button, the same link as text, both languages right, nothing to track, and its headers', async () => {
    for (const [lang, subject, button] of [
      ['en', 'Finish signing up for Inside Washington', 'Finish signing up'],
      ['id', 'Selesaikan pendaftaran Inside Washington', 'Selesaikan pendaftaran'],
    ] as const) {
      const email = `letter-${lang}@example.com`;
      await askToJoin(web.ctx, email, { lang, marketing: true });
      await sendDueLetters(web.ctx);
      const [mail] = await mailsTo(web.ctx, email);
      const token = await confirmToken(web.ctx, email);
      expect(mail?.subject).toBe(subject);
      expect(mail?.from).toBe('"Inside Washington" <inside-washington@news.example.org>');
      expect(mail?.html.split(`${web.url}/confirm/${token}"`).length).toBeGreaterThanOrEqual(2);
      expect(mail?.html).toContain(button);
      expect(mail?.html).toContain(`>${web.url}/confirm/${token}<`);
      expect(mail?.html).not.toMatch(/<img/);
      expect(Buffer.byteLength(mail?.html ?? '')).toBeLessThan(20_480);
      expect(mail?.headers.get('auto-submitted')).toBe('auto-generated');
      expect(mail?.headers.get('x-auto-response-suppress')).toBe('All');
      expect(mail?.headers.has('list')).toBe(false);
      expect(mail?.raw.toString('latin1')).not.toMatch(/^List-/m);
      expect(mail?.text).toContain(new URL(web.url).host);
      expect(mail?.text.replace(/\s+/g, ' ')).toContain(
        lang === 'en' ? 'on 14 July 2026, 17:00 WIB' : 'pada 14 Juli 2026, 17.00 WIB',
      );
      const words = mail?.text.replace(/https?:\S+|[-=]{3,}/g, '').match(/\p{L}[\p{L}'’-]*/gu) ?? [];
      expect(words.length).toBeLessThan(115);
    }
  });

  it('names a site only when the newsletter lists it, and nothing that a stranger typed', async () => {
    await askToJoin(web.ctx, 'stranger@example.com', {
      page: 'https://buy-now.example/cheap?x=<b>',
      form: 'x',
    });
    await sendDueLetters(web.ctx);
    const [mail] = await mailsTo(web.ctx, 'stranger@example.com');
    expect(mail?.raw.toString('latin1')).not.toContain('buy-now');
  });

  it('reaches an address outside ASCII', async () => {
    await askToJoin(web.ctx, 'rína@bücher.example');
    await sendDueLetters(web.ctx);
    const [letter] = await web.ctx.db
      .selectFrom('letters')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(1)
      .execute();
    expect(letter).toMatchObject({ kind: 'confirmation', state: 'accepted' });
    expect(await mailsTo(web.ctx, 'rína@bücher.example')).toHaveLength(1);
  });
});

describe('the confirm page', () => {
  it('R20 fifty looks of every kind change nothing', async () => {
    const { url, before } = await waiting('looked.at@example.com');
    const kinds: RequestInit[] = [
      { method: 'GET' },
      { method: 'HEAD' },
      { method: 'OPTIONS' },
      { method: 'GET', headers: { 'Sec-Purpose': 'prefetch' } },
      { method: 'GET', headers: { 'User-Agent': 'Mozilla/5.0 (compatible; MailScanner/1.0)' } },
    ];
    for (let n = 0; n < 50; n += 1) {
      const answer = await fetch(url, { ...kinds[n % kinds.length], redirect: 'manual' });
      if (n % kinds.length < 2) expect(answer.status).toBe(200);
      await answer.arrayBuffer();
    }
    expect(await state()).toEqual(before);
  });

  it.skipIf(!chromiumPath)('R20 a browser that runs scripts and stays changes nothing', async () => {
    const { url, before } = await waiting('left.open@example.com');
    const browser = await openBrowser();
    try {
      const page = await browser.newPage({ viewport: { width: 320, height: 568 } });
      await page.clock.install();
      await page.goto(url);
      const button = page.getByRole('button', { name: 'Yes, send me Inside Washington' });
      const box = await button.boundingBox();
      expect((box?.y ?? 9_999) + (box?.height ?? 0)).toBeLessThan(568);
      // A minute of timers and whatever a script might have waited for.
      await page.clock.runFor(60_000);
      await page.mouse.move(100, 100);
      await page.waitForLoadState('networkidle');
      expect(page.url()).toBe(url);
      expect(await page.locator('script').count()).toBe(0);
      expect(await state()).toEqual(before);
      await button.click();
      await page.getByRole('heading', { name: "You're in" }).waitFor();
    } finally {
      await browser.close();
    }
  });

  it('R21 POST confirms; repeating GET and POST shows success and records one event', async () => {
    const { url } = await waiting('said.yes@example.com', { marketing: true });
    const page = await look(url);
    expect(page.text).toContain('One tap left');
    expect(page.forms[0]?.fields).toMatchObject({ newsletter: String(washington.id), marketing: 'yes' });
    const confirmed = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams(page.forms[0]?.fields),
      redirect: 'manual',
    });
    expect(confirmed.status).toBe(303);
    expect(confirmed.headers.get('location')).toBe(new URL(url).pathname.replace('/confirm/', '/confirmed/'));
    for (let n = 0; n < 3; n += 1) {
      for (const visit of [
        await look(url),
        await look(url.replace('/confirm/', '/confirmed/')),
        await look(url, { method: 'POST', body: new URLSearchParams(page.forms[0]?.fields) }),
      ]) {
        expect(visit.status).toBe(200);
        expect(visit.text).toContain("You're in");
        expect(visit.text).toContain('Your first edition arrives tomorrow, Wednesday, about 07:00.');
      }
    }
    const person = await web.ctx.db
      .selectFrom('subscribers')
      .selectAll()
      .where('email_key', '=', 'said.yes@example.com')
      .executeTakeFirstOrThrow();
    expect(await eventsOf(web.ctx, person.id)).toEqual(['signed_up', 'confirmed', 'marketing_given']);
    expect((await consentsOf(web.ctx.db, person.id)).map((one) => one.purpose)).toEqual([
      'newsletter',
      'marketing',
    ]);
  });

  it('R21 offers how often and about what after it, saved by one button; the hour stays', async () => {
    await changeNewsletter(web.ctx, washington.id, {
      sections: [
        { key: 'congress', label: { en: 'Congress', id: 'Kongres' } },
        { key: 'courts', label: { en: 'Courts', id: 'Pengadilan' } },
      ],
    } as never);
    const { url } = await waiting('choosing@example.com');
    const done = await press(await look(url));
    expect(done.text).toContain('If you like, choose how it comes');
    const form = done.forms[0];
    expect(form?.buttons).toEqual(['Save']);
    expect(form?.fields).toMatchObject({ [`frequency_${washington.id}`]: 'each' });
    await web.ctx.db
      .updateTable('subscriptions')
      .set({ hour: 9 })
      .where('newsletter_id', '=', washington.id)
      .execute();
    const again = await look(done.url);
    const saved = await press(again, {
      [`frequency_${washington.id}`]: 'weekly-6',
      [`topics_${washington.id}`]: 'courts',
    });
    expect(saved.status).toBe(200);
    expect(saved.text).toContain('Saved at');
    const row = await web.ctx.db
      .selectFrom('subscriptions')
      .innerJoin('subscribers', 'subscribers.id', 'subscriptions.subscriber_id')
      .select(['state', 'frequency', 'weekly_day', 'hour', 'topics'])
      .where('email_key', '=', 'choosing@example.com')
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ state: 'active', frequency: 'weekly', weekly_day: 6, hour: 9, topics: ['courts'] });
    web.ctx.clock.advance(8 * day);
    expect((await look(done.url)).forms).toEqual([]);
  });

  it('keeps the reader on the page when nothing is ticked', async () => {
    const { url, before } = await waiting('ticked.nothing@example.com', { marketing: true });
    const page = await look(url, { method: 'POST', body: new URLSearchParams({ chosen: '1' }) });
    expect(page.status).toBe(422);
    expect(page.text).toContain("Tick at least one newsletter, or choose “This wasn't me”.");
    expect(page.forms[0]?.fields).not.toHaveProperty('newsletter');
    expect(page.forms[0]?.fields).not.toHaveProperty('marketing');
    const switched = await look(`${url}?lang=id`, {
      method: 'POST',
      body: new URLSearchParams({ chosen: '1', marketing: 'yes' }),
    });
    expect(switched.text).toContain('Centang setidaknya satu buletin');
    expect(await state()).toEqual(before);
  });

  it('R22 an 8-day-old link answers 410 and sends a new one; an altered one answers 404, like one that is forgotten', async () => {
    const { url } = await waiting('slow@example.com');
    const altered = await look(`${url.slice(0, -1)}${url.endsWith('x') ? 'y' : 'x'}`);
    expect(altered.status).toBe(404);
    expect(altered.text).toContain("We don't know this link");
    web.ctx.clock.advance(8 * day);
    const ended = await look(url);
    expect(ended.status).toBe(410);
    expect(ended.text).not.toContain('slow');
    expect((await look(url, { method: 'POST' })).status).toBe(410);
    const asked = await press(ended);
    expect(asked.status).toBe(200);
    expect(asked.text).toContain('a new link is on its way');
    expect(asked.text).not.toContain('slow@');
    const rows = await web.ctx.db
      .selectFrom('sign_ups')
      .select('id')
      .where('email_key', '=', 'slow@example.com')
      .execute();
    expect(rows).toHaveLength(1);
  });

  it('R23 "This wasn\'t me" opens a page with one button, which deletes, and says so again later', async () => {
    const { url } = await waiting('mistake@example.com');
    const [mail] = await mailsTo(web.ctx, 'mistake@example.com');
    const link = mail?.links.find((one) => one.includes('/withdraw?')) ?? '';
    const page = await look(link);
    expect(page.text).toContain('Delete this address?');
    expect(await inDatabase('mistake@example.com')).toBe(true);
    const done = await press(page);
    expect(done.text).toContain('Your address is deleted');
    expect(await inDatabase('mistake')).toBe(false);
    expect((await look(link, { method: 'POST' })).text).toContain('Your address is deleted');
    expect((await look(url)).status).toBe(404);
    expect((await look(`${link.replace('/withdraw', 'x/withdraw')}`)).status).toBe(404);
  });

  it('speaks the language of who asked, from the letter, from the page, and when all of it is deleted', async () => {
    const email = 'bukan.saya@example.com';
    await askToJoin(web.ctx, email, { lang: 'id' });
    await sendDueLetters(web.ctx);
    const [mail] = await mailsTo(web.ctx, email);
    const link = mail?.links.find((one) => one.includes('/withdraw?')) ?? '';
    const abroad = { headers: { 'Accept-Language': 'en-US' } };
    const url = `${web.url}/confirm/${await confirmToken(web.ctx, email)}`;
    const switched = await (await fetch(`${url}?lang=en`, abroad)).text();
    expect(switched).toMatch(/href="[^"]*\/withdraw\?lang=en"/);
    expect(await (await fetch(url, abroad)).text()).toMatch(/href="[^"]*\/withdraw\?lang=id"/);
    expect((await look(link, abroad)).text).toContain('Hapus alamat ini?');
    const done = await look(link, { method: 'POST', ...abroad });
    expect(done.text).toContain('Alamat Anda sudah dihapus');
    expect((await look(link, { method: 'POST', ...abroad })).text).toContain('Alamat Anda sudah dihapus');
  });

  it('explains that a newsletter has closed meanwhile', async () => {
    const { url } = await waiting('too.late@example.com');
    await web.ctx.db.updateTable('newsletters').set({ state: 'closed' }).execute();
    const page = await look(url);
    expect(page.text).toContain('Inside Washington is closed');
    const posted = await look(url, { method: 'POST' });
    expect(posted.text).toContain('Inside Washington is closed');
    await web.ctx.db.updateTable('newsletters').set({ state: 'open' }).execute();
  });

  it('R44 token pages are kept by no cache, told to no site, found by no search; no log line has the token', async () => {
    const { url, token } = await waiting('secret@example.com');
    const withdrawal = (await mailsTo(web.ctx, 'secret@example.com'))[0]?.links.find((one) =>
      one.includes('/withdraw?'),
    );
    const sent = await look(url, { method: 'POST' });
    const { subscriberId } = await subscribe(web.ctx, 'known@example.com');
    const leave = unsubscribeUrl(web.url, web.ctx.keyring, { subscriberId, newsletterId: washington.id });
    const manage = manageUrl(web.url, web.ctx.keyring, subscriberId, web.ctx.clock.now());
    for (const path of [
      url,
      leave,
      manage,
      url.replace('/confirm/', '/confirmed/'),
      withdrawal ?? '',
      sent.url,
      `${web.url}/u/wrong`,
      `${web.url}/m/wrong`,
      `${web.url}/m`,
      `${web.url}/confirm/wrong`,
      `${web.url}/s/inside-washington/sent?t=wrong`,
    ]) {
      const answer = await fetch(path);
      expect(answer.headers.get('cache-control'), path).toBe('no-store');
      expect(answer.headers.get('referrer-policy'), path).toBe('no-referrer');
      expect(answer.headers.get('x-robots-tag'), path).toBe('noindex');
      expect(answer.headers.get('content-security-policy'), path).toContain("default-src 'none'");
      await answer.arrayBuffer();
    }
    const logged = web.ctx.logged();
    expect(logged).toContain('/confirm/…');
    expect(logged).not.toContain(token);
    for (const link of [withdrawal ?? '', leave, manage]) {
      const secret = new URL(link).pathname.split('/')[2] ?? '';
      expect(secret.length).toBeGreaterThan(20);
      expect(logged).not.toContain(secret);
    }
    expect(logged).not.toMatch(/@example\.com|secret@/);
  });
});

/** Someone who has the letter and has not answered. */
async function waiting(email: string, more: { marketing?: boolean } = {}) {
  await askToJoin(web.ctx, email, more);
  await sendDueLetters(web.ctx);
  const token = await confirmToken(web.ctx, email);
  return { token, url: `${web.url}/confirm/${token}`, before: await state() };
}

/** Everything that a visit might change. */
async function state(): Promise<unknown> {
  const { db } = web.ctx;
  return {
    subscribers: await db.selectFrom('subscribers').selectAll().orderBy('id').execute(),
    subscriptions: await db.selectFrom('subscriptions').selectAll().orderBy('id').execute(),
    tokens: await db.selectFrom('confirmation_tokens').selectAll().orderBy('created_at').execute(),
    signUps: await db.selectFrom('sign_ups').selectAll().orderBy('id').execute(),
    consents: await db.selectFrom('consents').selectAll().orderBy('id').execute(),
    events: await db.selectFrom('subscriber_events').selectAll().orderBy('id').execute(),
    letters: await db.selectFrom('letters').selectAll().orderBy('id').execute(),
  };
}

async function inDatabase(text: string): Promise<boolean> {
  return JSON.stringify(await state()).includes(text);
}
