import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askEmailChange } from '../../src/subscribers/ask-email-change.ts';
import { askForAccountLink } from '../../src/subscribers/ask-for-account-link.ts';
import { manageUrl } from '../../src/subscribers/links.ts';
import {
  accessibilityFaults,
  chromiumPath,
  cutTexts,
  openBrowser,
  scrollsSideways,
} from '../support/browser.ts';
import { mailsTo, seedInsideWashington, sendDueLetters, subscribe } from '../support/sign-ups.ts';
import { openTestWeb, type Web } from '../support/web.ts';

let web: Web;
let browser: Browser;

describe.skipIf(!chromiumPath)('the preference centre and the account in a browser', () => {
  beforeAll(async () => {
    web = await openTestWeb();
    await seedInsideWashington(web.ctx, {
      sections: [
        { key: 'politics', label: { en: 'Politics', id: 'Politik' } },
        { key: 'world', label: { en: 'World and elsewhere', id: 'Dunia dan di tempat lain' } },
      ],
    });
    browser = await openBrowser();
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
      await visitAll(context, `axe.${lang}@example.com`, lang, async (page, name) => {
        expect(await accessibilityFaults(page), name).toEqual([]);
      });
      await context.close();
    },
    120_000,
  );

  it.each([
    ['en', 'Asia/Makassar', 'Use Asia/Makassar, the zone of this device'],
    ['id', 'America/New_York', 'Pakai America/New York, zona waktu perangkat ini'],
    // A name that is not in the list, as newer browsers have some.
    ['en', 'UTC', 'Use UTC, the zone of this device'],
  ] as const)(
    'offers the zone of the device (%s), and keeps it only when it is saved',
    async (lang, zone, words) => {
      const { subscriberId } = await subscribe(web.ctx, `${zone.replace('/', '.')}@example.com`, { lang });
      const kept = async () =>
        (
          await web.ctx.db
            .selectFrom('subscribers')
            .select('time_zone')
            .where('id', '=', subscriberId)
            .executeTakeFirstOrThrow()
        ).time_zone;
      const context = await browser.newContext({ timezoneId: zone, viewport: { width: 320, height: 640 } });
      const page = await context.newPage();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
      await page.goto(manageUrl(web.url, web.ctx.keyring, subscriberId, web.ctx.clock.now()));
      const offer = page.getByRole('button', { name: words });
      await offer.waitFor();
      expect(await page.locator('#time-zone').inputValue()).toBe('');
      expect(await accessibilityFaults(page)).toEqual([]);
      await offer.click();
      expect(await page.locator('#time-zone').inputValue()).toBe(zone);
      expect(await page.evaluate('document.activeElement.id')).toBe('time-zone');
      expect(await offer.isVisible()).toBe(false);
      expect(asked.filter((one) => one.startsWith('POST'))).toEqual([]);
      expect([await kept(), await page.context().cookies()]).toEqual([null, []]);
      await page.locator('form:has(#time-zone) button[type=submit]').click();
      await page.locator('.status.good').waitFor();
      expect(await kept()).toBe(zone);
      // What is chosen already is not offered.
      await page.waitForTimeout(200);
      expect(await offer.isVisible()).toBe(false);
      await context.close();
    },
  );

  it('offers no zone, and leaves no empty button, where no script runs', async () => {
    const { subscriberId } = await subscribe(web.ctx, 'zone.none@example.com');
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(manageUrl(web.url, web.ctx.keyring, subscriberId, web.ctx.clock.now()));
    expect(await page.locator('[data-zone-offer]').isVisible()).toBe(false);
    expect(await page.locator('#time-zone option').count()).toBeGreaterThan(300);
    await context.close();
  });

  it.each(['en', 'id'])(
    'R11 never scroll sideways at 320 px with text twice as large (%s)',
    async (lang) => {
      const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
      await visitAll(context, `narrow.${lang}@example.com`, lang, async (page, name) => {
        await page.evaluate("document.documentElement.style.fontSize = '200%'");
        expect(await scrollsSideways(page), name).toBe(false);
        expect(await cutTexts(page), name).toEqual([]);
      });
      await context.close();
    },
    120_000,
  );

  it('R2 lead a reader without scripts from the everyday page to erasure', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    context.setDefaultTimeout(8_000);
    const page = await context.newPage();
    const email = 'without.scripts@example.com';
    const { subscriberId } = await subscribe(web.ctx, email);
    await page.goto(manageUrl(web.url, web.ctx.keyring, subscriberId, web.ctx.clock.now()));
    await page.getByRole('button', { name: 'Erase your data' }).click();
    await page.getByText('a link is on its way there').waitFor();
    await sendDueLetters(web.ctx);
    await page.goto(await linkTo(email, 'account'));
    await page.getByRole('button', { name: 'Open my account' }).click();
    await page.getByText(email).waitFor();
    expect(new URL(page.url()).hash).toBe('#erase');
    // The language that they switch to stays theirs to the end, though by then nothing is known of them.
    await page.getByRole('link', { name: 'Bahasa Indonesia' }).click();
    await page.getByRole('button', { name: 'Kirimi saya data saya' }).click();
    await page.getByText('Data Anda sedang disusun.').waitFor();
    await page.getByLabel('Lupakan juga bahwa saya tidak ingin dikirimi email').check();
    await page.getByRole('button', { name: 'Hapus data saya' }).click();
    await page.getByRole('heading', { name: 'Data Anda sudah dihapus' }).waitFor();
    await context.close();
  });
});

/** Opens every page of the account, in its language, and lets `check` look at it. */
async function visitAll(
  context: BrowserContext,
  email: string,
  lang: string,
  check: (page: Page, name: string) => Promise<void>,
): Promise<void> {
  const { ctx, url } = web;
  const { subscriberId } = await subscribe(ctx, email, { lang });
  await askForAccountLink(ctx, { subscriberId, act: 'data' });
  await askEmailChange(ctx, { subscriberId, email: `new.${email}` });
  await sendDueLetters(ctx);
  const page = await context.newPage();
  const visit = async (name: string, address: string) => {
    await page.goto(address);
    expect(await page.locator('html').getAttribute('lang'), name).toBe(lang);
    await check(page, name);
  };
  await visit('manage', `${manageUrl(url, ctx.keyring, subscriberId, ctx.clock.now())}?lang=${lang}`);
  await visit('change', await linkTo(`new.${email}`, 'change'));
  await visit('stop', await linkTo(email, 'stop'));
  await visit('open', await linkTo(email, 'account'));
  await page.locator('main form button').click();
  await check(page, 'account');
  await page.goto(`${url}/m/account?asked=data`);
  await check(page, 'asked');
  await page.locator('#new-email').fill(`new.${email}`);
  await page.locator('#data button').click();
  await page.goto(`${url}/m/account?lang=${lang}`);
  await page.locator('#email form').evaluate((form: { noValidate: boolean }) => {
    form.noValidate = true;
  });
  await page.locator('#new-email').fill('no address');
  await page.locator('#email button').click();
  await page.locator('.error-summary').waitFor();
  await check(page, 'wrong');
}

async function linkTo(email: string, kind: string): Promise<string> {
  const mails = await mailsTo(web.ctx, email);
  const links = mails.flatMap((mail) =>
    mail.links.filter((link) => new URL(link).pathname.endsWith(`/${kind}`)),
  );
  const link = links.at(-1);
  if (!link) throw new Error(`no link to ${kind} reached ${email}`);
  return link;
}
