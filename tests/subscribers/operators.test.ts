import { describe, expect, it } from 'vitest';
import { createKey } from '../../src/access/create-key.ts';
import { createNewsletter } from '../../src/newsletters/create.ts';
import { addSubscriber } from '../../src/subscribers/add.ts';
import { answerSignUp } from '../../src/subscribers/answer-sign-up.ts';
import { subscribersCommands } from '../../src/subscribers/commands.ts';
import { erase } from '../../src/subscribers/erase.ts';
import { consentsOf } from '../../src/subscribers/find.ts';
import { undoUnsubscribe } from '../../src/subscribers/undo-unsubscribe.ts';
import { unsubscribe } from '../../src/subscribers/unsubscribe.ts';
import { openWashingtonPages } from '../support/inside-washington.ts';
import { runCommand } from '../support/shell.ts';
import {
  askToJoin,
  eventsOf,
  mailsTo,
  sendDueLetters,
  subscribe,
  subscriptionOf,
} from '../support/sign-ups.ts';

const evidence = 'Signed the paper list at the Jakarta fair on 3 July 2026';

const { web, washington } = await openWashingtonPages();
const key = await newKey({});

describe('adding a reader by hand', () => {
  it('with evidence makes them active at once and keeps the evidence with the consent, once', async () => {
    const { ctx } = web;
    const addition = {
      email: 'Paper@example.com',
      newsletter: washington,
      confirm: 'already' as const,
      evidence: `${evidence}, told by ana@example.org`,
      actor: 'cli',
    };
    const added = await addSubscriber(ctx, addition);
    const id = added.kind === 'added' ? added.subscriberId : 0;
    expect(added.kind).toBe('added');
    expect(await addSubscriber(ctx, addition)).toEqual({ kind: 'kept', subscriberId: id });
    expect((await subscriptionOf(ctx, id, washington.id))?.state).toBe('active');
    const [consent, more] = await consentsOf(ctx.db, id);
    expect(more).toBeUndefined();
    expect(consent).toMatchObject({ method: 'operator', evidence: `${evidence}, told by a•••@example.org` });
    expect(await eventsOf(ctx, id)).toEqual(['added']);
  });

  it('without evidence, for a suppressed address, a wrong one or an archived newsletter is refused in words', async () => {
    const { ctx } = web;
    const addition = { newsletter: washington, confirm: 'already' as const, actor: 'cli' };
    await expect(addSubscriber(ctx, { ...addition, email: 'x@example.com' })).rejects.toMatchObject({
      status: 422,
      code: 'evidence_missing',
    });
    const newsletter = { ...washington, state: 'archived' as const };
    await expect(
      addSubscriber(ctx, { ...addition, newsletter, email: 'x@example.com' }),
    ).rejects.toMatchObject({
      code: 'wrong_state',
    });
    await expect(addSubscriber(ctx, { ...addition, email: 'x@' })).rejects.toMatchObject({
      code: 'invalid_email',
    });
    await expect(
      addSubscriber(ctx, { ...addition, email: 'x@example.com', language: 'de' }),
    ).rejects.toMatchObject({ code: 'invalid_language' });
    await command(['suppression', 'add', 'stop@example.com', '--note', 'asked by phone']);
    await expect(
      addSubscriber(ctx, { ...addition, email: 'STOP@example.com', evidence }),
    ).rejects.toMatchObject({ status: 409, code: 'suppressed' });
  });

  it('does not bring back someone who has left', async () => {
    const { subscriberId } = await subscribe(web.ctx, 'left.before@example.com');
    await command(['subscriber', 'unsubscribe', 'left.before@example.com']);
    const again = await addSubscriber(web.ctx, {
      email: 'left.before@example.com',
      newsletter: washington,
      confirm: 'already',
      evidence,
      actor: 'cli',
    });
    expect(again).toEqual({ kind: 'kept', subscriberId });
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('unsubscribed');
  });

  it('asked to confirm they get the letter that everyone gets', async () => {
    const asked = await addSubscriber(web.ctx, {
      email: 'asked@example.com',
      newsletter: washington,
      language: 'id',
      confirm: 'send',
      actor: 'cli',
    });
    if (asked.kind !== 'asked') throw new Error(asked.kind);
    await answerSignUp(web.ctx, { signUpId: asked.signUpId });
    await sendDueLetters(web.ctx);
    const mails = await mailsTo(web.ctx, 'asked@example.com');
    expect(mails.map((mail) => mail.subject)).toEqual(['Selesaikan pendaftaran Inside Washington']);
  });
});

describe('erasing', () => {
  it('sends one last letter, leaves no trace of the address, and keeps nobody from counting', async () => {
    const { ctx } = web;
    const { subscriberId } = await subscribe(ctx, 'erase.me@example.com', { marketing: true });
    // As a server's answer to one of their letters is kept.
    await ctx.db
      .updateTable('letters')
      .set({ text_masked: '550 no e•••@example.com' })
      .where('kind', '=', 'welcome')
      .where('about', '=', (await subscriptionOf(ctx, subscriberId, washington.id))?.id ?? 0)
      .execute();
    expect(await erase(ctx, { subscriberId, actor: 'cli' })).toEqual({ kind: 'erased' });
    expect(await erase(ctx, { subscriberId, actor: 'cli' })).toEqual({ kind: 'already' });
    expect(await erase(ctx, { subscriberId: 5_000_000, actor: 'cli' })).toEqual({ kind: 'unknown' });
    const mails = await mailsTo(ctx, 'erase.me@example.com');
    expect(mails.at(-1)?.subject).toBe('Example Media has erased your details');
    expect(await dump()).not.toMatch(/erase\.me|e•••@example\.com/);
    const consents = await consentsOf(ctx.db, subscriberId);
    expect(consents.map((one) => one.act)).toEqual(['given', 'given', 'withdrawn', 'withdrawn']);
    expect(consents[0]?.wording?.text).toContain('Inside Washington');
    expect(consents.every((one) => one.pageUrl === undefined && one.ipNet === undefined)).toBe(true);
    expect(await eventsOf(ctx, subscriberId)).toContain('erased');

    expect(await askToJoin(ctx, 'Erase.Me@example.com')).toMatchObject({
      kind: 'silent',
      outcome: 'suppressed',
    });
  });

  it('is not undone by the undo of an earlier leaving', async () => {
    const { ctx } = web;
    const { subscriberId } = await subscribe(ctx, 'left.first@example.com');
    const left = await unsubscribe(ctx, {
      subscriberId,
      newsletterId: 'all',
      method: 'page',
      actor: 'reader',
    });
    if (left.kind !== 'unsubscribed') throw new Error(left.kind);
    await erase(ctx, { subscriberId, actor: 'cli' });
    const events = { firstEventId: Math.min(...left.eventIds), lastEventId: Math.max(...left.eventIds) };
    expect(await undoUnsubscribe(ctx, { subscriberId, ...events })).toEqual({ restored: 0 });
    expect((await subscriptionOf(ctx, subscriberId, washington.id))?.state).toBe('unsubscribed');
  });

  it('forgets even the refusal when asked to', async () => {
    const { ctx } = web;
    const { subscriberId } = await subscribe(ctx, 'forget.all@example.com');
    await erase(ctx, { subscriberId, actor: 'cli', forgetRefusal: true });
    ctx.clock.advance(24 * 60 * 60_000);
    expect(await askToJoin(ctx, 'forget.all@example.com')).toMatchObject({ outcome: 'confirmation' });
  });
});

describe('commands', () => {
  it('list, search and show people, and tell what they agreed to', async () => {
    await subscribe(web.ctx, 'shown@lists.example', { marketing: true });
    const found = await command(['subscriber', 'search', '@lists.example']);
    expect(found.document.data).toMatchObject([{ email: 'shown@lists.example', mail_state: 'ok' }]);
    const list = await command(
      ['subscriber', 'list', '--status', 'active', '--limit', '3'],
      'inside-washington',
    );
    expect(list.document.data.length).toBeLessThanOrEqual(3);
    const shown = await command(['subscriber', 'show', 'SHOWN@lists.example']);
    expect(shown.lines).toContain('inside-washington');
    expect(shown.lines).toContain(
      'marketing given (double-opt-in) on https://www.example.org/politics/story',
    );
    expect(shown.document.subscriptions).toMatchObject([{ status: 'active' }]);
    expect((await command(['subscriber', 'show', 'nobody@example.com'])).exit).toBe(4);
    expect((await command(['subscriber', 'list', '--after', '12'])).exit).toBe(2);
  });

  it('suppress and release, each once', async () => {
    const first = await command(['suppression', 'add', 'loud@example.com', '--reason', 'never']);
    const again = await command(['suppression', 'add', 'LOUD@example.com', '--reason', 'never']);
    expect([first.document.made, again.document.made]).toEqual([true, false]);
    const listed = await command(['suppression', 'list', '--email', 'loud@example.com']);
    expect(listed.document.data).toMatchObject([{ id: first.document.id, reason: 'never' }]);
    expect(JSON.stringify(listed.document)).not.toContain('loud@');
    const release = ['suppression', 'release', first.document.id, '--reason'];
    expect((await command([...release, 'oops'])).exit).toBe(2);
    expect((await command([...release, 'They wrote and asked us to'])).exit).toBe(0);
    expect((await command([...release, 'They wrote and asked us to'])).exit).toBe(4);
  });

  it('erase asks for one person', async () => {
    await subscribe(web.ctx, 'by.command@example.com');
    expect((await command(['subscriber', 'erase', 'by.command@example.com'])).lines).toBe('Erased.');
    expect((await command(['subscriber', 'erase', 'by.command@example.com'])).exit).toBe(4);
  });
});

describe('the API', () => {
  it('adds, finds by id or address, changes, ends and erases', async () => {
    const added = await api('POST', '/v1/subscribers', {
      email: 'by.api@example.com',
      newsletter: 'inside-washington',
      confirm: 'already',
      evidence,
    });
    expect(added).toMatchObject({ status: 201, body: { outcome: 'added' } });
    const id = String(added.body.subscriber);
    const byAddress = await api('GET', '/v1/subscribers/by.api@example.com');
    const byId = await api('GET', `/v1/subscribers/${id}`);
    expect(byAddress.body).toEqual(byId.body);
    expect(byId.body).toMatchObject({ email: 'by.api@example.com', subscriptions: [{ status: 'active' }] });
    expect(await api('PATCH', `/v1/subscribers/${id}`, { language: 'id' })).toMatchObject({
      body: { language: 'id' },
    });
    const until = new Date(web.ctx.clock.now().getTime() + 86_400_000).toISOString();
    expect(
      await api('POST', `/v1/subscribers/${id}/pause`, { newsletter: 'inside-washington', until }),
    ).toMatchObject({ status: 200, body: { data: [{ status: 'paused', paused_until: until }] } });
    expect(
      await api('POST', `/v1/subscribers/${id}/pause`, {
        newsletter: 'inside-washington',
        until: '2020-01-01T00:00:00Z',
      }),
    ).toMatchObject({ status: 422, body: { field: 'paused_until' } });
    expect(await api('POST', `/v1/subscribers/${id}/unsubscribe`, { newsletter: 'all' })).toMatchObject({
      body: { data: [{ status: 'unsubscribed' }] },
    });
    const consents = await api('GET', `/v1/subscribers/${id}/consents`);
    expect(consents.body.data).toMatchObject([
      { act: 'given', method: 'operator', evidence },
      { act: 'withdrawn', method: 'operator' },
    ]);
    expect((await api('DELETE', `/v1/subscribers/${id}`)).status).toBe(204);
    expect((await api('GET', `/v1/subscribers/${id}`)).body).toMatchObject({ email: null });
    expect((await api('GET', '/v1/subscribers/by.api@example.com')).status).toBe(404);
    expect(web.ctx.logged()).not.toContain('by.api');
  });

  it('pages through everyone by keyset', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const page = await api('GET', `/v1/subscribers?limit=2${after ? `&after=${after}` : ''}`);
      expect(page.status).toBe(200);
      seen.push(...page.body.data.map((one: { id: string }) => one.id));
      after = page.body.next;
    } while (after !== null && seen.length < 100);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThan(4);
  });

  it('shows a key only the newsletters it is for', async () => {
    const other = await createNewsletter(web.ctx, {
      slug: 'other-letter',
      name: 'Other Letter',
      promise: { en: 'Something else.' },
      languages: ['en'],
      calendar: { days: [1], time: '07:00' },
    } as never);
    const limited = await newKey({ newsletterIds: [other.id] });
    const { subscriberId } = await subscribe(web.ctx, 'not.yours@example.com');
    const asLimited = (method: string, path: string, body?: unknown) => api(method, path, body, limited);
    expect((await asLimited('GET', `/v1/subscribers/sub_${subscriberId}`)).status).toBe(404);
    expect((await asLimited('GET', '/v1/subscribers')).status).toBe(403);
    expect((await asLimited('GET', '/v1/subscribers?newsletter=inside-washington')).status).toBe(404);
    expect((await asLimited('GET', '/v1/subscribers?newsletter=other-letter')).body).toEqual({
      data: [],
      next: null,
    });
    expect((await asLimited('GET', '/v1/suppressions')).status).toBe(403);
    expect((await asLimited('DELETE', `/v1/subscribers/sub_${subscriberId}`)).status).toBe(403);
  });

  it('refuses without a key, without the scope, with a test key that would cause mail', async () => {
    expect((await fetch(`${web.url}/v1/subscribers`)).status).toBe(401);
    const reading = await newKey({ scopes: ['subscribers:read'] });
    const body = { email: 'n@example.com', newsletter: 'inside-washington', confirm: 'send' };
    expect((await api('POST', '/v1/subscribers', body, reading)).status).toBe(403);
    const test = await newKey({ mode: 'test' });
    expect(await api('POST', '/v1/subscribers', body, test)).toMatchObject({
      status: 403,
      body: { code: 'test_key' },
    });
    // The last letter to the erased is real mail too.
    const { subscriberId } = await subscribe(web.ctx, 'kept.by.test.key@example.com');
    expect(await api('DELETE', `/v1/subscribers/sub_${subscriberId}`, undefined, test)).toMatchObject({
      status: 403,
      body: { code: 'test_key' },
    });
    expect((await subscriptionOf(web.ctx, subscriberId, washington.id))?.state).toBe('active');
    expect((await api('POST', '/v1/subscribers', { ...body, confirm: 'perhaps' })).status).toBe(422);
  });
});

async function newKey(more: { scopes?: string[]; mode?: 'live' | 'test'; newsletterIds?: number[] }) {
  const made = await createKey(web.ctx, { name: 'test', scopes: ['subscribers:*'], mode: 'live', ...more });
  return made.text;
}

async function api(method: string, path: string, body?: unknown, as = key) {
  const answer = await fetch(web.url + path, {
    method,
    headers: { Authorization: `Bearer ${as}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as any };
}

function command(line: string[], newsletter = 'inside-washington') {
  const named = line[0] === 'suppression' || line[1] === 'search' ? {} : { newsletter };
  return runCommand(web.ctx, subscribersCommands, line, named);
}

async function dump(): Promise<string> {
  const tables = [
    'subscribers',
    'subscriptions',
    'subscriber_events',
    'sign_ups',
    'consents',
    'suppressions',
    'bounces',
    'letters',
    'limits',
  ] as const;
  const rows = await Promise.all(tables.map((table) => web.ctx.db.selectFrom(table).selectAll().execute()));
  return JSON.stringify(rows);
}
