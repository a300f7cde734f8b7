import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createKey } from '../src/access/create-key.ts';
import { receive } from '../src/articles/receive.ts';
import { articleWithBox, openNewsroom, receiveStories } from './support/newsroom.ts';
import { type Program, runProgram } from './support/program.ts';
import { look, press } from './support/reader.ts';
import { until } from './support/until.ts';

// The life of one reader, from the box in an article to the click that ends it. Everything is real: pages over HTTP, the
// queue, mail over SMTP. It is told once on each kind of queue.

const rina = 'rina@example.com';

describe.each(['postgres', ...(inject('redisUrl') ? ['redis'] : [])] as ('postgres' | 'redis')[])(
  'the story of one reader, with the queue on %s',
  (queue) => {
    let program: Program;
    let key: string;
    let confirmLink: string;
    let edition: { id: string; state: string };

    beforeAll(async () => {
      program = await runProgram({ queue });
      await openNewsroom(program.ctx);
      key = (await createKey(program.ctx, { name: 'desk', scopes: ['*'], mode: 'live' })).text;
    });
    afterAll(() => program.stop());

    it('she finds the box in an article and signs up without a script', async () => {
      const article = await articleWithBox(program.ctx, 'id');
      expect(article.forms[0]?.buttons).toEqual(['Daftar']);
      const sent = await press(article, { email: rina });
      expect(sent.status).toBe(200);
      expect(new URL(sent.url).pathname).toBe('/s/inside-washington/sent');
      expect(decodeURIComponent(sent.url)).not.toContain('rina');
      expect(sent.text).toContain('Periksa kotak masuk Anda');
      expect(sent.text).toContain(rina);
    });

    it('a confirmation reaches her inbox', async () => {
      const mail = await program.mailTo(rina);
      expect(mail.subject).toBe('Selesaikan pendaftaran Inside Washington');
      expect(mail.headers.has('list')).toBe(false);
      confirmLink = mail.links.find((link) => link.includes('/confirm/') && !link.includes('withdraw')) ?? '';
      expect(confirmLink).not.toBe('');
    });

    it('looking at the link changes nothing; pressing the button does', async () => {
      const page = await look(confirmLink);
      expect(page.text).toContain('Tinggal satu ketukan');
      expect(await subscriptionState()).toBe('pending');
      const done = await press(page);
      expect(done.text).toContain('Anda sudah terdaftar');
      expect(await subscriptionState()).toBe('active');
      expect((await look(confirmLink)).text).toContain('Anda sudah terdaftar');
    });

    it('she is welcomed once', async () => {
      const welcome = await program.mailTo(rina, (mail) => mail.subject.startsWith('Selamat datang'));
      expect(welcome.headers.has('list')).toBe(true);
    });

    it('articles arrive, and the day’s edition is drafted from them, each story with its reason', async () => {
      await receiveStories(program.ctx, 8, (index) => ({
        lang: 'id',
        title: `${['Senat', 'Mahkamah', 'Gubernur', 'Menteri', 'Serikat', 'Regulator', 'Pengamat', 'Pelabuhan'][index]} hari ini`,
        canonicalUrl: `https://www.example.org/id/${index}`,
      }));
      await receiveStories(program.ctx, 8);
      await receive(program.ctx, {
        title: 'Senate sends the budget to the floor, again',
        lang: 'en',
        canonicalUrl: 'https://www.example.org/twin',
      });
      const drafted = await api('POST', '/v1/editions', {});
      edition = drafted.body as typeof edition;
      expect(drafted.status).toBe(201);
      expect(edition.state).toBe('ready');
      const { slots } = drafted.body as unknown as { slots: { place: string; reason: string }[] };
      expect(slots.filter((story) => story.place === 'lead').length).toBeGreaterThanOrEqual(1);
      expect(
        slots.some((story) => story.place === 'excluded' && story.reason.includes('tells the same')),
      ).toBe(true);
    });

    it('an operator who expects another number of readers is refused', async () => {
      const refused = await api('POST', `/v1/editions/${edition.id}/send`, {
        expect_recipients: 40,
        hold_seconds: 0,
      });
      expect([refused.status, refused.body.code]).toEqual([409, 'audience_changed']);
    });

    it('the edition goes out, and its books close', async () => {
      const asked = await api('POST', `/v1/editions/${edition.id}/send`, {
        expect_recipients: 1,
        hold_seconds: 0,
      });
      expect(asked.status).toBe(202);
      const send = await until(
        async () => {
          const { body } = await api('GET', `/v1/sends/${edition.id.replace('ed_', 'snd_')}`);
          return body.state === 'sent' ? body : undefined;
        },
        { timeoutMs: 30_000, everyMs: 100, what: 'the edition is sent' },
      );
      const counts = send.counts as Record<string, number>;
      expect(counts).toMatchObject({ planned: 1, accepted: 1, queued: 0, unknown: 0 });
      const again = await api('POST', `/v1/editions/${edition.id}/send`, { expect_recipients: 1 });
      expect(again.status).toBe(409);
    });

    it('she reads it in her language, with her own way out', async () => {
      const digest = await program.mailTo(rina, (mail) => mail.headers.has('feedback-id'));
      expect(digest.html).toContain('lang="id"');
      expect(digest.text).toContain('r•••@example.com');
      expect(digest.text).toContain('hari ini');
      expect(await program.mailsTo(rina)).toHaveLength(3);
    });

    it('one click ends it', async () => {
      const digest = await program.mailTo(rina, (mail) => mail.headers.has('feedback-id'));
      const leave = digest.links.find((link) => link.includes('/u/')) ?? '';
      expect(await subscriptionState()).toBe('active');
      const page = await look(leave);
      expect(page.status).toBe(200);
      expect(await subscriptionState()).toBe('active');
      const answer = await fetch(leave, {
        method: 'POST',
        body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
      });
      expect([answer.status, await answer.text()]).toEqual([200, '']);
      expect(await subscriptionState()).toBe('unsubscribed');
    });

    it('no log line ever held her address or her link', () => {
      expect(program.logged()).not.toContain('rina@');
      expect(program.logged()).not.toContain(confirmLink.split('/').at(-1));
    });

    async function api(method: string, path: string, body?: object) {
      const response = await fetch(`${program.url}${path}`, {
        method,
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      return {
        status: response.status,
        body: (await response.json()) as Record<string, unknown> & typeof edition,
      };
    }

    async function subscriptionState(): Promise<string | undefined> {
      const row = await program.ctx.db.selectFrom('subscriptions').select('state').executeTakeFirst();
      return row?.state;
    }
  },
);
