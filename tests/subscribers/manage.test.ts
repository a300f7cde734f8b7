import { describe, expect, it } from 'vitest';
import { answerSignUp } from '../../src/subscribers/answer-sign-up.ts';
import { consentsOf } from '../../src/subscribers/find.ts';
import { manageUrl } from '../../src/subscribers/links.ts';
import { openWashingtonPages } from '../support/inside-washington.ts';
import { look, press } from '../support/reader.ts';
import {
  askToJoin,
  eventsOf,
  mailsTo,
  sendDueLetters,
  subscribe,
  subscriptionOf,
} from '../support/sign-ups.ts';

const day = 24 * 60 * 60_000;

const { web, washington } = await openWashingtonPages();

describe("a reader's own page", () => {
  it('shows the address masked, saves once, and a second Save changes nothing', async () => {
    const { subscriberId, url } = await reader('rina@example.com');
    const page = await look(url);
    expect(page.text).toContain('For r•••@example.com');
    expect(page.text).not.toContain('rina@');
    const saved = await press(page, { language: 'id', marketing: 'yes', [`pause_${washington.id}`]: '14' });
    expect(saved.status).toBe(200);
    expect(saved.text).toContain('Tersimpan pukul 17.00 WIB.');
    const row = await subscriptionOf(web.ctx, subscriberId, washington.id);
    expect(row?.paused_until).toEqual(new Date(web.ctx.clock.now().getTime() + 14 * day));
    expect(await eventsOf(web.ctx, subscriberId)).toEqual([
      'signed_up',
      'confirmed',
      'language_changed',
      'paused',
      'marketing_given',
    ]);
    const [, marketing] = await consentsOf(web.ctx.db, subscriberId);
    expect(marketing).toMatchObject({
      purpose: 'marketing',
      method: 'preferences',
      wording: { text: 'Also send me offers and event news from Example Media by email (optional)' },
    });
    await press(saved);
    expect(await eventsOf(web.ctx, subscriberId)).toHaveLength(5);

    const resumed = await press(saved, { [`pause_${washington.id}`]: 'none' });
    expect((await eventsOf(web.ctx, subscriberId)).at(-1)).toBe('resumed');
    expect(resumed.text).toContain('Tanpa jeda');
  });

  it('says when it was saved, in the reader’s own zone, and no other time when it is loaded again', async () => {
    const { url } = await reader('saved.when@example.com');
    const saved = await press(await look(url), { time_zone: 'Asia/Makassar' });
    const said = /Saved at \d\d:\d\d WITA\./.exec(saved.text)?.[0];
    expect(said).toBeDefined();
    web.ctx.clock.advance(3 * 60_000);
    expect((await look(saved.url)).text).toContain(said);
    expect((await look(`${url}?saved=1`)).text).not.toContain('Saved');
  });

  it('answers in the language that the page was switched to, until another is chosen', async () => {
    const { url } = await reader('switched@example.com');
    const page = await look(`${url}?lang=id`);
    const fields = { ...page.forms[0]?.fields, language: 'en' };
    const at = new URL(page.forms[0]?.action ?? '', page.url).href;
    const send = (more: object) =>
      look(at, { method: 'POST', body: new URLSearchParams({ ...fields, ...more }) });
    expect((await send({})).text).toContain('Tersimpan pukul');
    expect((await send({ [`pause_${washington.id}`]: 'until' })).text).toContain('Ada yang perlu diperbaiki');
    await send({ language: 'id' });
    expect((await send({ language: 'en' })).text).toContain('Saved at');
  });

  it('leaves once when the button is pressed twice, with the way back all the same', async () => {
    const { subscriberId, url } = await reader('pressed.twice@example.com');
    const leave = () =>
      look(url, {
        method: 'POST',
        body: new URLSearchParams({ act: 'leave', newsletter: String(washington.id) }),
      });
    await leave();
    const twice = await leave();
    expect(twice.text).toContain('Done. No more Inside Washington.');
    await press(twice);
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('active');
    for (const newsletter of ['99999999999999999999', '-1.5', 'x', '']) {
      const answer = await look(url, {
        method: 'POST',
        body: new URLSearchParams({ act: 'leave', newsletter }),
      });
      expect({ newsletter, status: answer.status }).toEqual({ newsletter, status: 200 });
    }
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('active');
  });

  it('lets them leave and come back, each with its consent and its words', async () => {
    const { subscriberId, url } = await reader('back.and.forth@example.com');
    const page = await look(url);
    const fields = { ...page.forms[0]?.fields };
    delete fields[`newsletter_${washington.id}`];
    const left = await look(url, { method: 'POST', body: new URLSearchParams(fields) });
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('unsubscribed');
    expect(left.text).toContain('Get the free Inside Washington email');
    expect(left.text).toContain('Unsubscribe at any time.');
    await press(left, { [`newsletter_${washington.id}`]: 'yes' });
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('active');
    const consents = await consentsOf(web.ctx.db, subscriberId);
    expect(consents.map((one) => `${one.act} ${one.method}`)).toEqual([
      'given double-opt-in',
      'withdrawn preferences',
      'given preferences',
    ]);
    expect(consents[2]?.wording?.text).toContain('Get the free Inside Washington email');
  });

  it('brings nobody back by words that no page showed', async () => {
    const { subscriberId, url } = await reader('no.words@example.com');
    const fields = { ...(await look(url)).forms[0]?.fields };
    delete fields[`newsletter_${washington.id}`];
    await look(url, { method: 'POST', body: new URLSearchParams(fields) });
    const forged = { ...fields, [`newsletter_${washington.id}`]: 'yes', [`consent_v_${washington.id}`]: 'x' };
    await look(url, { method: 'POST', body: new URLSearchParams(forged) });
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('unsubscribed');
    expect((await consentsOf(web.ctx.db, subscriberId)).map((one) => one.act)).toEqual([
      'given',
      'withdrawn',
    ]);
  });

  it('stops everything with one button, and undoes it', async () => {
    const { subscriberId, url } = await reader('stop.all@example.com');
    const stopped = await press(await look(url), {}, (form) => form.fields.act === 'stop_all');
    expect(stopped.text).toContain('You get no more emails from Example Media.');
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('unsubscribed');
    await press(stopped, {}, (form) => form.fields.act === 'undo');
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('active');
  });

  it('ends after 60 days, and a wrong link opens nothing', async () => {
    const { url } = await reader('old.link@example.com');
    web.ctx.clock.advance(62 * day);
    const ended = await look(url);
    expect(ended.status).toBe(410);
    expect(ended.text).not.toContain('old.link');
    expect((await look(url, { method: 'POST', body: new URLSearchParams({ act: 'stop_all' }) })).status).toBe(
      410,
    );
    expect((await look(`${web.url}/m/1.zzz.wrong`)).status).toBe(404);
  });
});

describe('asking for the link', () => {
  it('answers alike for everyone, and writes only to readers, three times a day at most', async () => {
    await reader('known@example.com');
    await askToJoin(web.ctx, 'only.pending@example.com');
    const answers: string[] = [];
    for (const email of ['known@example.com', 'nobody@example.com', 'only.pending@example.com']) {
      const page = await press(await look(`${web.url}/m`), { email });
      answers.push(`${page.status} ${page.url} ${page.text}`);
    }
    expect(new Set(answers).size).toBe(1);
    const waiting = await web.ctx.db
      .selectFrom('sign_ups')
      .select('id')
      .where('asks', '=', 'manage')
      .where('state', '=', 'received')
      .orderBy('id')
      .execute();
    const outcomes: unknown[] = [];
    for (const { id } of waiting) outcomes.push(await answerSignUp(web.ctx, { signUpId: id }));
    expect(outcomes).toMatchObject([
      { kind: 'planned', outcome: 'everyday-link' },
      { kind: 'silent', outcome: 'unknown' },
      { kind: 'silent', outcome: 'unknown' },
    ]);
    await sendDueLetters(web.ctx);
    const mails = await mailsTo(web.ctx, 'known@example.com');
    const letter = mails.at(-1);
    expect(letter?.subject).toBe('Your link to manage Example Media emails');
    const link = letter?.links.find((one) => one.includes('/m/')) ?? '';
    expect((await look(link)).text).toContain('For k•••@example.com');
  });

  it('keeps what was typed when it is no address', async () => {
    const page = await press(await look(`${web.url}/m?lang=id`), { email: 'bukan alamat' });
    expect(page.status).toBe(422);
    expect(page.text).toContain('Masukkan alamat email');
    expect(page.forms[0]?.fields.email).toBe('bukan alamat');
  });
});

async function reader(email: string) {
  const { subscriberId } = await subscribe(web.ctx, email);
  return { subscriberId, url: manageUrl(web.url, web.ctx.keyring, subscriberId, web.ctx.clock.now()) };
}
