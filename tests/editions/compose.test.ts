import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receive } from '../../src/articles/receive.ts';
import { checkVariant } from '../../src/editions/check-variant.ts';
import { compose } from '../../src/editions/compose.ts';
import { draft } from '../../src/editions/draft.ts';
import { findEditionById } from '../../src/editions/find.ts';
import { moveEdition } from '../../src/editions/move.ts';
import { editionPages } from '../../src/editions/pages.tsx';
import { preview } from '../../src/editions/preview.ts';
import { giveNumber } from '../../src/editions/queries.ts';
import { sendTest } from '../../src/editions/send-test.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { answerFaults } from '../../src/platform/http/answer.ts';
import { lintMessage } from '../../src/platform/mail/lint-message.ts';
import type { ComposedMessage } from '../../src/platform/mail/message.ts';
import { openSplicer } from '../../src/platform/mail/open-splicer.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { readMailbox } from '../support/mailbox.ts';
import { openNewsroom, receiveStories } from '../support/newsroom.ts';

const slotDate = '2026-07-14';
let ctx: TestContext;
let newsletter: Newsletter;

beforeEach(async () => {
  ctx = await testContext();
  newsletter = await openNewsroom(ctx);
});
afterEach(() => ctx.close());

/** Six stories in English and five in Indonesian, the way two feeds bring them. */
async function bothLanguages(): Promise<void> {
  await receiveStories(ctx, 6);
  await receiveStories(ctx, 5, (index) => ({
    lang: 'id',
    title: `${indonesian[index]}`,
    canonicalUrl: `https://www.example.org/id/${index}`,
  }));
}

const indonesian = [
  'Senat membahas anggaran',
  'Mahkamah mendengar perkara air',
  'Gubernur bertemu soal kereta',
  'Serikat pekerja memilih',
  'Tarif listrik ditinjau ulang',
];

describe('composing an edition', () => {
  it('composes one variant per language, each in its own words', async () => {
    await bothLanguages();
    const { edition } = await draft(ctx, { newsletter, slotDate });
    expect(edition.state).toBe('ready');
    const variants = await ctx.db.selectFrom('edition_variants').selectAll().orderBy('id').execute();
    expect(variants.map((one) => one.lang)).toEqual(['en', 'id']);
    const [english, bahasa] = variants;
    expect(english?.html).toContain('lang="en"');
    expect(bahasa?.html).toContain('lang="id"');
    expect(bahasa?.html).toContain('Senat membahas anggaran');
    expect(bahasa?.html).not.toContain('Governors meet');
    expect(english?.html).not.toContain('Gubernur');
    expect(bahasa?.text).toContain('Selasa, 14 Juli 2026');
    expect(english?.text).toContain('Tuesday 14 July 2026');
  });

  it('R25 knows its number also where another compose of it gave it a moment before', async () => {
    await bothLanguages();
    const { edition } = await draft(ctx, { newsletter, slotDate });
    await ctx.db.updateTable('editions').set({ number: null }).execute();
    const asRead = { ...edition, number: undefined };
    const given = await Promise.all([giveNumber(ctx.db, asRead), giveNumber(ctx.db, asRead)]);
    expect(given).toEqual([1, 1]);
    expect(await giveNumber(ctx.db, asRead)).toBe(1);
    expect(await giveNumber(ctx.db, { ...asRead, kind: 'weekly' })).toBeUndefined();
  });

  it('R26 carries the headers of bulk mail, each once, and reads cleanly', async () => {
    await bothLanguages();
    await draft(ctx, { newsletter, slotDate });
    const row = await ctx.db
      .selectFrom('edition_variants')
      .select('mime')
      .where('lang', '=', 'en')
      .executeTakeFirstOrThrow();
    const message = openSplicer(row.mime as ComposedMessage)({
      to: 'tom@example.org',
      messageId: '<e1.abc@example.org>',
      date: new Date('2026-07-14T11:00:00Z'),
      values: {
        masked_address: 't•••@example.org',
        signed_up_on: '3 July 2026',
        unsubscribe_url: 'https://news.example.org/u/token',
        manage_url: 'https://news.example.org/m/token',
        unsubscribe_mail: 'u+token@bounces.example.org',
      },
    });
    expect(lintMessage(message)).toEqual([]);
    const headers = message.slice(0, message.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ');
    expect(headers.match(/^List-Unsubscribe:/gm)).toHaveLength(1);
    expect(headers).toContain('List-Unsubscribe: <https://news.example.org/u/token>');
    expect(headers).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click');
    expect(headers).toMatch(/^List-Id: .*<inside-washington\.news\.example\.org>$/m);
    expect(headers).toMatch(/^Feedback-ID: 1:inside-washington:digest:[0-9a-f]{10}$/m);
    expect(headers).toMatch(/^Auto-Submitted: auto-generated$/m);
    expect(headers).toMatch(/^Precedence: bulk$/m);
  });

  it('R28 refuses what Gmail would clip even without a single story to move, and says what to do', async () => {
    await bothLanguages();
    const { edition } = await draft(ctx, { newsletter, slotDate });
    const { lang, html, mime } = await preview(ctx, { edition, newsletter });
    const { blocks } = checkVariant({ lang, html, mime, newsletter, extraBytes: 90_000 });
    expect(blocks.join()).toMatch(/^the HTML has \d+ bytes and may have 102400/);
  });

  it('escapes what comes from outside: no story becomes markup or a template', async () => {
    await receiveStories(ctx, 5);
    await receive(ctx, {
      title: 'Markup <script>alert(1)</script> {{ secrets }} [[unsubscribe_url]] & more',
      lang: 'en',
      canonicalUrl: 'https://www.example.org/markup',
      section: 'politics',
      priority: 3,
      publishedAt: ctx.clock.now(),
    });
    const { edition } = await draft(ctx, { newsletter, slotDate });
    const { html, text, view } = await preview(ctx, { edition, newsletter });
    expect(html).not.toContain('<script');
    expect(text).toContain('{{ secrets }}');
    expect(html.match(/\[\[unsubscribe_url\]\]/g)?.length).toBe(
      text.match(/\[\[unsubscribe_url\]\]/g)?.length,
    );
    expect(view.title).not.toContain('[[');
    expect(edition.state).toBe('ready');
  });

  it('does nothing to a revision that has been changed meanwhile', async () => {
    await bothLanguages();
    const { edition } = await draft(ctx, { newsletter, slotDate });
    expect(await compose(ctx, { editionId: edition.id, revision: edition.revision - 1 })).toEqual({
      kind: 'stale',
    });
    expect(await compose(ctx, { editionId: edition.id, revision: edition.revision })).toMatchObject({
      kind: 'left',
    });
  });
});

describe('showing an edition', () => {
  const pages = () => {
    const app = editionPages(ctx);
    answerFaults(app, { log: ctx.log, drawFault: () => Promise.resolve('fault' as never) });
    return app;
  };

  it('appears on the web when its sending starts, without any token, in each language', async () => {
    await bothLanguages();
    const { edition } = await draft(ctx, { newsletter, slotDate });
    expect((await pages().request(`/inside-washington/${slotDate}`)).status).toBe(404);
    await moveEdition(ctx.db, edition.id, ['ready'], 'starting', ctx.clock.now());
    await moveEdition(ctx.db, edition.id, ['starting'], 'sending', ctx.clock.now());
    const page = await pages().request(`/inside-washington/${slotDate}`);
    expect(page.status).toBe(200);
    const html = await page.text();
    expect(html).toContain('Governors meet over the rail plan');
    expect(html).not.toMatch(/\/u\/|\/m\/|\[\[/);
    const bahasa = await pages().request(`/id/inside-washington/${slotDate}`);
    expect(await bahasa.text()).toContain('Senat membahas anggaran');
    const latest = await pages().request('/inside-washington/latest');
    expect([latest.status, latest.headers.get('Location')]).toEqual([
      302,
      `https://news.example.org/inside-washington/${slotDate}`,
    ]);
    expect((await pages().request(`/fr/inside-washington/${slotDate}`)).status).toBe(404);
    expect((await pages().request('/inside-washington/2026-02-31')).status).toBe(404);
  });

  it('sends a test to people of the house, marked, with links that leave nobody', async () => {
    await bothLanguages();
    const { edition } = await draft(ctx, { newsletter, slotDate });
    const sent = await sendTest(ctx, { edition, newsletter, emails: ['desk@example.org'], by: 'live' });
    expect(sent).toMatchObject([{ email: 'desk@example.org', accepted: true }]);
    const [mail] = await readMailbox(ctx.trap);
    expect(mail?.subject).toMatch(/^\[TEST\] /);
    expect(mail?.links).toContain('https://news.example.org/u/test');
    await expect(
      sendTest(ctx, { edition, newsletter, emails: ['not an address'], by: 'live' }),
    ).rejects.toMatchObject({
      status: 422,
    });
    await expect(
      sendTest(ctx, { edition, newsletter, emails: ['desk@example.org'], by: 'test' }),
    ).rejects.toMatchObject({
      status: 403,
    });
    expect(await ctx.db.selectFrom('deliveries').select('edition_id').execute()).toEqual([]);
    expect((await findEditionById(ctx.db, edition.id))?.state).toBe('ready');
  });
});
