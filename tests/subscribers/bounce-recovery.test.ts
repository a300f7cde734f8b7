import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { answerSignUp } from '../../src/subscribers/answer-sign-up.ts';
import { consentsOf } from '../../src/subscribers/find.ts';
import { manageUrl } from '../../src/subscribers/links.ts';
import { mayMail } from '../../src/subscribers/may-mail.ts';
import { probeUndeliverable } from '../../src/subscribers/probe-undeliverable.ts';
import { type Bounce, recordBounce } from '../../src/subscribers/record-bounce.ts';
import { suppress } from '../../src/subscribers/suppress.ts';
import { accessibilityFaults, chromiumPath, openBrowser, scrollsSideways } from '../support/browser.ts';
import { look, press } from '../support/reader.ts';
import {
  askToJoin,
  confirmToken,
  eventsOf,
  mailsTo,
  seedInsideWashington,
  sendDueLetters,
  subscribe,
  subscriptionOf,
} from '../support/sign-ups.ts';
import { openTestWeb, type Web } from '../support/web.ts';

const day = 24 * 60 * 60_000;
const email = 'rina@example.com';

let web: Web;
let washington: Newsletter;
let subscriberId: number;
let page: string;
let bounced = 0;

beforeEach(async () => {
  web = await openTestWeb();
  washington = await seedInsideWashington(web.ctx);
  ({ subscriberId } = await subscribe(web.ctx, email));
  web.ctx.clock.advance(2 * day);
  page = manageUrl(web.url, web.ctx.keyring, subscriberId, web.ctx.clock.now());
});
afterEach(() => web.close());

function bounce(more: Partial<Bounce>) {
  bounced += 1;
  return web.ctx.db.transaction().execute((tx) =>
    recordBounce(tx, web.ctx.keyring, {
      subscriberId,
      source: 'smtp',
      sourceId: `test-${bounced}`,
      class: 'dead',
      code: 550,
      status: '5.1.1',
      textMasked: 'no such user',
      at: web.ctx.clock.now(),
      ...more,
    }),
  );
}

async function answerAll(): Promise<void> {
  const waiting = await web.ctx.db
    .selectFrom('sign_ups')
    .select('id')
    .where('state', '=', 'received')
    .execute();
  for (const { id } of waiting) await answerSignUp(web.ctx, { signUpId: id });
  await sendDueLetters(web.ctx);
}

const confirmations = async () =>
  (await mailsTo(web.ctx, email)).filter((mail) => mail.subject.startsWith('Finish'));

const may = async () =>
  (await mayMail(web.ctx.db, { subscriberId, newsletterId: washington.id, now: web.ctx.clock.now() })).kind;

describe('a reader whose mail came back', () => {
  it('R43 presses "Try again" on their own page, is sent a confirmation, and gets mail again by confirming', async () => {
    expect(await bounce({})).toEqual({ kind: 'suppressed', reason: 'hard' });
    expect(await may()).toBe('no');
    const shown = await look(page);
    expect(shown.text).toContain("We couldn't reach you");
    const looked = await confirmations();
    const tried = await press(shown, {}, (form) => form.fields.act === 'try_again');
    expect(tried.status).toBe(200);
    expect(tried.text).toContain('We are sending an email to this address.');
    await answerAll();
    expect(await confirmations()).toHaveLength(looked.length + 1);
    expect(await may()).toBe('no');
    const token = await confirmToken(web.ctx, email);
    const done = await press(await look(`${web.url}/confirm/${token}`));
    expect(done.text).toContain("You're in");
    expect(await may()).toBe('yes');
    expect((await look(page)).text).not.toContain("We couldn't reach you");
    expect((await eventsOf(web.ctx, subscriberId)).at(-1)).toBe('released');
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('active');
    const consents = await consentsOf(web.ctx.db, subscriberId);
    expect(consents.at(-1)?.wording?.text).toBe(consents[0]?.wording?.text);
  });

  it('R43 gets one letter however often they press, and is told the same', async () => {
    await bounce({});
    const before = (await confirmations()).length;
    const told = new Set<string>();
    for (let press_ = 0; press_ < 4; press_ += 1) {
      const tried = await press(await look(page), {}, (form) => form.fields.act === 'try_again');
      told.add(tried.text);
      await answerAll();
      web.ctx.clock.advance(60_000);
    }
    expect(told.size).toBe(1);
    expect(await confirmations()).toHaveLength(before + 1);
  });

  it('R43 changes nothing by looking, and a stranger’s form stays without effect for 30 days', async () => {
    await bounce({ class: 'disabled', status: '5.2.1' });
    web.ctx.clock.advance(8 * day);
    await bounce({ class: 'disabled', status: '5.2.1' });
    const before = (await confirmations()).length;
    await look(page);
    await askToJoin(web.ctx, email);
    await answerAll();
    expect(await confirmations()).toHaveLength(before);
    const page2 = manageUrl(web.url, web.ctx.keyring, subscriberId, web.ctx.clock.now());
    await press(await look(page2), {}, (form) => form.fields.act === 'try_again');
    await answerAll();
    expect(await confirmations()).toHaveLength(before + 1);
  });

  it.each(['complaint', 'never', 'manual'] as const)(
    'R43 who was stopped for "%s" has no such button, and a forged press sends nothing',
    async (reason) => {
      await bounce({});
      await suppress(web.ctx.db, web.ctx.keyring, {
        emailKey: email,
        subscriberId,
        reason,
        source: 'operator',
        at: web.ctx.clock.now(),
      });
      const before = (await mailsTo(web.ctx, email)).length;
      const shown = await look(page);
      expect(shown.text).toContain('write to desk@news.example.org');
      expect(shown.forms.some((form) => form.fields.act === 'try_again')).toBe(false);
      await fetch(page, { method: 'POST', body: new URLSearchParams({ act: 'try_again' }) });
      await askToJoin(web.ctx, email);
      await fetch(`${web.url}/m`, { method: 'POST', body: new URLSearchParams({ email }) });
      web.ctx.clock.advance(40 * day);
      await askToJoin(web.ctx, email);
      await answerAll();
      expect(await mailsTo(web.ctx, email)).toHaveLength(before);
    },
  );
});

it.skipIf(!chromiumPath)(
  'R9 the page that says so has no fault that axe can see',
  async () => {
    await bounce({});
    const browser = await openBrowser();
    const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
    const open = await context.newPage();
    for (const lang of ['en', 'id']) {
      await open.goto(`${page}?lang=${lang}`);
      await open.getByRole('button', { name: lang === 'en' ? 'Try again' : 'Coba lagi' }).waitFor();
      expect(await accessibilityFaults(open)).toEqual([]);
      expect(await scrollsSideways(open)).toBe(false);
    }
    await browser.close();
  },
  60_000,
);

describe('a mailbox that was full for weeks', () => {
  it('is probed by the next edition after 14 days, and once more 30 days after that failed', async () => {
    const full = async (editionId: number) =>
      bounce({ class: 'full', code: 452, status: '4.2.2', editionId });
    await full(1);
    web.ctx.clock.advance(8 * day);
    await full(2);
    web.ctx.clock.advance(8 * day);
    expect(await full(3)).toEqual({ kind: 'suppressed', reason: 'soft' });
    expect(await may()).toBe('no');
    expect((await look(page)).forms.some((form) => form.fields.act === 'try_again')).toBe(true);

    web.ctx.clock.advance(13 * day);
    expect(await probeUndeliverable(web.ctx)).toBe(0);
    web.ctx.clock.advance(day);
    expect(await probeUndeliverable(web.ctx)).toBe(1);
    expect(await probeUndeliverable(web.ctx)).toBe(0);
    expect(await may()).toBe('yes');

    web.ctx.clock.advance(day);
    expect(await full(4)).toEqual({ kind: 'suppressed', reason: 'soft' });
    web.ctx.clock.advance(29 * day);
    expect(await probeUndeliverable(web.ctx)).toBe(0);
    web.ctx.clock.advance(day);
    expect(await probeUndeliverable(web.ctx)).toBe(1);
    await full(5);
    web.ctx.clock.advance(100 * day);
    expect(await probeUndeliverable(web.ctx)).toBe(0);
    expect(await may()).toBe('no');
  });
});
