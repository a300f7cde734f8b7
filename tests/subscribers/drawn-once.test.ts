import { expect, it } from 'vitest';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import { getNewsletter } from '../../src/newsletters/find.ts';
import { setPublisher } from '../../src/newsletters/publisher.ts';
import { showEdition } from '../../src/newsletters/showcase.ts';
import { drawnOnce } from '../../src/subscribers/drawn-once.ts';
import { openWashingtonPages } from '../support/inside-washington.ts';
import { look } from '../support/reader.ts';

const { web, washington } = await openWashingtonPages();
const { ctx } = web;
const form = (path = '/s/inside-washington', headers = {}) => look(web.url + path, { headers });

it('the form follows every change of what it shows at once', async () => {
  const before = await form();
  expect((await form()).text).toBe(before.text);

  await changeNewsletter(ctx, washington.id, { name: 'Inside the Capital' });
  expect((await form()).text).toContain('Inside the Capital');
  await setPublisher(ctx, { name: 'Another Publisher', legal_name: 'Another Publisher Ltd' });
  const renamed = await form();
  expect(renamed.text).toContain('Another Publisher Ltd');
  expect(renamed.forms[0]?.fields.consent_v).not.toBe(before.forms[0]?.fields.consent_v);

  const url = 'https://news.example.org/inside-washington/2026-07-11';
  const edition = { editionId: 1, slotDate: '2026-07-11', subject: 'What a day', url };
  await showEdition(ctx.db, { newsletterId: washington.id, lang: 'en' }, edition);
  expect((await form()).text).toContain('What a day');
});

it('the form that was kept is answered with all the headers of the one that was drawn', async () => {
  const headersOf = async () => {
    const { headers } = await fetch(`${web.url}/s/inside-washington?lang=id&src=headers`);
    return Object.fromEntries(
      [...headers].filter(([name]) => !['date', 'dateline-request-id'].includes(name)),
    );
  };
  const drawn = await headersOf();
  expect(drawn).toMatchObject({ 'content-language': 'id' });
  expect(await headersOf()).toEqual(drawn);
});

it('the form is drawn for each language, place and origin apart', async () => {
  await form();
  const indonesian = await form('/s/inside-washington', { 'Accept-Language': 'id' });
  expect(indonesian.forms[0]?.fields).toMatchObject({ lang: 'id' });
  expect((await form()).forms[0]?.fields).toMatchObject({ lang: 'en' });
  expect((await form('/s/inside-washington?topics=world')).forms[0]?.fields).toMatchObject({
    topics: 'world',
  });
  expect((await form()).forms[0]?.fields).not.toHaveProperty('topics');
  expect((await form('/embed/inside-washington?src=side')).forms[0]?.fields).toMatchObject({ src: 'side' });
  expect((await form('/embed/inside-washington')).forms[0]?.fields).toMatchObject({ src: 'frame' });
});

it('a page is drawn once, and again when 100 others were looked at since', async () => {
  const newsletter = await getNewsletter(ctx.db, washington.id);
  let drawings = 0;
  const page = (key: string) => drawnOnce(newsletter, key, () => `${key} ${++drawings}`);
  expect([page('first'), page('first')]).toEqual(['first 1', 'first 1']);
  for (let n = 2; n <= 100; n++) page(`other ${n}`);
  expect(page('first')).toBe('first 1');
  for (let n = 101; n <= 200; n++) page(`other ${n}`);
  expect(page('first')).toBe('first 201');
});
