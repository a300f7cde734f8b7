import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sendWelcome } from '../../src/editions/send-welcome.ts';
import { gatherData } from '../../src/insight/gather-data.ts';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { builtInTemplates } from '../../src/platform/render/templates.ts';
import { answerSignUp } from '../../src/subscribers/answer-sign-up.ts';
import { askEmailChange } from '../../src/subscribers/ask-email-change.ts';
import { askForAccountLink } from '../../src/subscribers/ask-for-account-link.ts';
import { askForLink } from '../../src/subscribers/ask-for-link.ts';
import { askForData } from '../../src/subscribers/data-copies.ts';
import { erase } from '../../src/subscribers/erase.ts';
import { letterJobs } from '../../src/subscribers/letter-kinds.ts';
import { pause } from '../../src/subscribers/pause.ts';
import { remindPending } from '../../src/subscribers/remind-pending.ts';
import { type TestContext, testContext } from '../support/context.ts';
import type { ReadMail } from '../support/mailbox.ts';
import { askToJoin, mailsTo, seedInsideWashington, sendDueLetters, subscribe } from '../support/sign-ups.ts';

const email = 'rina@example.com';
const newEmail = 'rina.new@example.org';
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

let ctx: TestContext;
let washington: Newsletter;

beforeEach(async () => {
  ctx = await testContext();
  washington = await seedInsideWashington(ctx);
});
afterEach(() => ctx.close());

/** How each letter comes about, from a fresh start; `again` does once more what asked for it. */
const causes: Record<string, (lang: string) => Promise<() => Promise<unknown>>> = {
  confirmation: async (lang) => () => askToJoin(ctx, email, { lang }),
  reminder: async (lang) => {
    await changeNewsletter(ctx, washington.id, { confirmation_reminder: true });
    await askToJoin(ctx, email, { lang });
    await sendDueLetters(ctx);
    ctx.clock.advance(24 * hourMs);
    return () => remindPending(ctx);
  },
  'already-subscribed': async (lang) => {
    await subscribe(ctx, email, { lang });
    return () => askToJoin(ctx, email, { lang });
  },
  paused: async (lang) => {
    const { subscriberId } = await subscribe(ctx, email, { lang });
    const until = new Date(ctx.clock.now().getTime() + 100 * 24 * hourMs);
    await pause(ctx, { subscriberId, newsletterId: washington.id, until, actor: 'reader' });
    return () => askToJoin(ctx, email, { lang });
  },
  'everyday-link': async (lang) => {
    await subscribe(ctx, email, { lang });
    return async () => {
      await askForLink(ctx, { email, lang, clientAddress: '198.51.100.7' });
      const [waiting] = await ctx.db
        .selectFrom('sign_ups')
        .select('id')
        .where('state', '=', 'received')
        .execute();
      if (waiting) await answerSignUp(ctx, { signUpId: waiting.id });
    };
  },
  erased: async (lang) => {
    const { subscriberId } = await subscribe(ctx, email, { lang });
    return () => erase(ctx, { subscriberId, actor: 'operator' });
  },
  'account-link': async (lang) => {
    const { subscriberId } = await subscribe(ctx, email, { lang });
    return () => askForAccountLink(ctx, { subscriberId, act: 'data' });
  },
  'change-email': askToChange,
  'change-notice': askToChange,
  'data-ready': async (lang) => {
    const { subscriberId } = await subscribe(ctx, email, { lang });
    return async () => {
      await askForData(ctx, subscriberId);
      await gatherData(ctx, { subscriberId });
    };
  },
  welcome: async (lang) => async () => {
    if ((await mailsTo(ctx, email)).length === 0) await subscribe(ctx, email, { lang });
    const due = await ctx.db
      .selectFrom('letters')
      .select('id')
      .where('kind', '=', 'welcome')
      .where('state', '=', 'queued')
      .execute();
    for (const { id } of due) await sendWelcome(ctx, { letterId: id });
  },
};

async function askToChange(lang: string): Promise<() => Promise<unknown>> {
  const { subscriberId } = await subscribe(ctx, email, { lang });
  return () => askEmailChange(ctx, { subscriberId, email: newEmail });
}

/** Words of each letter's subject. */
const subjects: Record<string, Record<'en' | 'id', RegExp>> = {
  confirmation: { en: /^Finish signing up/, id: /^Selesaikan pendaftaran/ },
  reminder: { en: /^Reminder: finish signing up/, id: /^Pengingat: selesaikan pendaftaran/ },
  'already-subscribed': { en: /^You already get/, id: /^Anda sudah menerima/ },
  paused: { en: /is paused$/, id: /sedang dijeda$/ },
  'everyday-link': { en: /^Your link to manage/, id: /^Tautan untuk mengatur/ },
  erased: { en: /has erased your details$/, id: /telah menghapus data Anda$/ },
  'account-link': { en: /^Your link to your .* account$/, id: /^Tautan ke akun/ },
  'change-email': { en: /^Use this address/, id: /^Pakai alamat ini/ },
  'change-notice': { en: /is to be changed$/, id: /akan diganti$/ },
  'data-ready': { en: /is ready$/, id: /sudah siap$/ },
  welcome: { en: /^Welcome to/, id: /^Selamat datang/ },
};

async function lettersOf(kind: string): Promise<ReadMail[]> {
  const subject = subjects[kind];
  return (await mailsTo(ctx, kind === 'change-email' ? newEmail : email)).filter(
    (mail) => subject?.en.test(mail.subject) || subject?.id.test(mail.subject),
  );
}

describe.each(Object.keys(causes))('the letter %s', (kind) => {
  it.each(['en', 'id'] as const)('comes whole in HTML and text, and wholly in %s', async (lang) => {
    const cause = await causes[kind]?.(lang);
    await cause?.();
    await sendDueLetters(ctx);
    const mail = (await lettersOf(kind)).at(-1);
    expect(mail?.subject).toMatch(subjects[kind]?.[lang] ?? /^$/);
    const { html = '', text = '', raw, headers } = mail ?? {};
    expect(html).toMatch(new RegExp(`<html[^>]* lang="${lang}"`));
    expect(raw?.toString('latin1')).toMatch(/Content-Type: multipart\/alternative/i);
    expect(raw?.indexOf('text/plain')).toBeLessThan(raw?.indexOf('text/html') ?? 0);
    for (const part of [html, text.replace(/\s+/g, ' ')]) {
      expect(part).toContain('Example Media PT');
      expect(part).toContain('Jalan Contoh 1, Jakarta 10110');
      expect(part).not.toMatch(/\[\[|\{\{|undefined/);
    }
    expect(html).not.toMatch(/<img|<script|<link/i);
    expect(Buffer.byteLength(html)).toBeLessThanOrEqual(20_480);
    expect(headers?.get('auto-submitted')).toBe('auto-generated');
    expect(headers?.get('x-auto-response-suppress')).toBe('All');
    // Only what comes by itself from now on can be left.
    expect(headers?.has('list')).toBe(kind === 'welcome');
    const other = lang === 'en' ? /\b(Anda|kami|alamat)\b/ : /\b(you|your|address|someone)\b/i;
    expect(text.replace(/https?:\S+|\S+@\S+/g, '')).not.toMatch(other);
  });
});

/** How many leave when it is asked for again and again, first every two minutes and then every hour. */
const most: [kind: string, inTenMinutes: number, inADay: number][] = [
  ['confirmation', 1, 3],
  ['reminder', 1, 1],
  ['already-subscribed', 1, 1],
  ['paused', 1, 1],
  ['everyday-link', 1, 3],
  ['account-link', 1, 5],
  ['change-email', 3, 3],
  ['change-notice', 3, 3],
  ['data-ready', 1, 3],
  ['erased', 1, 1],
  ['welcome', 1, 1],
];

it.each(most)('%s leaves at most %i times in ten minutes and %i times a day', async (kind, soon, daily) => {
  const cause = await causes[kind]?.('en');
  const before = (await lettersOf(kind)).length;
  const ask = async (times: number, everyMs: number) => {
    for (let n = 0; n < times; n += 1) {
      await cause?.();
      await sendDueLetters(ctx);
      ctx.clock.advance(everyMs);
    }
  };
  await ask(5, 2 * minuteMs - 1);
  expect((await lettersOf(kind)).length - before).toBe(soon);
  await ask(20, hourMs);
  expect((await lettersOf(kind)).length - before).toBe(daily);
});

it('every kind of letter there is has been caused here', () => {
  expect(Object.keys(causes).sort()).toEqual(Object.keys(letterJobs).sort());
  expect(most.map(([kind]) => kind).sort()).toEqual(Object.keys(letterJobs).sort());
});

it('every template of a mail has its text beside it, and samples in both languages', () => {
  const folder = builtInTemplates();
  const names = readdirSync(folder).filter((name) => name.endsWith('.mjml'));
  expect(names.length).toBeGreaterThanOrEqual(5);
  for (const name of names.map((file) => file.replace('.mjml', ''))) {
    expect(existsSync(join(folder, `${name}.txt`)), name).toBe(true);
    for (const lang of ['en', 'id']) {
      const sample = JSON.parse(readFileSync(join(folder, 'samples', `${name}.${lang}.json`), 'utf8'));
      expect(sample.lang, name).toBe(lang);
    }
  }
});
