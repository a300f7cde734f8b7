import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeEdition } from '../../src/editions/change.ts';
import { compose } from '../../src/editions/compose.ts';
import { draft } from '../../src/editions/draft.ts';
import { findEditionById } from '../../src/editions/find.ts';
import { moveEdition } from '../../src/editions/move.ts';
import { publishEdition } from '../../src/editions/publish.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { openNewsroom, receiveStories } from '../support/newsroom.ts';
import { openTestWeb, type Web } from '../support/web.ts';

// WCAG 3.1.2: an Indonesian page whose edition had English stories alone names it in English.

let web: Web;
let newsletter: Newsletter;

beforeAll(async () => {
  web = await openTestWeb();
  newsletter = await openNewsroom(web.ctx);
  await goOut('2026-07-13', { id: 'Senin di ibu kota' });
  await goOut('2026-07-14');
  await goOut('2026-07-15');
});
afterAll(() => web.close());

async function goOut(slotDate: string, subject?: Record<string, string>): Promise<void> {
  const { ctx } = web;
  ctx.clock.set(new Date(`${slotDate}T10:00:00Z`));
  await receiveStories(ctx, 6, (index) => ({ canonicalUrl: `https://www.example.org/${slotDate}/${index}` }));
  let { edition } = await draft(ctx, { newsletter, slotDate });
  if (subject) {
    edition = await changeEdition(ctx, { edition, newsletter, words: { subject } });
    await compose(ctx, { editionId: edition.id, revision: edition.revision });
    edition = (await findEditionById(ctx.db, edition.id)) ?? edition;
  }
  ctx.clock.set(new Date(`${slotDate}T11:00:00Z`));
  await ctx.db.transaction().execute(async (tx) => {
    await moveEdition(tx, edition.id, ['ready'], 'starting', ctx.clock.now());
    await moveEdition(tx, edition.id, ['starting'], 'sending', ctx.clock.now());
    await publishEdition(tx, edition.id, ctx.config.baseUrl);
  });
}

const page = async (path: string) => (await fetch(web.url + path)).text();
const titled = (html: string, date: string) =>
  new RegExp(`<(?:li|h3)><a href="[^"]*/id/inside-washington/${date}"([^>]*)>`).exec(html)?.[1];

describe('a title in another language than the page', () => {
  it('is marked in the archive and on the sign-up page, and an editor’s own words are not', async () => {
    for (const html of [await page('/id/inside-washington'), await page('/s/inside-washington?lang=id')]) {
      expect(titled(html, '2026-07-15')).toBe(' lang="en"');
      expect(titled(html, '2026-07-14')).toBe(' lang="en"');
      expect(titled(html, '2026-07-13')).toBe('');
    }
    expect(await page('/inside-washington')).not.toMatch(/<h3><a [^>]*lang=/);
  });

  it('is marked within the words that lead on to it', async () => {
    const html = await page('/id/inside-washington/2026-07-14');
    expect(html).toMatch(/<a rel="next"[^>]*>Edisi berikutnya: <span lang="en">[^<]+<\/span><\/a>/);
    expect(html).toMatch(/<a rel="prev"[^>]*>Edisi sebelumnya: Senin di ibu kota<\/a>/);
    expect(html).not.toContain('\0');
  });
});
