import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signToken } from '../../src/lib/signed-token.ts';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { manageUrl } from '../../src/subscribers/links.ts';
import { unsubscribe } from '../../src/subscribers/unsubscribe.ts';
import {
  accessibilityFaults,
  chromiumPath,
  cutTexts,
  openBrowser,
  scrollsSideways,
} from '../support/browser.ts';
import { look, press } from '../support/reader.ts';
import {
  askToJoin,
  confirmToken,
  mailsTo,
  seedInsideWashington,
  sendDueLetters,
  subscribe,
} from '../support/sign-ups.ts';
import { openTestWeb, type Web } from '../support/web.ts';

let web: Web;
let washington: Newsletter;
let browser: Browser;
let pages: Record<string, string>;

describe.skipIf(!chromiumPath)('the pages of a reader in a browser', () => {
  beforeAll(async () => {
    web = await openTestWeb();
    washington = await seedInsideWashington(web.ctx);
    browser = await openBrowser();
    pages = await everyPage();
  });
  afterAll(async () => {
    await browser?.close();
    await web?.close();
  });

  it.each([
    ['light', 'en'],
    ['dark', 'id'],
  ] as const)(
    'R9 have no fault that axe can see (%s, %s)',
    async (colorScheme, lang) => {
      const context = await browser.newContext({ colorScheme, viewport: { width: 768, height: 1024 } });
      const page = await context.newPage();
      for (const [name, url] of Object.entries(pages)) {
        await page.goto(withLanguage(url, lang));
        expect(await accessibilityFaults(page), name).toEqual([]);
      }
      await context.close();
    },
    240_000,
  );

  it('R11 never scroll sideways at 320 px with text twice as large', async () => {
    const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
    const page = await context.newPage();
    for (const [name, url] of Object.entries(pages)) {
      for (const lang of ['en', 'id']) {
        await page.goto(withLanguage(url, lang));
        await page.addStyleTag({ content: 'html { font-size: 200% }' }).catch(() => undefined);
        await page.evaluate("document.documentElement.style.fontSize = '200%'");
        expect(await scrollsSideways(page), `${name} ${lang}`).toBe(false);
        expect(await cutTexts(page), `${name} ${lang}`).toEqual([]);
      }
    }
    await context.close();
  });

  it('R11 nor with a name that is one long word', async () => {
    const { ctx } = web;
    await changeNewsletter(ctx, washington.id, {
      name: 'Donaudampfschifffahrtsgesellschaftskapitänsmützen',
    });
    const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
    const page = await context.newPage();
    for (const [name, url] of Object.entries(pages)) {
      await page.goto(url);
      expect(await scrollsSideways(page), name).toBe(false);
      expect(await cutTexts(page), name).toEqual([]);
    }
    await context.close();
    await changeNewsletter(ctx, washington.id, { name: washington.name });
  });

  it('R3 tick nothing by themselves and sign up without the box for offers', async () => {
    for (const lang of ['en', 'id']) {
      const page = await browser.newPage({ javaScriptEnabled: false });
      await page.goto(`${web.url}/s/inside-washington?lang=${lang}`);
      expect(await page.locator('#marketing').isChecked()).toBe(false);
      await page.fill('#email', `box-${lang}@example.com`);
      await page.keyboard.press('Enter');
      await page.waitForURL('**/sent?t=*');
      await page.close();
    }
  });

  it('R2 lead a reader without scripts from the form to leaving and back', async () => {
    const email = 'whole.way@example.com';
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${web.url}/s/inside-washington?lang=id`);
    await page.fill('#email', email);
    await page.getByRole('button', { name: 'Daftar' }).click();
    await page.getByRole('heading', { name: 'Periksa kotak masuk Anda' }).waitFor();
    await answerNewest();
    await page.goto(`${web.url}/confirm/${await confirmToken(web.ctx, email)}`);
    await page.getByRole('button', { name: 'Ya, kirimi saya Inside Washington' }).click();
    await page.getByRole('heading', { name: 'Anda sudah terdaftar' }).waitFor();
    await page.getByRole('link', { name: 'Atur email Anda' }).click();
    await page.getByLabel('Jeda Inside Washington').selectOption('30');
    await page.getByRole('button', { name: 'Simpan' }).click();
    await page.getByText('Tersimpan').waitFor();
    await page.getByRole('button', { name: 'Berhenti menerima semuanya' }).click();
    await page.getByRole('button', { name: 'Pulihkan langganan saya' }).click();
    await page.getByLabel('Jeda Inside Washington').waitFor();
    await context.close();
  });
});

async function answerNewest(): Promise<void> {
  const { answerSignUp } = await import('../../src/subscribers/answer-sign-up.ts');
  const row = await web.ctx.db
    .selectFrom('sign_ups')
    .select('id')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  await answerSignUp(web.ctx, { signUpId: row.id });
  await sendDueLetters(web.ctx);
}

function withLanguage(url: string, lang: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}lang=${lang}`;
}

/** One address of each page that can be looked at. */
export async function everyPage(): Promise<Record<string, string>> {
  const { ctx, url } = web;
  const sent = await press(await look(`${url}/s/inside-washington`), {
    email: 'long.address.of.a.reader@gmail.com',
  });
  await askToJoin(ctx, 'waiting@example.com', { marketing: true });
  await sendDueLetters(ctx);
  const token = await confirmToken(ctx, 'waiting@example.com');
  const [mail] = await mailsTo(ctx, 'waiting@example.com');
  const done = await subscribe(ctx, 'done@example.com', { marketing: true });
  const left = await subscribe(ctx, 'left@example.com');
  const leave = (subscriberId: number) =>
    `${url}/u/${signToken(ctx.keyring, 'unsubscribe', [subscriberId, washington.id])}`;
  const undone = await press(await look(leave(left.subscriberId)));
  const gone = await subscribe(ctx, 'gone@example.com');
  await unsubscribe(ctx, {
    subscriberId: gone.subscriberId,
    newsletterId: 'all',
    method: 'page',
    actor: 'reader',
  });
  return {
    form: `${url}/s/inside-washington`,
    frame: `${url}/embed/inside-washington`,
    'frame-sent': sent.url.replace('/s/', '/embed/'),
    list: `${url}/s`,
    'list-picked': `${url}/s?pick=inside-washington`,
    missing: `${url}/s/no-such-letter`,
    sent: sent.url,
    confirm: `${url}/confirm/${token}`,
    withdraw: mail?.links.find((link) => link.includes('/withdraw?')) ?? '',
    confirmed: `${url}/confirmed/${done.token}`,
    unknown: `${url}/confirm/unknown`,
    leave: leave(done.subscriberId),
    undo: undone.url,
    off: leave(gone.subscriberId),
    manage: manageUrl(url, ctx.keyring, done.subscriberId, ctx.clock.now()),
    'manage-left': manageUrl(url, ctx.keyring, gone.subscriberId, ctx.clock.now()),
    ask: `${url}/m`,
  };
}
