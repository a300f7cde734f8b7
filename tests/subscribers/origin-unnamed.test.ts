import { type ServerType, serve } from '@hono/node-server';
import { Hono } from 'hono';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boxHtml } from '../../src/newsletters/embed.ts';
import { currentWordings } from '../../src/newsletters/wordings.ts';
import { chromiumPath, openBrowser } from '../support/browser.ts';
import { openWashingtonPages } from '../support/inside-washington.ts';
import { press, readVisit, type Visit } from '../support/reader.ts';
import { fromElsewhere } from '../support/web.ts';

// `Origin: null`: a page under `no-referrer`, a sandboxed frame, a careful browser. The newsletter lists its sites, and nobody can
// say whether this is one of them, so the reader taps once on a page of ours, which has all that they typed.

const { web, washington } = await openWashingtonPages({
  allowed_origins: ['https://www.example.org'],
  sections: [
    { key: 'politics', label: { en: 'Politics', id: 'Politik' } },
    { key: 'world', label: { en: 'World', id: 'Dunia' } },
  ],
});

async function post(
  fields: Record<string, string>,
  more: Record<string, string> = {},
  path = '/s/inside-washington',
): Promise<Visit> {
  const url = `${web.url}${path}`;
  const answer = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ lang: 'en', ...fields }),
    headers: { Origin: 'null', ...fromElsewhere(), ...more },
  });
  return readVisit(answer, answer.url);
}

const kept = (email: string) =>
  web.ctx.db
    .selectFrom('sign_ups')
    .select(['marketing', 'form', 'topics', 'wording_ids', 'signal'])
    .where('email_key', '=', email)
    .execute();

describe('a form whose page does not say where it is', () => {
  it('lands on one tap with all that was typed and ticked, and is taken by it', async () => {
    const email = 'unnamed@example.com';
    const { consentV, newsletter, marketing } = await currentWordings(web.ctx.db, washington, 'id');
    const typed = {
      email,
      marketing: 'yes',
      src: 'sidebar',
      topics: 'world',
      consent_v: consentV,
      lang: 'id',
    };
    const step = await post(typed);
    expect([step.status, new URL(step.url).search]).toEqual([200, '']);
    expect(step.text).toContain('Satu ketukan lagi');
    expect(step.text).not.toContain('banyak orang');
    expect(step.forms[0]?.fields).toMatchObject(typed);
    expect(await kept(email)).toEqual([]);
    const sent = await press(step);
    expect(sent.text).toContain(email);
    expect(await kept(email)).toEqual([
      {
        marketing: true,
        form: 'sidebar',
        topics: ['world'],
        wording_ids: [newsletter.id, marketing.id],
        signal: null,
      },
    ]);
  });

  it('is answered alike whatever the address is', async () => {
    const pages = [];
    for (const email of ['unnamed@example.com', 'nobody@example.com', 'no address', 'x@mailinator.com']) {
      const page = await post({ email });
      pages.push([page.status, page.text, page.forms[0]?.fields.email === email]);
    }
    expect(new Set(pages.map((page) => JSON.stringify(page))).size).toBe(1);
  });

  it('goes through in a sandbox too, where our own page’s form names no place either', async () => {
    const step = await post({ email: 'sandboxed@example.com' });
    const again = await post(step.forms[0]?.fields ?? {});
    expect(again.text).toContain('sandboxed@example.com');
    expect(await kept('sandboxed@example.com')).toHaveLength(1);
    const invented = await post({ email: 'invented@example.com', still_human: 'not.a.token' });
    expect(invented.text).toContain('One more tap');
    expect(await kept('invented@example.com')).toEqual([]);
  });

  it('keeps the choice among several newsletters', async () => {
    const step = await post({ email: 'several@example.com', newsletter: 'inside-washington' }, {}, '/s');
    expect(step.forms[0]?.fields).toMatchObject({ newsletter: 'inside-washington' });
    expect((await press(step)).text).toContain('several@example.com');
  });

  it('is no way in for scripts, nor for a site that says it is another: both are counted, and logged without the site', async () => {
    const counted = () => {
      const line = /^dateline_sign_ups_total\{outcome="origin_not_allowed"\} (\d+)$/m.exec(
        web.ctx.metrics.text(),
      );
      return Number(line?.[1] ?? 0);
    };
    const before = counted();
    const scripted = await fetch(`${web.url}/s/inside-washington`, {
      method: 'POST',
      body: new URLSearchParams({ email: 'script@example.com' }),
      headers: { Origin: 'null', Accept: 'application/json', ...fromElsewhere() },
    });
    expect([scripted.status, ((await scripted.json()) as { code: string }).code]).toEqual([
      403,
      'origin_not_allowed',
    ]);
    const other = await post({ email: 'other@example.com' }, { Origin: 'https://evil.example' });
    expect(other.forms[0]?.fields.email).toBe('');
    expect(await kept('other@example.com')).toEqual([]);
    expect(counted() - before).toBe(2);
    const lines = web.ctx.logged().split('\n');
    const told = lines.filter((line) => line.includes('a post from an origin that is not listed'));
    expect(told.map((line) => JSON.parse(line).newsletterIds)).toEqual([[washington.id], [washington.id]]);
    expect(told.join()).not.toMatch(/evil|@/);
  });
});

describe.skipIf(!chromiumPath)('in a browser', () => {
  let browser: Browser;
  let server: ServerType;
  let site = '';

  beforeAll(async () => {
    browser = await openBrowser();
    const wordings = await currentWordings(web.ctx.db, washington, 'en');
    const box = boxHtml(washington, 'en', { baseUrl: web.url, wordings });
    const app = new Hono();
    app.get('/no-referrer', (c) => {
      c.header('Referrer-Policy', 'no-referrer');
      return c.html(`<!doctype html><html lang="en"><body>${box}</body></html>`);
    });
    site = await new Promise((resolve) => {
      server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
        resolve(`http://127.0.0.1:${port}`),
      );
    });
  });
  afterAll(async () => {
    await browser?.close();
    await new Promise((resolve) => server?.close(resolve));
  });

  it('takes the reader of a page that names no referrer to the inbox page by one tap', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    const origins: (string | undefined)[] = [];
    page.on('request', async (request) => {
      if (request.method() === 'POST') origins.push((await request.allHeaders()).origin);
    });
    await page.goto(`${site}/no-referrer`);
    await page.fill('input[name=email]', 'careful@example.com');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Yes, sign me up' }).click();
    await page.getByText('We sent an email to careful@example.com').waitFor();
    expect(origins).toEqual(['null', web.url]);
    expect(await kept('careful@example.com')).toHaveLength(1);
    await context.close();
  });
});
