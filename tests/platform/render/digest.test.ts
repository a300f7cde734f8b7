import { parseHTML } from 'linkedom';
import { afterAll, expect, test } from 'vitest';
import { clean } from '../../../src/platform/render/clean.ts';
import { type RenderedMail, renderDigest } from '../../../src/platform/render/mail.ts';
import { endMjml } from '../../../src/platform/render/mjml.ts';
import { digestPlaces, findPlaces } from '../../../src/platform/render/places.ts';
import type { DigestView, StoryView } from '../../../src/platform/render/views.ts';
import { fillPlaces, naughtyStrings, sample, templates } from './samples.ts';

const editions = ['digest.en', 'digest.id', 'digest.ar'];
const htmlBytesMax = 102_400;
const typicalHtmlBytesMax = 60_000;

afterAll(endMjml);

function render(name: string): Promise<RenderedMail> {
  return renderDigest(templates, sample<DigestView>(name));
}

type MailDocument = ReturnType<typeof parseHTML>['document'];

function documentOf(html: string): MailDocument {
  return parseHTML(html).document;
}

function textsOf(document: MailDocument, selector: string): string[] {
  return [...document.querySelectorAll(selector)].map((element) => element.textContent ?? '');
}

function inOrder(text: string, parts: string[]): void {
  let from = 0;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    expect(at, `"${part}" after position ${from}`).toBeGreaterThanOrEqual(from);
    from = at + 1;
  }
}

test.each(editions)('R25 the blocks of %s stand in their order', async (name) => {
  const view = sample<DigestView>(name);
  const { html } = await render(name);
  const document = documentOf(html);
  const words = document.querySelector('body')?.textContent ?? '';
  expect(view.preheader.length).toBeGreaterThanOrEqual(40);
  expect(view.preheader.length).toBeLessThanOrEqual(90);
  expect(view.sections.length).toBeGreaterThanOrEqual(2);
  inOrder(words, [
    view.preheader,
    ...[view.folio.date, view.folio.number, view.folio.minutes, view.folio.viewInBrowser.label].map(String),
    view.masthead.name,
    String(view.greeting),
    ...[view.lead.kicker, view.lead.headline, view.lead.dek, view.lead.byline].map(String),
    ...view.sections.flatMap((section) => [section.label, ...section.stories.map((story) => story.headline)]),
    ...(view.briefs?.items ?? []).map((item) => item.text),
    ...[view.opinions?.more.label, view.opinions?.less.label].map(String),
    ...[view.passItOn.forward.label, view.passItOn.signUp.text, view.passItOn.signUp.label],
    ...['[[masked_address]]', '[[signed_up_on]]', view.footer.manage.label, view.footer.unsubscribe.label],
    ...[view.footer.privacy.label, view.footer.legalName, view.footer.postalAddress, view.footer.contact],
  ]);
  const image = document.querySelector('img');
  expect(image?.getAttribute('alt')).toBe(view.lead.image?.alt);
  expect([image?.getAttribute('width'), image?.getAttribute('height')]).toEqual(['600', '338']);
  expect(textsOf(document, 'h1')).toEqual([view.masthead.name]);
  expect(findPlaces(html).sort()).toEqual([...digestPlaces].sort());
});

test('a digest of nothing but what every edition has is whole', async () => {
  const { lang, dir, title, preheader, folio, masthead, lead, passItOn, footer } =
    sample<DigestView>('digest.en');
  const { date, viewInBrowser } = folio;
  const view = { lang, dir, title, preheader, passItOn, footer, sections: [] };
  const { html, text } = await renderDigest(templates, {
    ...view,
    folio: { date, viewInBrowser },
    masthead: { name: masthead.name },
    lead: { headline: lead.headline, url: lead.url },
  });
  expect(textsOf(documentOf(html), 'h1, h2, h3')).toEqual([masthead.name, lead.headline]);
  expect(html).not.toContain('like this');
  inOrder(text.replace(/\s+/g, ' '), [date, masthead.name, lead.headline, lead.url, passItOn.forward.url]);
  expect(findPlaces(text).sort()).toEqual([...digestPlaces].sort());
});

test.each(editions)(
  'R27 the text part of %s holds every headline and URL of the HTML in the same order',
  async (name) => {
    const { html, text } = await render(name);
    const document = documentOf(html);
    const words = text.replace(/\s+/g, ' ');
    inOrder(words, textsOf(document, 'h1, h2, h3, li a'));
    const urls = [...document.querySelectorAll('a')].map((link) => link.getAttribute('href') ?? '');
    const firstTimes = [...new Set(urls)];
    expect(firstTimes.length).toBeGreaterThan(10);
    inOrder(text, firstTimes);
    for (const url of firstTimes) expect(text).toMatch(new RegExp(`^ *${literal(url)}$`, 'm'));
    expect(findPlaces(text).sort()).toEqual([...digestPlaces].sort());
    for (const line of fillPlaces(text).split('\n')) {
      if (!/^ *(https|mailto):/.test(line)) expect(line.length).toBeLessThanOrEqual(76);
      expect(line).not.toMatch(/\s$|&[a-z#0-9]+;|<[a-z]/i);
    }
  },
);

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

test('R28 a typical edition stays under 60,000 bytes and the fullest one under 102,400', async () => {
  const typical = await render('digest.en');
  expect(Buffer.byteLength(fillPlaces(typical.html))).toBeLessThanOrEqual(typicalHtmlBytesMax);
  const full = await renderDigest(templates, fullest());
  expect(Buffer.byteLength(fillPlaces(full.html))).toBeLessThan(htmlBytesMax);
  expect(documentOf(full.html).querySelectorAll('h3')).toHaveLength(20);
});

/** Five sections of four stories, four thumbnails, eight briefs, every text as long as it may be. */
function fullest(): DigestView {
  const view = sample<DigestView>('digest.en');
  const url = `https://news.example.org/2026/07/${'a-long-slug-'.repeat(8)}`;
  const image = {
    url: `${url}.jpg`,
    alt: 'An image described at length '.repeat(4),
    width: 800,
    height: 600,
  };
  const story: StoryView = { headline: 'h'.repeat(110), dek: 'Dek '.repeat(45), url, minutes: '12 min read' };
  const section = { label: 'A section', stories: [{ ...story, image }, story, story, story] };
  return {
    ...view,
    lead: { ...view.lead, headline: 'h'.repeat(110), dek: 'Dek '.repeat(75), url },
    sections: [section, section, section, section, { ...section, stories: [story, story, story, story] }],
    briefs: { label: 'In brief', items: Array.from({ length: 8 }, () => ({ text: 'b'.repeat(140), url })) },
  };
}

test('the same view gives the same mail, twice', async () => {
  expect(await render('digest.id')).toEqual(await render('digest.id'));
});

test('a digest of a lead and one section, with nothing optional, is whole', async () => {
  const { greeting, briefs, ...view } = sample<DigestView>('digest.en');
  expect([greeting, briefs]).not.toContain(undefined);
  const lead = { headline: 'Only this', url: 'https://news.example.org/only' };
  const bare: DigestView = {
    ...view,
    folio: { date: view.folio.date, viewInBrowser: view.folio.viewInBrowser },
    masthead: { name: view.masthead.name },
    lead,
    sections: [{ label: 'City', stories: [{ headline: 'A story', url: 'https://news.example.org/a' }] }],
  };
  const { html, text } = await renderDigest(templates, bare);
  expect(textsOf(documentOf(html), 'h1, h2, h3')).toEqual([
    'Inside Washington',
    'Only this',
    'City',
    'A story',
  ]);
  expect(html).not.toMatch(/null|undefined/);
  expect(text).not.toMatch(/null|undefined|\n{3}/);
});

test('a story in another language says so to screen readers and to the eye', async () => {
  const { html, text } = await render('digest.en');
  const foreign = documentOf(html).querySelector('h3[lang]');
  expect([foreign?.getAttribute('lang'), foreign?.getAttribute('dir')]).toEqual(['id', 'auto']);
  expect(html).toContain('4 min read &middot; Indonesian');
  expect(text).toContain('4 min read · Indonesian');
});

test('an address of several lines stands in one', async () => {
  const view = sample<DigestView>('digest.en');
  view.footer.postalAddress = 'Jalan Sabang 21,\r\nJakarta 10340\nIndonesia';
  const { html, text } = await renderDigest(templates, view);
  expect(html).toContain('Jalan Sabang 21, Jakarta 10340, Indonesia');
  expect(text).toContain('Jalan Sabang 21, Jakarta 10340, Indonesia');
});

test('a link that is not https, http or mailto is refused', async () => {
  const view = sample<DigestView>('digest.en');
  view.lead.url = 'javascript:alert(1)';
  await expect(renderDigest(templates, view)).rejects.toThrow(
    'must be https, http or mailto, not "javascript:alert(1)"',
  );
});

test('a view that lacks a field is refused with its name', async () => {
  const view = { ...sample<DigestView>('digest.en'), preheader: undefined } as unknown as DigestView;
  await expect(renderDigest(templates, view)).rejects.toThrow(/the view has no "preheader"/);
});

const naughty = naughtyStrings();

test.skipIf(!naughty)(
  'titles that break programs appear literally in both parts (needs the shared corpora)',
  async () => {
    const titles = [
      ...(naughty ?? []),
      ...[
        '[[unsubscribe_url]]',
        '{{ footer.why }}',
        '{% raw %}',
        '{{',
        '}}',
        '<mj-include path="x" />',
        '</mj-text>',
      ],
      ...['JUICE_CODE_BLOCK_0_', '<!--[if mso]>', '<![endif]-->', '-->', '$&$1', '&amp;&lt;', '<% x %>'],
    ];
    const view = sample<DigestView>('digest.en');
    const url = 'https://news.example.org/a';
    view.briefs = { label: 'In brief', items: titles.map((text) => ({ text, url })) };
    view.sections = [{ label: 'A', stories: titles.map((headline) => ({ headline, url, dek: headline })) }];
    const { html, text } = await renderDigest(templates, view);
    const expected = titles.map(clean);
    const document = documentOf(html);
    expect(textsOf(document, 'li a')).toEqual(expected);
    expect(textsOf(document, 'h3 a')).toEqual(expected);
    expect(document.querySelectorAll('h3 a[style*="underline"]')).toHaveLength(titles.length);
    expect(findPlaces(html)).toHaveLength(digestPlaces.length);
    expect(findPlaces(text)).toHaveLength(digestPlaces.length);
    const bare = (string: string) => string.replace(/[\s\u2060]+/g, '');
    inOrder(
      bare(text.slice(text.indexOf('In brief'))),
      expected.map(bare).filter((title) => title !== ''),
    );
  },
);
