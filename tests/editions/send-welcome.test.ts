import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../src/context.ts';
import { draft } from '../../src/editions/draft.ts';
import type { Edition } from '../../src/editions/edition.ts';
import { moveEdition } from '../../src/editions/move.ts';
import { publishEdition } from '../../src/editions/publish.ts';
import { sendWelcome } from '../../src/editions/send-welcome.ts';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { unsubscribe } from '../../src/subscribers/unsubscribe.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { openNewsroom, receiveStories } from '../support/newsroom.ts';
import { type Program, runProgram } from '../support/program.ts';
import { look, press } from '../support/reader.ts';
import { mailsTo, subscribe } from '../support/sign-ups.ts';

const indonesian = [
  'Senat membahas anggaran',
  'Mahkamah mendengar perkara air',
  'Gubernur bertemu soal kereta',
  'Serikat pekerja memilih',
  'Tarif listrik ditinjau ulang',
];

/** Yesterday's edition, in the languages asked for, on the web and sent. */
async function publish(
  ctx: Context,
  newsletter: Newsletter,
  { slotDate, languages = ['en', 'id'] }: { slotDate: string; languages?: string[] },
): Promise<Edition> {
  const at = `https://www.example.org/${slotDate}`;
  await receiveStories(ctx, 6, (index) => ({ canonicalUrl: `${at}/en/${index}` }));
  if (languages.includes('id')) {
    await receiveStories(ctx, 5, (index) => ({
      lang: 'id',
      title: `${indonesian[index]}`,
      canonicalUrl: `${at}/id/${index}`,
    }));
  }
  const { edition } = await draft(ctx, { newsletter, slotDate });
  const now = ctx.clock.now();
  await moveEdition(ctx.db, edition.id, ['ready'], 'starting', now);
  await moveEdition(ctx.db, edition.id, ['starting'], 'sending', now);
  await publishEdition(ctx.db, edition.id, ctx.config.baseUrl);
  await moveEdition(ctx.db, edition.id, ['sending'], 'sent', now);
  return edition;
}

const today = '2026-07-14';

describe('the welcome, by the workers', () => {
  let program: Program;
  beforeAll(async () => {
    program = await runProgram();
  });
  afterAll(() => program.stop());

  it('R24 arrives once, within a minute, with the latest stories in the reader’s language', async () => {
    const { ctx } = program;
    // Three days from now, so that no edition is near, whatever the hour of this test.
    const day = ((ctx.clock.now().getUTCDay() + 2) % 7) + 1;
    const newsletter = await openNewsroom(ctx, { calendar: { days: [day], time: '07:00' } });
    await publish(ctx, newsletter, { slotDate: new Date().toISOString().slice(0, 10) });
    for (const [email, lang, subject, headline, whole] of [
      [
        'rina@example.com',
        'id',
        'Selamat datang di Inside Washington',
        indonesian[4],
        'Baca edisi selengkapnya',
      ],
      [
        'tom@example.com',
        'en',
        'Welcome to Inside Washington',
        'Union votes on the postal contract again',
        'Read the whole edition',
      ],
    ] as const) {
      await press(await look(`${program.url}/s/inside-washington?lang=${lang}`), { email });
      const asked = await program.mailTo(email);
      const link = asked.links.find((one) => /\/confirm\/[\w-]{22}$/.test(one)) ?? '';
      const startedMs = performance.now();
      await press(await look(link));
      const welcome = await program.mailTo(email, (mail) => mail.subject === subject);
      expect(performance.now() - startedMs).toBeLessThan(60_000);
      expect(welcome.text).toContain(headline);
      expect(welcome.html).toContain(headline);
      expect(welcome.text).toContain(whole);
      expect(welcome.headers.has('list')).toBe(true);
      const stories = welcome.links.filter((one) => one.startsWith('https://www.example.org/2'));
      expect(stories).toHaveLength(4);
      expect(stories.every((one) => one.includes(`/${lang}/`))).toBe(true);
      // Again the same link: success again, and no second welcome.
      await press(await look(link)).catch(() => undefined);
      expect((await program.mailsTo(email)).filter((mail) => mail.subject === subject)).toHaveLength(1);
    }
  });
});

describe('the welcome', () => {
  let ctx: TestContext;
  let newsletter: Newsletter;
  beforeEach(async () => {
    ctx = await testContext();
    newsletter = await openNewsroom(ctx);
  });
  afterEach(() => ctx.close());

  it('R24 is not sent again when a reader leaves, comes back and confirms anew', async () => {
    await publish(ctx, newsletter, { slotDate: today });
    ctx.clock.advance(3 * hourMs);
    const { subscriberId } = await subscribe(ctx, 'tom@example.com');
    expect(await welcomes('tom@example.com')).toHaveLength(1);
    const by = { newsletterId: newsletter.id, method: 'page', actor: 'reader' } as const;
    await unsubscribe(ctx, { subscriberId, ...by });
    ctx.clock.advance(hourMs);
    await subscribe(ctx, 'tom@example.com');
    expect(await welcomes('tom@example.com')).toHaveLength(1);
  });

  it('remembers which stories it told', async () => {
    const edition = await publish(ctx, newsletter, { slotDate: today });
    ctx.clock.advance(3 * hourMs);
    await subscribe(ctx, 'tom@example.com');
    await welcomes('tom@example.com');
    const letter = await ctx.db
      .selectFrom('letters')
      .select('story_ids')
      .where('kind', '=', 'welcome')
      .executeTakeFirstOrThrow();
    const placed = await ctx.db
      .selectFrom('edition_stories as e')
      .innerJoin('articles as a', 'a.story_id', 'e.story_id')
      .select(['e.story_id', 'e.place', 'a.title'])
      .where('e.edition_id', '=', edition.id)
      .execute();
    const [mail] = await welcomes('tom@example.com');
    expect(letter.story_ids).toHaveLength(4);
    expect(placed.find((story) => story.place === 'lead')?.story_id).toBe(letter.story_ids?.[0]);
    for (const id of letter.story_ids ?? []) {
      expect(mail?.text).toContain(placed.find((story) => story.story_id === id)?.title);
    }
  });

  it('tells the stories of another language, and says so, where the edition lacks the reader’s', async () => {
    await publish(ctx, newsletter, { slotDate: today });
    await ctx.db.deleteFrom('edition_pages').where('lang', '=', 'id').execute();
    ctx.clock.advance(3 * hourMs);
    await subscribe(ctx, 'rina@example.com', { lang: 'id' });
    const [mail] = await welcomes('rina@example.com');
    expect(mail?.text.replace(/\s+/g, ' ')).toContain(
      'Edisi terbaru tidak tersedia dalam bahasa Indonesia; berita berikut dalam bahasa Inggris.',
    );
    expect(mail?.text).toContain('Union votes on the postal contract again');
    expect(mail?.html).toContain('lang="en"');
  });

  it('has no stories when an edition reaches the reader at this time, and says that it is on its way', async () => {
    await publish(ctx, newsletter, { slotDate: '2026-07-13' });
    for (const [time, email, isNear] of [
      ['06:25', 'early@example.com', false],
      ['06:35', 'near@example.com', true],
      ['06:59', 'nearer@example.com', true],
      ['07:05', 'after@example.com', false],
    ] as const) {
      ctx.clock.setLocal(today, time, 'America/New_York');
      await subscribe(ctx, email);
      const [mail] = await welcomes(email);
      expect(mail?.text.includes('Your first edition is on its way.'), time).toBe(isNear);
      expect(mail?.text.includes('From the latest edition'), time).toBe(!isNear);
    }
  });

  it('has no stories when the reader confirmed before an edition that is being sent was frozen', async () => {
    ctx.clock.setLocal(today, '09:00', 'America/New_York');
    await subscribe(ctx, 'tom@example.com');
    ctx.clock.advance(1_000);
    await publish(ctx, newsletter, { slotDate: today });
    const [mail] = await welcomes('tom@example.com');
    expect(mail?.text).toContain('Your first edition is on its way.');
    expect(mail?.text).not.toContain('Union votes');
  });

  it('welcomes before the first edition with when it comes', async () => {
    ctx.clock.setLocal(today, '09:00', 'America/New_York');
    await subscribe(ctx, 'tom@example.com');
    const [mail] = await welcomes('tom@example.com');
    expect(mail?.text).toContain('Your next edition arrives on Wednesday 15 July 2026, about 07:00.');
    expect(mail?.text).not.toContain('Read the whole edition');
  });

  it('says an editor’s own words, in the languages they wrote them in', async () => {
    newsletter = await changeNewsletter(ctx, newsletter.id, {
      welcome: {
        en: 'I am Maria, and I edit this. One lead, three sections: five minutes, then you are done.',
      },
      from_name: 'Maria Ortega',
    });
    await subscribe(ctx, 'tom@example.com');
    await subscribe(ctx, 'rina@example.com', { lang: 'id' });
    const [mail] = await welcomes('tom@example.com');
    expect(mail?.text).toContain('I am Maria, and I edit this.');
    expect(mail?.text).not.toContain('Thank you for signing up');
    expect(mail?.text).toContain('Written by Maria Ortega.');
    const [bahasa] = await welcomes('rina@example.com');
    expect(bahasa?.text).toContain('Terima kasih telah mendaftar Inside Washington.');
    const { welcome } = await changeNewsletter(ctx, newsletter.id, { welcome: { en: null } });
    expect(welcome).toEqual({});
  });

  const hourMs = 3_600_000;

  /** Sends what waits, as the workers would, and gives back the welcomes that arrived. */
  async function welcomes(email: string) {
    const due = await ctx.db
      .selectFrom('letters')
      .select('id')
      .where('kind', '=', 'welcome')
      .where('state', '=', 'queued')
      .execute();
    for (const { id } of due) await sendWelcome(ctx, { letterId: id });
    return (await mailsTo(ctx, email)).filter((mail) => /^(Welcome|Selamat datang)/.test(mail.subject));
  }
});
