import { afterAll, beforeAll, expect, it } from 'vitest';
import { draft } from '../../src/editions/draft.ts';
import { type TestContext, testContext } from '../support/context.ts';
import type { ReadMail } from '../support/mailbox.ts';
import { openNewsroom, receiveStories } from '../support/newsroom.ts';
import { asWorker, begin, deliverFree } from '../support/sending.ts';
import { mailsTo, subscribe } from '../support/sign-ups.ts';

let ctx: TestContext & { workerId: number };
let mails: [ReadMail, ReadMail];

beforeAll(async () => {
  ctx = await asWorker(await testContext());
  const newsletter = await openNewsroom(ctx);
  await subscribe(ctx, 'tom@example.org');
  ctx.clock.advance(24 * 3_600_000);
  await subscribe(ctx, 'a.much.longer.address@example.net');
  await receiveStories(ctx, 8);
  const { edition } = await draft(ctx, { newsletter });
  await begin(ctx, edition.id, 2);
  await deliverFree(ctx, edition.id);
  const [one, two] = await Promise.all(
    ['tom@example.org', 'a.much.longer.address@example.net'].map(async (email) =>
      (await mailsTo(ctx, email)).find((mail) => mail.headers.has('feedback-id')),
    ),
  );
  if (!one || !two) throw new Error('the edition has not reached both');
  mails = [one, two];
});
afterAll(() => ctx.close());

it('R31 no link but manage and unsubscribe differs between two readers of an edition', () => {
  const [one, two] = mails;
  const own = (link: string) => /\/(u|m)\//.test(link);
  expect(one.links.filter((link) => !own(link))).toEqual(two.links.filter((link) => !own(link)));
  expect(one.links.filter(own).map((link) => new URL(link).pathname.split('/')[1])).toEqual(['m', 'u']);
  expect(one.links.filter((link) => two.links.includes(link)).some(own)).toBe(false);
  expect(one.links.length).toBe(two.links.length);
});

it('R31 two copies are the same but for the reader’s own links, masked address and date', () => {
  const bare = ({ html, text }: ReadMail) =>
    (html + text)
      .replace(/\/(u|m)\/[\w.-]+/g, '/$1/…')
      .replace(/\w•••@[\w.]+/g, 'r•••')
      .replace(/\d{1,2} July 2026(?=\.)/g, 'then')
      .replace(/\s+/g, ' ');
  expect(bare(mails[0])).toBe(bare(mails[1]));
});

it('R31 the links to the web page and to sign up hold no token, and lead where they say', () => {
  const { baseUrl } = ctx.config;
  for (const { links, html } of mails) {
    const ours = links.filter((link) => link.startsWith(baseUrl) && !/\/(u|m)\//.test(link));
    expect(ours).toContain(`${baseUrl}/inside-washington/2026-07-15`);
    expect(ours).toContain(`${baseUrl}/s/inside-washington?lang=en`);
    for (const link of ours) {
      expect(new URL(link).pathname).toMatch(/^\/(s\/)?inside-washington(\/2026-07-15(\/more|\/less)?)?$/);
      expect([...new URL(link).searchParams.keys()].filter((name) => name !== 'lang')).toEqual([]);
    }
    // What a reader passes on to a friend is the same page.
    const forward = /href="(mailto:\?[^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const body = new URLSearchParams(forward.replace('mailto:', '')).get('body');
    expect(body).toBe(`${baseUrl}/inside-washington/2026-07-15`);
  }
});
