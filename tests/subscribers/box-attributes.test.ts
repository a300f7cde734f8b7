import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import { boxHtml, choiceHtml, choiceScriptHtml, frameHtml, scriptHtml } from '../../src/newsletters/embed.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { currentWordings } from '../../src/newsletters/wordings.ts';
import { answerSignUp } from '../../src/subscribers/answer-sign-up.ts';
import { confirm } from '../../src/subscribers/confirm.ts';
import { unsubscribe } from '../../src/subscribers/unsubscribe.ts';
import { accessibilityFaults, chromiumPath, openBrowser, scrollsSideways } from '../support/browser.ts';
import { openWashingtonPages, theBrief } from '../support/inside-washington.ts';
import { openPublisherSite, type PublisherSite } from '../support/publisher-site.ts';
import { look, press, readVisit, type Visit } from '../support/reader.ts';
import {
  askToJoin,
  confirmToken,
  mailsTo,
  sendDueLetters,
  subscribe,
  subscriptionOf,
} from '../support/sign-ups.ts';

// What a box may say beside its one newsletter: several to choose from, topics, the level of its headline.

const { web, washington } = await openWashingtonPages({
  sections: [
    { key: 'politics', label: { en: 'Politics', id: 'Politik' } },
    { key: 'world', label: { en: 'World', id: 'Dunia' } },
    { key: 'money', label: { en: 'Money', id: 'Uang' } },
  ],
});
let brief = await theBrief(web.ctx);

const choiceOf = async (newsletter: Newsletter, lang: string) => ({
  newsletter,
  wordings: await currentWordings(web.ctx.db, newsletter, lang),
});

const choiceBox = async (lang = 'en') =>
  choiceHtml([await choiceOf(washington, lang), await choiceOf(brief, lang)], lang, { baseUrl: web.url });

async function visit(html: string): Promise<Visit> {
  return readVisit(new Response(html), 'https://www.example.org/article');
}

async function post(form: Visit, fields: [string, string][]): Promise<Response> {
  const sent = form.forms[0];
  const said = new Set(fields.map(([name]) => name));
  const kept = Object.entries(sent?.fields ?? {}).filter(([name]) => !said.has(name));
  const body = new URLSearchParams([...kept, ...fields]);
  return fetch(sent?.action ?? '', { method: 'POST', body, redirect: 'manual' });
}

const signUpOf = (email: string) =>
  web.ctx.db
    .selectFrom('sign_ups')
    .selectAll()
    .where('email_key', '=', email)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();

describe('a box with several newsletters to choose from', () => {
  /** All hidden fields, as a browser sends them: `look` keeps one of a name. */
  const versions = async (lang: string): Promise<[string, string][]> =>
    [...(await choiceBox(lang)).matchAll(/name="consent_v" value="([^"]+)"/g)].map((one) => [
      'consent_v',
      one[1] ?? '',
    ]);

  it('ticks none, and asks for one confirmation of those that were ticked', async () => {
    const box = await visit(await choiceBox('id'));
    expect(box.forms[0]?.fields).not.toHaveProperty('newsletter');
    expect(box.text).toContain('Dapatkan email gratis The Brief');
    const answer = await post(box, [
      ...(await versions('id')),
      ['newsletter', 'inside-washington'],
      ['newsletter', 'the-brief'],
      ['email', 'both@example.com'],
    ]);
    expect(answer.status).toBe(303);
    const { id, newsletter_ids, wording_ids, lang, form } = await signUpOf('both@example.com');
    expect([newsletter_ids, lang, form]).toEqual([[washington.id, brief.id], 'id', 'article-box']);
    const shown = await Promise.all([washington, brief].map((one) => choiceOf(one, 'id')));
    expect(wording_ids).toEqual(shown.map((one) => one.wordings.newsletter.id));
    await answerSignUp(web.ctx, { signUpId: id });
    await sendDueLetters(web.ctx);
    const mails = await mailsTo(web.ctx, 'both@example.com');
    expect(mails.map((mail) => mail.subject)).toEqual(['Selesaikan pendaftaran email dari Example Media']);
  });

  it('shows the very words that are kept with each consent', async () => {
    for (const lang of ['en', 'id']) {
      const shown = (await choiceBox(lang)).replace(/<[^>]+>/g, '');
      for (const one of [washington, brief]) {
        const { newsletter, marketing } = (await choiceOf(one, lang)).wordings;
        for (const line of newsletter.text.split('\n')) expect(shown).toContain(line.replace(/^\[|\]$/g, ''));
        expect(shown).toContain(marketing.text);
      }
    }
  });

  it('keeps the words that it showed when they have changed since, and refuses words that nobody was shown', async () => {
    const pasted = await versions('en');
    const before = (await choiceOf(brief, 'en')).wordings;
    brief = await changeNewsletter(web.ctx, brief.id, { promise: { en: 'Six stories at noon.' } });
    const box = await visit(await choiceBox());
    const fields: [string, string][] = [
      ['newsletter', 'the-brief'],
      ['email', 'pasted@example.com'],
    ];
    await post({ ...box, forms: [{ action: `${web.url}/s`, fields: { lang: 'en' }, buttons: [] }] }, [
      ...pasted,
      ...fields,
    ]);
    expect((await signUpOf('pasted@example.com')).wording_ids).toEqual([before.newsletter.id]);
    const wrong = await fetch(`${web.url}/s`, {
      method: 'POST',
      body: new URLSearchParams([
        ['lang', 'en'],
        ...pasted.filter(([, version]) => !version.startsWith('the-brief')),
        ...fields,
      ]),
    });
    expect(wrong.status).toBe(422);
    expect(await wrong.text()).toContain('pasted@example.com');
  });
});

describe('a box about some topics', () => {
  const topicBox = async (topics: string[]) =>
    visit(boxHtml(washington, 'en', { baseUrl: web.url, topics, ...(await choiceOf(washington, 'en')) }));

  it('makes a subscription to those topics, which its reader sees before saying yes', async () => {
    const email = 'topical@example.com';
    const sent = await press(await topicBox(['politics', 'money']), { email });
    expect(sent.status).toBe(200);
    const { id, topics } = await signUpOf(email);
    expect(topics).toEqual(['politics', 'money']);
    await answerSignUp(web.ctx, { signUpId: id });
    await sendDueLetters(web.ctx);
    const token = await confirmToken(web.ctx, email);
    expect((await look(`${web.url}/confirm/${token}`)).text).toContain(
      'Inside Washington · Politics and Money',
    );
    const done = await confirm(web.ctx, { token, newsletterIds: [washington.id], marketing: false });
    if (done.kind !== 'confirmed') throw new Error(done.kind);
    const subscription = await subscriptionOf(web.ctx, done.subscriberId, washington.id);
    expect(subscription).toMatchObject({ state: 'active', topics: ['politics', 'money'] });
  });

  it.each([
    ['all of them', 'politics,world,money'],
    ['none that there is', 'sport,<script>'],
    ['nothing', ''],
  ])('asks for everything where it names %s', async (_, topics) => {
    const email = `all.${topics.length}@example.com`;
    await fetch(`${web.url}/s/inside-washington`, {
      method: 'POST',
      body: new URLSearchParams({ email, topics, lang: 'en' }),
    });
    expect((await signUpOf(email)).topics).toBeNull();
  });

  it('asks for everything where it names several newsletters', async () => {
    await askToJoin(web.ctx, 'several@example.com', {
      newsletters: ['inside-washington', 'the-brief'],
      topics: ['politics'],
    });
    const rows = await web.ctx.db
      .selectFrom('subscriptions as sc')
      .innerJoin('subscribers as s', 's.id', 'sc.subscriber_id')
      .select('sc.topics')
      .where('s.email_key', '=', 'several@example.com')
      .execute();
    expect(rows).toEqual([{ topics: null }, { topics: null }]);
  });

  it('says it anew with each form of who waits, and changes nothing of who has chosen', async () => {
    const email = 'anew@example.com';
    await askToJoin(web.ctx, email, { topics: ['politics'] });
    await sendDueLetters(web.ctx);
    web.ctx.clock.advance(11 * 60_000);
    const { subscriberId } = await subscribe(web.ctx, email, { topics: ['world'] });
    const topics = async () => (await subscriptionOf(web.ctx, subscriberId, washington.id))?.topics;
    expect(await topics()).toEqual(['world']);
    web.ctx.clock.advance(25 * 60 * 60_000);
    await askToJoin(web.ctx, email, { topics: ['money'] });
    expect(await topics()).toEqual(['world']);
    await unsubscribe(web.ctx, {
      subscriberId,
      newsletterId: washington.id,
      method: 'page',
      actor: 'reader',
    });
    web.ctx.clock.advance(25 * 60 * 60_000);
    await askToJoin(web.ctx, email, { topics: ['money'] });
    expect(await topics()).toEqual(['world']);
  });

  it('keeps them on every way: a slip of the pen, the frame, the hosted page', async () => {
    const doubt = await press(await topicBox(['world']), { email: 'rina@gmial.com' });
    expect(doubt.status).toBe(422);
    for (const form of doubt.forms) expect(form.fields.topics).toBe('world');
    const options = { baseUrl: web.url, topics: ['world'], ...(await choiceOf(washington, 'en')) };
    const src = /src="([^"]+)"/.exec(frameHtml(washington, 'en', options))?.[1]?.replaceAll('&amp;', '&');
    for (const address of [src ?? '', `${web.url}/s/inside-washington?topics=world`]) {
      expect((await look(address)).forms[0]?.fields.topics, address).toBe('world');
    }
  });
});

describe.skipIf(!chromiumPath)('<dateline-signup> on a publisher’s page', () => {
  let browser: Browser;
  let site: PublisherSite;

  beforeAll(async () => {
    browser = await openBrowser();
    site = await openPublisherSite(
      () => web.url,
      async (level, lang) => {
        const one = await choiceOf(washington, lang);
        if (level === 'choice') {
          return choiceScriptHtml([one, await choiceOf(brief, lang)], lang, { baseUrl: web.url });
        }
        const html = scriptHtml(washington, lang, { baseUrl: web.url, ...one });
        return html.replace(
          '<dateline-signup ',
          '<dateline-signup src="sidebar" topics="politics" heading-level="4" ',
        );
      },
    );
    for (const one of [washington, brief]) {
      await changeNewsletter(web.ctx, one.id, { allowed_origins: [site.url] });
    }
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  async function open(path: string, width = 768): Promise<Page> {
    const context = await browser.newContext({ viewport: { width, height: 900 } });
    const page = await context.newPage();
    await page.goto(`${site.url}/article/${path}`);
    await page.waitForFunction("customElements.get('dateline-signup')");
    return page;
  }

  it('lets a reader choose among newsletters in place, and says when nothing is chosen', async () => {
    const page = await open('choice/en', 320);
    await page.evaluate(
      `window.heard = []; for (const kind of ['error', 'accepted']) document.addEventListener('dateline:' + kind, (event) => window.heard.push(JSON.stringify(event.detail)))`,
    );
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await scrollsSideways(page)).toBe(false);
    await page.fill('input[name=email]', 'chooser@example.com');
    await page.keyboard.press('Enter');
    await page.getByText('Choose at least one newsletter.').last().waitFor();
    await page.getByLabel('Get the free The Brief email').check();
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.getByRole('heading', { name: 'Check your inbox' }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await page.evaluate('window.heard')).toEqual([
      '{"newsletter":"inside-washington,the-brief","code":"nothing_chosen"}',
      '{"newsletter":"inside-washington,the-brief"}',
    ]);
    expect((await signUpOf('chooser@example.com')).newsletter_ids).toEqual([brief.id]);
    await page.context().close();
  });

  it('takes its attributes: which form it is, about what, and the level of its headline', async () => {
    const page = await open('marked/id');
    expect(await page.getByRole('heading', { level: 4 }).textContent()).toContain('Inside Washington');
    expect(await page.locator('dateline-signup h2').count()).toBe(0);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.fill('input[name=email]', 'marked@example.com');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Periksa kotak masuk Anda', level: 4 }).waitFor();
    expect(await signUpOf('marked@example.com')).toMatchObject({
      form: 'sidebar',
      topics: ['politics'],
      lang: 'id',
    });
    await page.context().close();
  });

  it('leads to the page of several in its language where there is no form in it', async () => {
    const page = await open('choice/id');
    const href = await page.evaluate<string>(`(async () => {
      const bare = document.createElement('dateline-signup');
      bare.setAttribute('newsletters', 'inside-washington,the-brief');
      bare.lang = 'id';
      document.querySelector('main').append(bare);
      await new Promise((go) => setTimeout(go, 50));
      return bare.querySelector('a').href;
    })()`);
    expect(href).toBe(`${web.url}/s?lang=id&pick=inside-washington&pick=the-brief`);
    const html = await (await fetch(href)).text();
    expect(html.match(/name="newsletter"[^>]* checked/g)).toHaveLength(2);
    await page.context().close();
  });
});
