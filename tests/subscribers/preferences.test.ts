import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { receive } from '../../src/articles/receive.ts';
import { createNewsletter } from '../../src/newsletters/create.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { consentsOf } from '../../src/subscribers/find.ts';
import { manageUrl } from '../../src/subscribers/links.ts';
import { chromiumPath, openBrowser } from '../support/browser.ts';
import { editionsTo, goOut } from '../support/days.ts';
import { look, press } from '../support/reader.ts';
import { asWorker, deliverFree } from '../support/sending.ts';
import { eventsOf, seedInsideWashington, subscribe, subscriptionOf } from '../support/sign-ups.ts';
import { openTestWeb, type Web } from '../support/web.ts';

const zone = 'Asia/Jakarta';
const day = 86_400_000;
let web: Web;
let washington: Newsletter;
let extra: Newsletter;

beforeAll(async () => {
  web = await openTestWeb();
  await asWorker(web.ctx);
  washington = await seedInsideWashington(web.ctx, {
    calendar: { days: [1, 2, 3, 4, 5, 6, 7], time: '07:00' },
    recipe: { stories_min: 2, lead_needs_image: false },
    sections: [
      { key: 'politics', label: { en: 'Politics', id: 'Politik' }, max: 4 },
      { key: 'world', label: { en: 'World', id: 'Dunia' }, max: 4 },
    ],
  });
  extra = await open('extra-letter', 'The Extra', 'public');
  await open('hidden-letter', 'The Hidden', 'private');
});
afterAll(() => web?.close());

describe.skipIf(!chromiumPath)('in a browser without scripts', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  it('R34 saves newsletters, frequency, topics, language, hour and pause in one submit, and the next edition matches', async () => {
    web.ctx.clock.setLocal('2026-07-14', '05:00', zone);
    const email = 'every.choice@example.com';
    const { subscriberId, url } = await reader(email);
    await web.ctx.db.updateTable('subscriptions').set({ catch_up_since: null }).execute();
    const context = await browser.newContext({
      javaScriptEnabled: false,
      viewport: { width: 320, height: 640 },
    });
    context.setDefaultTimeout(6_000);
    const page = await context.newPage();
    await page.goto(url);
    // The ways out are there without scrolling.
    for (const name of ['Unsubscribe from Inside Washington', 'Unsubscribe from everything']) {
      const box = await page.getByRole('button', { name }).first().boundingBox();
      expect((box?.y ?? 1_000) + (box?.height ?? 0)).toBeLessThanOrEqual(640);
    }
    expect(await page.getByText('The Hidden').count()).toBe(0);
    await page.getByLabel('Get the free The Extra email').check();
    await page.getByLabel('How often Inside Washington comes').selectOption('weekdays');
    await page.getByLabel('What time Inside Washington comes').selectOption({ label: '09:00' });
    await page.getByLabel('World').uncheck();
    await page.getByLabel('Time zone for these times').selectOption('Asia/Makassar');
    await page.getByLabel('Language').last().selectOption('id');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Tersimpan').waitFor();
    expect(await page.getByLabel('Dunia').isChecked()).toBe(false);
    expect(await page.getByLabel('Pukul berapa Inside Washington dikirim').inputValue()).toBe('9');
    expect(await subscriptionOf(web.ctx, subscriberId, washington.id)).toMatchObject({
      frequency: 'weekdays',
      hour: 9,
      topics: ['politics'],
    });
    expect((await subscriptionOf(web.ctx, subscriberId, extra.id))?.state).toBe('active');
    expect((await consentsOf(web.ctx.db, subscriberId)).at(-1)).toMatchObject({
      method: 'preferences',
      act: 'given',
    });
    expect(await eventsOf(web.ctx, subscriberId)).toEqual([
      'signed_up',
      'confirmed',
      'language_changed',
      'time_zone_changed',
      'rhythm_changed',
      'resubscribed',
    ]);

    const { editionId } = await today('2026-07-14');
    expect(await editionsTo(web.ctx, email)).toEqual([]);
    web.ctx.clock.setLocal('2026-07-14', '09:00', 'Asia/Makassar');
    await deliverFree(web.ctx, editionId);
    const [mail] = await editionsTo(web.ctx, email);
    expect(mail?.subject).toBe('Utama 2026-07-14');
    expect(mail?.text).toContain('Politik');
    expect(mail?.text).not.toContain('Dunia');
    expect(mail?.html).not.toContain('Negara 2026-07-14');

    await page.goto(url);
    await page.getByLabel('Jeda Inside Washington').selectOption('until');
    await page.getByLabel('Hari terakhir jeda').first().fill('2026-07-20');
    await page.getByRole('button', { name: 'Simpan' }).click();
    await page.getByText('Tersimpan').waitFor();
    const paused = await subscriptionOf(web.ctx, subscriberId, washington.id);
    // The day after, on the newsletter's own calendar, which is Jakarta's.
    expect(paused?.paused_until).toEqual(new Date('2026-07-20T17:00:00Z'));
    await context.close();
  });
});

describe('the preference page', () => {
  it('says what is wrong with a pause, and keeps what was chosen', async () => {
    const { subscriberId, url } = await reader('wrong.pause@example.com');
    const page = await look(url);
    const wrong = await press(page, {
      [`pause_${washington.id}`]: 'until',
      [`pause_until_${washington.id}`]: '2020-01-01',
      [`hour_${washington.id}`]: '12',
    });
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('Choose a last day for the pause');
    expect(wrong.forms[0]?.fields[`hour_${washington.id}`]).toBe('12');
    expect(await eventsOf(web.ctx, subscriberId)).toEqual(['signed_up', 'confirmed']);
  });

  it('takes a last day that was filled in for a pause, whatever stands beside it', async () => {
    const { subscriberId, url } = await reader('day.only@example.com');
    await press(await look(url), { [`pause_until_${washington.id}`]: '2026-08-01' });
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.paused_until).toEqual(
      new Date('2026-08-01T17:00:00Z'),
    );
  });

  it('takes no hour, day, topic or zone that it did not offer', async () => {
    const { subscriberId, url } = await reader('forged@example.com');
    const fields = { ...(await look(url)).forms[0]?.fields };
    await look(url, {
      method: 'POST',
      body: new URLSearchParams({
        ...fields,
        [`frequency_${washington.id}`]: 'weekly-9',
        [`hour_${washington.id}`]: '3',
        time_zone: 'Mars/Olympus',
      }),
    });
    expect(await subscriptionOf(web.ctx, subscriberId, washington.id)).toMatchObject({
      frequency: 'each',
      hour: null,
    });
    expect(await eventsOf(web.ctx, subscriberId)).toEqual(['signed_up', 'confirmed']);
  });

  it('keeps all topics ticked as no choice, and none at all as a choice', async () => {
    const { subscriberId, url } = await reader('topics@example.com');
    const fields = { ...(await look(url)).forms[0]?.fields };
    const none = new URLSearchParams(fields);
    none.delete(`topics_${washington.id}`);
    await look(url, { method: 'POST', body: none });
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.topics).toEqual([]);
    const all = new URLSearchParams(fields);
    all.delete(`topics_${washington.id}`);
    for (const key of ['politics', 'world']) all.append(`topics_${washington.id}`, key);
    await look(url, { method: 'POST', body: all });
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.topics).toBeNull();
  });

  it('leaves one newsletter by its own button, with the way back', async () => {
    const { subscriberId, url } = await reader('leave.one@example.com');
    const left = await press(await look(url), {}, (form) => form.fields.act === 'leave');
    expect(left.text).toContain('Done. No more Inside Washington.');
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('unsubscribed');
    await press(left, {}, (form) => form.fields.act === 'undo');
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('active');
  });
});

async function reader(email: string) {
  const { subscriberId } = await subscribe(web.ctx, email);
  const later = new Date(web.ctx.clock.now().getTime() + day);
  return { subscriberId, url: manageUrl(web.url, web.ctx.keyring, subscriberId, later) };
}

function open(slug: string, name: string, visibility: string): Promise<Newsletter> {
  return createNewsletter(web.ctx, {
    slug,
    name,
    visibility,
    promise: { en: 'Now and then.', id: 'Sesekali.' },
    languages: ['en', 'id'],
    from_name: name,
    from_email: `${slug}@news.example.org`,
    reply_to: 'desk@news.example.org',
    time_zone: zone,
    calendar: { days: [7], time: '10:00' },
  } as never);
}

/** The day's news in both languages, and its edition at 07.00. */
async function today(date: string) {
  web.ctx.clock.setLocal(date, '06:30', zone);
  const words = { en: ['Lead', 'Senate', 'Abroad'], id: ['Utama', 'Senat', 'Negara'] };
  for (const [lang, titles] of Object.entries(words)) {
    for (const [index, title] of titles.entries()) {
      await receive(web.ctx, {
        title: `${title} ${date}`,
        lang,
        canonicalUrl: `https://www.example.org/${lang}/${date}/${index}`,
        dek: 'One sentence.',
        section: index === 2 ? 'world' : 'politics',
        priority: index === 0 ? 1 : 0,
        publishedAt: web.ctx.clock.now(),
      });
    }
  }
  web.ctx.clock.setLocal(date, '07:00', zone);
  return goOut(web.ctx, washington, date);
}
