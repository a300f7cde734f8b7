import { existsSync, readFileSync } from 'node:fs';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { answerSignUp } from '../../src/subscribers/answer-sign-up.ts';
import { openWashingtonPages } from '../support/inside-washington.ts';
import { sendDueLetters } from '../support/sign-ups.ts';
import { fromElsewhere } from '../support/web.ts';

const list = '../shared/corpora/naughty-strings.json';
const strings: string[] = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : [];
if (strings.length === 0) console.log(`skipped: strings that break software (${list} is absent)`);

const { web } = await openWashingtonPages();

describe.skipIf(strings.length === 0)('strings that break software', () => {
  it('as an address are refused with the form still filled, and come back as text', async () => {
    for (const text of strings) {
      const answer = await post({ email: text, lang: 'en' });
      expect(answer.status, JSON.stringify(text)).toBe(422);
      const { document } = parseHTML(await answer.text());
      const field = document.querySelector('input[name="email"]');
      const kept = field?.getAttribute('value') ?? '';
      expect(kept.replace(/\s+/g, ' ').trim()).toBe(asForm(text).replace(/\s+/g, ' ').trim());
      expect(document.querySelectorAll('script, img, iframe, svg').length).toBe(0);
    }
  });

  it('in every other field change nothing about a good sign-up, and never reach a letter', async () => {
    for (const [n, text] of strings.entries()) {
      const answer = await post({
        email: `reader${n}@example.com`,
        lang: text,
        src: text,
        accept_domain: text,
        return_to: text,
        page: text,
        still_human: text,
        marketing: text,
        newsletters: text,
      });
      expect(answer.status, JSON.stringify(text)).toBe(303);
      expect(answer.headers.get('location')).toMatch(/^\/s\/inside-washington\/sent\?t=/);
      await answer.arrayBuffer();
    }
    const rows = await web.ctx.db
      .selectFrom('sign_ups')
      .select(['id', 'form', 'lang'])
      .orderBy('id')
      .execute();
    expect(rows).toHaveLength(strings.length);
    expect(new Set(rows.map((row) => row.lang))).toEqual(new Set(['en']));
    expect(rows.every((row) => /^[a-z0-9_-]{1,40}$/.test(row.form))).toBe(true);
    for (const { id } of rows.slice(0, 3)) await answerSignUp(web.ctx, { signUpId: id });
    await sendDueLetters(web.ctx);
    expect(web.ctx.trap.size()).toBe(3);
  });

  it('as a version of the words, a token or a slug are known to nobody', async () => {
    for (const [n, text] of strings.entries()) {
      const answer = await post({ email: `v${n}@example.com`, consent_v: text });
      // An empty version is a form that names none.
      expect(answer.status, JSON.stringify(text)).toBe(text === '' ? 303 : 422);
      await answer.arrayBuffer();
      const path = encodeURIComponent(text.toWellFormed());
      if (/^(\.|%2E)*$/i.test(path)) continue;
      for (const [page, method] of [
        [`/confirm/${path}`, 'POST'],
        [`/u/${path}`, 'POST'],
        [`/m/${path}`, 'GET'],
        [`/s/${path}`, 'GET'],
      ] as const) {
        const found = await fetch(web.url + page, { method, headers: fromElsewhere(), redirect: 'manual' });
        expect(found.status, `${page}`).toBe(404);
        await found.arrayBuffer();
      }
    }
  }, 240_000);
});

function post(fields: Record<string, string>): Promise<Response> {
  return fetch(`${web.url}/s/inside-washington`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: fromElsewhere(),
    redirect: 'manual',
  });
}

/** What a form can carry of a string: whole characters. */
function asForm(text: string): string {
  return text.toWellFormed();
}
