import { beforeEach, describe, expect, it } from 'vitest';
import { personalData } from '../../src/insight/personal-data.ts';
import { askEmailChange } from '../../src/subscribers/ask-email-change.ts';
import { changeEmail } from '../../src/subscribers/change-email.ts';
import { changeRhythm } from '../../src/subscribers/change-rhythm.ts';
import { confirm } from '../../src/subscribers/confirm.ts';
import { erase } from '../../src/subscribers/erase.ts';
import { consentsOf } from '../../src/subscribers/find.ts';
import { historyOf } from '../../src/subscribers/history.ts';
import { manageUrl, unsubscribeUrl } from '../../src/subscribers/links.ts';
import { oneClick } from '../../src/subscribers/one-click.ts';
import { unsubscribe } from '../../src/subscribers/unsubscribe.ts';
import { openWashingtonPages, theBrief } from '../support/inside-washington.ts';
import type { ReadMail } from '../support/mailbox.ts';
import { look, press } from '../support/reader.ts';
import { seedReadyEdition } from '../support/seed.ts';
import { asWorker, begin, countsOf, deliverFree } from '../support/sending.ts';
import {
  askToJoin,
  confirmToken,
  mailsTo,
  sendDueLetters,
  subscribe,
  subscriptionOf,
} from '../support/sign-ups.ts';

// A reader takes an address that is another reader's, and its mailbox says yes: the two become one, who gets what either got,
// once. Whoever has the old address may stop it for 72 hours, and they are two again.

const hour = 60 * 60_000;
let nth = 0;
let old = '';
let fresh = '';

const { web, washington } = await openWashingtonPages();
await asWorker(web.ctx);
const more = { promise: { en: 'News.' }, languages: ['en'] };
const brief = await theBrief(web.ctx, more);
const world = await theBrief(web.ctx, { ...more, slug: 'the-world', name: 'The World' });
beforeEach(() => {
  nth += 1;
  old = `old.${nth}@example.com`;
  fresh = `fresh.${nth}@example.net`;
});

interface Two {
  from: number;
  into: number;
}

/** Rina with her old address, and with another that she had signed up before. */
async function twoReaders(
  fromSlugs: readonly string[] = ['inside-washington', 'the-brief'],
  intoSlugs: readonly string[] = ['inside-washington', 'the-world'],
  marketing: { from?: boolean; into?: boolean } = {},
): Promise<Two> {
  const { subscriberId: from } = await subscribe(web.ctx, old, {
    newsletters: fromSlugs,
    marketing: marketing.from ?? false,
  });
  const { subscriberId: into } = await subscribe(web.ctx, fresh, {
    newsletters: intoSlugs,
    marketing: marketing.into ?? false,
  });
  return { from, into };
}

function linkIn(mail: ReadMail | undefined, act: string): string {
  const link = mail?.links.find((one) => one.includes(`/${act}?`));
  if (!link) throw new Error(`no link to ${act}: ${mail?.subject}`);
  return link;
}

async function newest(email: string): Promise<ReadMail | undefined> {
  return (await mailsTo(web.ctx, email)).at(-1);
}

/** Asks, and gives the links that the two mailboxes got. */
async function ask(from: number): Promise<{ accept: string; stop: string }> {
  expect(await askEmailChange(web.ctx, { subscriberId: from, email: fresh })).toEqual({ kind: 'asked' });
  await sendDueLetters(web.ctx);
  return { accept: linkIn(await newest(fresh), 'change'), stop: linkIn(await newest(old), 'stop') };
}

async function merged(two: Two): Promise<{ accept: string; stop: string }> {
  const links = await ask(two.from);
  expect((await press(await look(links.accept))).text).toContain('Your address is changed');
  return links;
}

const personOf = (id: number) =>
  web.ctx.db.selectFrom('subscribers').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

async function states(id: number): Promise<Record<string, string>> {
  const rows = await web.ctx.db
    .selectFrom('subscriptions as sc')
    .innerJoin('newsletters as n', 'n.id', 'sc.newsletter_id')
    .select(['n.slug', 'sc.state'])
    .where('sc.subscriber_id', '=', id)
    .execute();
  return Object.fromEntries(rows.map((row) => [row.slug, row.state]));
}

describe('two readers who become one', () => {
  it('are asked alike, and told before they press', async () => {
    const { from } = await twoReaders();
    const { accept } = await ask(from);
    const page = await look(accept);
    expect(page.text).toContain('This address gets our emails already');
    expect(page.text).not.toContain('old.');
    await look(accept);
    expect((await personOf(from)).email).toBe(old);
  });

  it('get what either got, as the one who moved had chosen it, and each consent is found', async () => {
    const two = await twoReaders();
    await changeRhythm(web.ctx, {
      subscriberId: two.from,
      newsletterId: washington.id,
      rhythm: { frequency: 'weekly', weeklyDay: 5, hour: 8 },
      actor: 'reader',
    });
    const before = [...(await consentsOf(web.ctx.db, two.from)), ...(await consentsOf(web.ctx.db, two.into))];
    const { accept } = await merged(two);
    expect(await personOf(two.into)).toMatchObject({ email: fresh, merged_into: null });
    expect(await personOf(two.from)).toMatchObject({ email: null, email_key: null, merged_into: two.into });
    expect(await states(two.into)).toEqual({
      'inside-washington': 'active',
      'the-brief': 'active',
      'the-world': 'active',
    });
    expect(await states(two.from)).toEqual({ 'inside-washington': 'unsubscribed' });
    expect(await subscriptionOf(web.ctx, two.into, washington.id)).toMatchObject({
      frequency: 'weekly',
      weekly_day: 5,
      hour: 8,
    });
    const after = await consentsOf(web.ctx.db, two.into);
    for (const one of before) expect(after).toContainEqual(one);
    const given = after.filter((one) => one.method === 'address-change');
    expect(given.map((one) => [one.newsletterId, one.act])).toEqual([[brief.id, 'given']]);
    expect(given[0]?.wording?.text).toContain('The Brief');
    const data = await personalData(web.ctx.db, two.into);
    expect(data?.consents).toHaveLength(after.length);
    expect((await historyOf(web.ctx.db, two.into)).some((one) => one.kind === 'merged')).toBe(true);
    // A second press changes nothing.
    const events = async () => (await historyOf(web.ctx.db, two.into)).length;
    const known = await events();
    expect((await look(accept, { method: 'POST' })).text).toContain('Your address is changed');
    expect(await events()).toBe(known);
  });

  it.each([
    ['both of them', ['inside-washington'], '2026-07-14'],
    ['only the one who moves', ['the-world'], '2026-07-15'],
  ])('get an edition that is under way once, when it was meant for %s', async (_, intoSlugs, slotDate) => {
    const two = await twoReaders(['inside-washington'], intoSlugs);
    const editionId = await seedReadyEdition(web.ctx.db, {
      newsletterId: washington.id,
      at: web.ctx.clock.now(),
      slotDate,
      languages: ['en', 'id'],
    });
    const { rows } = await web.ctx.database.pool.query(
      `select count(*)::int as n from subscriptions where newsletter_id = $1 and state = 'active' and frequency = 'each'`,
      [washington.id],
    );
    const links = await ask(two.from);
    await begin(web.ctx, editionId, rows[0].n);
    await press(await look(links.accept));
    await deliverFree(web.ctx, editionId);
    // What the end of the send has planned for whom they became.
    await deliverFree(web.ctx, editionId);
    const digests = async (email: string) =>
      (await mailsTo(web.ctx, email)).filter((mail) => mail.headers.has('list')).length;
    expect([await digests(old), await digests(fresh)]).toEqual([0, 1]);
    const counts = await countsOf(web.ctx, editionId);
    expect(counts.skipped).toBeGreaterThanOrEqual(1);
    const { planned, ...rest } = counts;
    expect(Object.values(rest).reduce((sum, one) => sum + one, 0)).toBe(planned);
  });

  it('may leave by every link of every old mail', async () => {
    const two = await twoReaders();
    const leave = unsubscribeUrl(web.url, web.ctx.keyring, {
      subscriberId: two.from,
      newsletterId: washington.id,
    });
    const manage = manageUrl(web.url, web.ctx.keyring, two.from, web.ctx.clock.now());
    await merged(two);
    expect((await look(manage)).text).toContain('f•••@example.net');
    expect((await look(leave)).text).toContain('Stop getting Inside Washington?');
    const token = leave.split('/u/')[1]?.split('?')[0] ?? '';
    expect(await oneClick(web.ctx, token)).toEqual({ kind: 'done' });
    expect((await states(two.into))['inside-washington']).toBe('unsubscribed');
  });

  it('keep a letter that waits: its link confirms for the one', async () => {
    const two = await twoReaders(['inside-washington'], ['the-world']);
    web.ctx.clock.advance(hour);
    await askToJoin(web.ctx, old, { newsletters: ['the-brief'] });
    await sendDueLetters(web.ctx);
    const token = await confirmToken(web.ctx, old);
    await merged(two);
    expect(await confirm(web.ctx, { token, newsletterIds: [brief.id], marketing: false })).toMatchObject({
      kind: 'confirmed',
      subscriberId: two.into,
    });
    expect((await states(two.into))['the-brief']).toBe('active');
  });

  it.each([
    ['the one who moves', { from: true }, true],
    ['the one who stays', { into: true }, false],
  ])('want offers only if the last word of either was yes: %s ticked', async (_, marketing, wanted) => {
    const two = await twoReaders(undefined, undefined, marketing);
    if (!wanted) {
      // The other one says no afterwards.
      await web.ctx.db
        .updateTable('subscribers')
        .set({ marketing_since: web.ctx.clock.now() })
        .where('id', '=', two.from)
        .execute();
      web.ctx.clock.advance(1_000);
      await unsubscribe(web.ctx, {
        subscriberId: two.from,
        newsletterId: 'all',
        method: 'preferences',
        actor: 'reader',
      });
    }
    await merged(two);
    expect((await personOf(two.into)).marketing_since !== null).toBe(wanted);
  });

  it('never lose one to the other’s leaving: what only one has left goes on', async () => {
    const two = await twoReaders(['inside-washington', 'the-brief'], ['inside-washington', 'the-brief']);
    for (const [subscriberId, newsletterId] of [
      [two.from, washington.id],
      [two.into, brief.id],
    ] as const) {
      await unsubscribe(web.ctx, { subscriberId, newsletterId, method: 'page', actor: 'reader' });
    }
    await merged(two);
    expect(await states(two.into)).toEqual({ 'inside-washington': 'active', 'the-brief': 'active' });
  });

  it('are two again when the old address stops it, as they were, but for what was done since', async () => {
    const two = await twoReaders(undefined, undefined, { from: true });
    await changeRhythm(web.ctx, {
      subscriberId: two.from,
      newsletterId: washington.id,
      rhythm: { frequency: 'weekly', weeklyDay: 5, hour: 8 },
      actor: 'reader',
    });
    const rows = () =>
      web.ctx.db
        .selectFrom('subscriptions')
        .selectAll()
        .where('subscriber_id', 'in', [two.from, two.into])
        .orderBy('id')
        .execute();
    const people = async () => [await personOf(two.from), await personOf(two.into)];
    const [before, were] = [await rows(), await people()];
    const { stop, accept } = await merged(two);
    expect(await rows()).not.toEqual(before);
    await unsubscribe(web.ctx, {
      subscriberId: two.into,
      newsletterId: world.id,
      method: 'page',
      actor: 'reader',
    });
    web.ctx.clock.advance(70 * hour);
    expect((await press(await look(stop))).text).toContain('The change is stopped');
    expect(await people()).toEqual(were);
    const after = await rows();
    const left = before.map((row) => row.newsletter_id === world.id);
    expect(after.filter((_, at) => !left[at])).toEqual(before.filter((_, at) => !left[at]));
    expect((await states(two.into))['the-world']).toBe('unsubscribed');
    const last = (id: number) =>
      consentsOf(web.ctx.db, two.into).then(
        (all) => all.filter((one) => one.newsletterId === id).at(-1)?.act,
      );
    expect(await last(brief.id)).toBe('withdrawn');
    expect((await look(stop)).status).toBe(410);
    expect((await look(accept, { method: 'POST' })).status).toBe(410);
  });

  it('are made one by one of two that come at once, in whatever order', async () => {
    const two = await twoReaders();
    await ask(two.from);
    const { id } = await web.ctx.db
      .selectFrom('email_changes')
      .select('id')
      .where('subscriber_id', '=', two.from)
      .executeTakeFirstOrThrow();
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => changeEmail(web.ctx, id)));
    expect(new Set(outcomes.map((one) => one.kind))).toEqual(new Set(['done']));
    const joined = (await historyOf(web.ctx.db, two.into)).filter((one) => one.kind === 'email_changed');
    expect(joined).toHaveLength(1);
  });

  it('leave nothing of either when the one is erased', async () => {
    const two = await twoReaders();
    await merged(two);
    await erase(web.ctx, { subscriberId: two.into, actor: 'reader' });
    const { rows } = await web.ctx.database.pool.query(
      `select count(*)::int as n from consents where subscriber_id = any($1) and email_masked is not null`,
      [[two.from, two.into]],
    );
    expect(rows).toEqual([{ n: 0 }]);
    await web.ctx.db.updateTable('sign_ups').set({ email: null, email_key: null }).execute();
    const dump = await web.ctx.db.selectFrom('subscribers').selectAll().execute();
    expect(JSON.stringify(dump)).not.toContain(`.${nth}@example`);
  });
});
