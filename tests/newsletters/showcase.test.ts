import { afterAll, describe, expect, it } from 'vitest';
import { showEdition, shownEditions } from '../../src/newsletters/showcase.ts';
import { testContext } from '../support/context.ts';
import { openNewsroom } from '../support/newsroom.ts';

const ctx = await testContext();
afterAll(() => ctx.close());
const { id: newsletterId } = await openNewsroom(ctx);

const edition = (editionId: number, subject = `Edition ${editionId}`) => ({
  editionId,
  slotDate: `2026-07-${10 + editionId}`,
  subject,
  url: `https://news.example.org/inside-washington/2026-07-${10 + editionId}`,
});
const subjects = async (lang = 'en') =>
  (await shownEditions(ctx.db, newsletterId, lang, ctx.clock.now())).map((one) => one.subject);

describe('the showcase', () => {
  it('is empty before the first edition', async () => {
    expect(await subjects()).toEqual([]);
  });

  it('shows the newest three of a language, whatever order they come in and however often', async () => {
    for (const n of [2, 4, 1, 3, 3, 4]) await showEdition(ctx.db, { newsletterId, lang: 'en' }, edition(n));
    expect(await subjects()).toEqual(['Edition 4', 'Edition 3', 'Edition 2']);
    expect(await subjects('id')).toEqual([]);
    await showEdition(ctx.db, { newsletterId, lang: 'en' }, edition(3, 'A \'corrected\' "subject"'));
    expect(await subjects()).toEqual(['Edition 4', 'A \'corrected\' "subject"', 'Edition 2']);
  });
});
