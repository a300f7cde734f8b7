import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServerType, serve } from '@hono/node-server';
import { Hono } from 'hono';
import { createTransport } from 'nodemailer';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assets } from '../../../src/platform/http/assets.ts';
import { composeMessage } from '../../../src/platform/mail/message.ts';
import { openSplicer } from '../../../src/platform/mail/open-splicer.ts';
import { openTrap, type Trap } from '../../../src/platform/mail/trap.ts';
import { trapApp } from '../../../src/platform/mail/trap-pages.tsx';
import { axeOn, chromiumPath, openBrowser } from '../../support/browser.ts';
import { digest, naughtyStrings, rina } from './sample-message.ts';

let dir: string;
let trap: Trap;
let app: Hono;
let site: ServerType;
let mailer: { sendMail(mail: object): Promise<{ response: string }>; close(): void };
let url: string;
let now = new Date('2026-07-14T07:00:00Z');

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'trap-pages-'));
  trap = await openTrap({ dir, clock: () => now });
  mailer = createTransport({ url: trap.smtpUrl, pool: true });
  app = new Hono().route('/', assets()).route('/trap', trapApp(trap, '/trap'));
  await new Promise<void>((resolve) => {
    site = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
      url = `http://127.0.0.1:${port}`;
      resolve();
    });
  });
});

afterAll(async () => {
  mailer.close();
  site.close();
  await trap.close();
  await rm(dir, { recursive: true });
});

/** Sends over real SMTP and gives the id under which the trap keeps it. */
async function send(raw: string, to = 'rina@example.com'): Promise<string> {
  const { response } = await mailer.sendMail({ raw, envelope: { from: 'iw@news.example.org', to } });
  return response.split(' ').at(-1) ?? '';
}

function digestWith(parts: { subject?: string; html?: string; text?: string }): string {
  return openSplicer(composeMessage({ ...digest, ...parts }))(rina);
}

async function get(path: string) {
  const response = await app.request(path);
  return {
    response,
    body: await response.text(),
    policy: response.headers.get('content-security-policy') ?? '',
  };
}

describe('the inbox', () => {
  it('is empty at first and says what will come', async () => {
    const { response, body } = await get('/trap');
    expect(response.status).toBe(200);
    expect(body).toContain('Nothing yet.');
    expect(body).toContain('0 mails');
  });

  it('lists who, subject, when and kind, newest first, and links below its mount', async () => {
    const id = await send(digestWith({}));
    const { body } = await get('/trap');
    expect(body).toContain(`href="/trap/${id}"`);
    for (const word of [
      'rina@example.com',
      'The Senate votes tonight',
      '07:00:00',
      'Tuesday 14 July 2026',
      'Edition',
    ]) {
      expect(body).toContain(word);
    }
  });

  it('searches, keeps the words in the box, and pages through more than fifty', async () => {
    for (let number = 1; number <= 55; number += 1) {
      await send(digestWith({ subject: `Number ${number}` }), `reader${number}@example.com`);
    }
    const found = await get('/trap?q=READER7@');
    expect(found.body).toContain('Number 7<');
    expect(found.body).not.toContain('Number 8<');
    expect(found.body).toContain('value="READER7@"');
    expect((await get('/trap?q=%22%3E%3Cb%3E')).body).toContain('“&quot;&gt;&lt;b&gt;”');
    const first = (await get('/trap?q=number')).body;
    const older = /href="(\/trap\?q=number&amp;after=[^"]+)"/.exec(first)?.[1]?.replace('&amp;', '&') ?? '';
    const second = (await get(older)).body;
    expect(first).toContain('Number 6<');
    expect(first).not.toContain('Number 5<');
    expect(second).toContain('Number 5<');
    expect(second).toContain('Number 1<');
    expect(second).not.toContain('Number 6<');
  });

  const naughty = naughtyStrings();

  it.runIf(naughty)('escapes every string of the naughty list as a subject', async () => {
    const subjects = (naughty ?? []).filter((string) => /[<>&"']/.test(string));
    const pages: string[] = [];
    for (const subject of subjects) {
      const id = await send(digestWith({ subject: subject.replace(/[\r\n\0]/g, ' ') }));
      pages.push((await get(`/trap/${id}`)).body);
      if (pages.length % 40 === 0) pages.push((await get('/trap')).body);
    }
    expect(pages.length).toBeGreaterThan(100);
    const known =
      /^(html|head|meta|title|link|body|a|header|p|span|main|div|h1|h2|search|form|label|input|button|section|ol|li|time|bdi|article|dl|dt|dd|nav|iframe|pre|ul|table|tbody|tr|th|td)$/;
    for (const page of pages) {
      expect(page.match(/<iframe/g) ?? ['one']).toHaveLength(1);
      for (const [tag, name] of page.matchAll(/<\/?([a-z][^\s/>]*)[^>]*>/gi)) {
        expect(name).toMatch(known);
        expect(tag).not.toMatch(/\son[a-z]+=|style=/i);
      }
    }
  });
});

describe('a trapped mail', () => {
  it('shows headers, envelope, links and text, and offers its parts and its source', async () => {
    const id = await send(digestWith({}));
    const { body, policy } = await get(`/trap/${id}`);
    expect(body).toContain('<th scope="row">List-Unsubscribe-Post</th><td>List-Unsubscribe=One-Click</td>');
    expect(body).toContain(
      `<iframe class="trap-frame" title="The HTML of this mail" sandbox="" src="/trap/${id}/html">`,
    );
    expect(body).toContain('iw@news.example.org → rina@example.com');
    expect(body).toContain(
      'href="https://news.example.org/u/abc.def" target="_blank" rel="noopener noreferrer"',
    );
    expect(body).toContain(`href="/trap/${id}/raw"`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');

    const html = await get(`/trap/${id}/html`);
    expect(html.body).toContain('<p>Good morning Rina</p>');
    expect(html.policy).toMatch(/^default-src 'none'; .*; sandbox;/);
    const text = await get(`/trap/${id}/text`);
    expect(text.body).toContain('Good morning Rina');
    expect(text.response.headers.get('content-type')).toBe('text/plain; charset=UTF-8');
    const raw = await get(`/trap/${id}/raw`);
    expect(
      raw.body.startsWith('Return-Path: <iw@news.example.org>\r\nX-Original-To: rina@example.com\r\nDate: '),
    ).toBe(true);
    expect(raw.response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(raw.response.headers.get('content-disposition')).toBe(`attachment; filename="${id}.eml"`);
    for (const { response } of [html, text, raw]) {
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('cache-control')).toBe('no-store');
    }
  });

  it('is readable when it has no html, no text or no subject', async () => {
    const plain = await send('From: a@b.example\r\n\r\nJust words & <b>no</b> markup\r\n');
    const page = await get(`/trap/${plain}`);
    expect(page.body).toContain('No subject');
    expect(page.body).toContain('Just words &amp; &lt;b&gt;no&lt;/b&gt; markup');
    expect(page.body).not.toContain('<iframe');
    expect((await get(`/trap/${plain}/html`)).response.status).toBe(404);
    const rich = await send('From: a@b.example\r\nContent-Type: text/html\r\n\r\n<p>Only html</p>\r\n');
    expect((await get(`/trap/${rich}`)).body).toContain('This mail has no text part.');
    expect((await get(`/trap/${rich}/text`)).response.status).toBe(404);
  });

  it('is not found under another id or a path', async () => {
    for (const id of ['x', '20260714T070000000Z-999999', '..%2f..%2fetc%2fpasswd']) {
      for (const path of ['', '/html', '/text', '/raw']) {
        expect((await get(`/trap/${id}${path}`)).response.status).toBe(404);
      }
    }
  });

  it('links only to the web, whatever the mail links to', async () => {
    const html = `<a href="javascript:alert(1)">a</a><a href="data:text/html,x">b</a><a href=" https://ok.example/&quot;x ">c</a>`;
    const id = await send(digestWith({ html }));
    const { body } = await get(`/trap/${id}`);
    const hrefs = [...body.matchAll(/<li><a href="([^"]*)"/g)].map((match) => match[1]);
    expect(hrefs).toEqual(['https://ok.example/&quot;x', 'https://news.example.org/u/abc.def']);
  });
});

describe.skipIf(!chromiumPath)('in a browser', () => {
  let browser: Browser;
  let beacon: Server;
  let beaconUrl: string;
  const asked: string[] = [];

  beforeAll(async () => {
    browser = await openBrowser();
    beacon = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.setHeader('Access-Control-Allow-Origin', '*').end('x');
    });
    await new Promise<void>((resolve) => beacon.listen(0, '127.0.0.1', resolve));
    beaconUrl = `http://127.0.0.1:${(beacon.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    await browser?.close();
    beacon?.close();
  });

  it('runs no script of a mail, framed or alone, and lets it load pictures only', async () => {
    const call = (how: string) =>
      `fetch('${beaconUrl}/${how}');document.title='taken';parent.document.title='taken'`;
    const html = `<!doctype html><html><head><title>mail</title><base href="${beaconUrl}/base/">
      <meta http-equiv="refresh" content="0;url=${beaconUrl}/refresh"><link rel="stylesheet" href="${beaconUrl}/css">
      <script>${call('script')}</script><script src="${beaconUrl}/script-src"></script></head>
      <body onload="${call('onload')}"><img src="${beaconUrl}/picture" onload="${call('img-onload')}"><img src="x:" onerror="${call('onerror')}">
      <svg onload="${call('svg')}"></svg><iframe src="${beaconUrl}/frame"></iframe><iframe srcdoc="<script>${call('srcdoc')}</script>"></iframe>
      <object data="${beaconUrl}/object"></object><video src="${beaconUrl}/video" autoplay></video>
      <form id="f" action="${beaconUrl}/form"><input name="a" autofocus onfocus="${call('focus')}"><button id="go">Send</button></form>
      <a id="js" href="javascript:${call('href')}">link</a><p id="end">The end</p></body></html>`;
    const id = await send(
      `From: a@b.example\r\nSubject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${html}\r\n`,
    );
    const page = await browser.newPage();

    await page.goto(`${url}/trap/${id}`, { waitUntil: 'networkidle' });
    const framed = page.frames().find((frame) => frame.url().endsWith('/html'));
    expect(await framed?.textContent('#end')).toBe('The end');
    await framed?.click('#js');
    await framed?.click('#go');
    expect(await page.title()).toBe('x · Mail trap');

    await page.goto(`${url}/trap/${id}/html`, { waitUntil: 'networkidle' });
    await page.click('#js');
    await page.click('#go');
    expect(await page.title()).toBe('mail');
    expect(page.url()).toBe(`${url}/trap/${id}/html`);

    expect(new Set(asked)).toEqual(new Set(['/picture']));
    await page.close();
  });

  it.each(['light', 'dark'] as const)(
    'passes WCAG AA in %s mode and fits a phone',
    async (colorScheme) => {
      const id = await send(
        digestWith({ subject: `${'Averylongwordinasubject'.repeat(6)} ${'and many words '.repeat(20)}.` }),
      );
      const context = await browser.newContext({ colorScheme, viewport: { width: 1280, height: 900 } });
      const page = await context.newPage();
      for (const path of ['/trap?q=number%201', '/trap?q=nobody', `/trap/${id}`, '/trap/none']) {
        await page.goto(`${url}${path}`, { waitUntil: 'load' });
        const { violations } = await axeOn(page).exclude('iframe').analyze();
        expect(violations.map(({ id: rule, nodes }) => `${rule} ${nodes[0]?.html}`)).toEqual([]);
        for (const width of [320, 390, 768, 1280]) {
          await page.setViewportSize({ width, height: 900 });
          expect(await page.evaluate('document.documentElement.scrollWidth'), `${path} at ${width}`).toBe(
            width,
          );
        }
      }
      await context.close();
    },
    60_000,
  );

  it('opens a mail from anywhere in its row, by pointer and by keyboard', async () => {
    now = new Date('2026-07-15T07:00:00Z');
    const id = await send(digestWith({ subject: 'Newest of all' }));
    const page = await browser.newPage();
    await page.goto(`${url}/trap`);
    await page
      .locator('.trap-row')
      .first()
      .click({ position: { x: 5, y: 5 } });
    expect(page.url()).toBe(`${url}/trap/${id}`);
    await page.goto(`${url}/trap`);
    await page.locator('.trap-subject').first().focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`${url}/trap/${id}`);
    await page.close();
  });
});
