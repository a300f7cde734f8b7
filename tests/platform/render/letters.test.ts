import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, expect, test } from 'vitest';
import { checkHtml } from '../../../src/platform/render/check-html.ts';
import { clean } from '../../../src/platform/render/clean.ts';
import { completeLetter } from '../../../src/platform/render/complete.ts';
import { renderLetter } from '../../../src/platform/render/mail.ts';
import { endMjml, renderMjml } from '../../../src/platform/render/mjml.ts';
import { findPlaces } from '../../../src/platform/render/places.ts';
import { builtInTemplates } from '../../../src/platform/render/templates.ts';
import type { ConfirmationView, LetterName, PausedView } from '../../../src/platform/render/views.ts';
import { naughtyStrings, sample, templates } from './samples.ts';

const letterHtmlBytesMax = 20_480;
const confirmationWordsMax = 90;

afterAll(endMjml);

const letters = readdirSync(join(builtInTemplates(), 'samples'))
  .map((file) => file.replace(/\.json$/, ''))
  .filter((name) => !name.startsWith('digest'));

function templateOf(letter: string): LetterName {
  return letter.replace(/\..*$/, '').replace('-several', '') as LetterName;
}

function documentOf(html: string): ReturnType<typeof parseHTML>['document'] {
  return parseHTML(html).document;
}

test.each(letters)('%s is small, whole in both parts, and the same when rendered twice', async (letter) => {
  const view = sample<ConfirmationView>(letter);
  const mail = await renderLetter(templates, templateOf(letter), view);
  expect(await renderLetter(templates, templateOf(letter), sample(letter))).toEqual(mail);
  expect(Buffer.byteLength(mail.html)).toBeLessThanOrEqual(letterHtmlBytesMax);
  const document = documentOf(mail.html);
  expect(document.querySelectorAll('h1')).toHaveLength(1);
  expect(document.querySelector('title')?.textContent).toBe(view.title);
  expect(document.querySelectorAll('img')).toHaveLength(0);
  const words = mail.text.replace(/\s+/g, ' ');
  for (const paragraph of document.querySelectorAll('h1, li, p:not(:has(br))')) {
    const text = (paragraph.textContent ?? '').replace(/\s+/g, ' ');
    if (!paragraph.querySelector('a') && text !== view.orOpen) expect(words).toContain(text.trim());
  }
  for (const link of document.querySelectorAll('a')) expect(mail.text).toContain(link.getAttribute('href'));
  for (const line of mail.text.split('\n'))
    if (!line.startsWith('https:')) expect(line.length).toBeLessThanOrEqual(76);
});

test.each(letters)('%s is the same from its kept frame as from MJML directly', async (letter) => {
  const name = templateOf(letter);
  const { html } = await renderLetter(templates, name, sample(letter));
  const direct = await renderMjml(templates.render(`${name}.mjml`, completeLetter(name, sample(letter))));
  expect(html).toBe(direct.html);
});

test.each(['confirmation.en', 'confirmation.id', 'confirmation-several.en'])(
  'R19 %s has one button, the same URL as text, no remote image and at most 90 words',
  async (letter) => {
    const view = sample<ConfirmationView>(letter);
    const { html, text } = await renderLetter(templates, 'confirmation', view);
    const document = documentOf(html);
    const toConfirm = [...document.querySelectorAll('a')].filter(
      (a) => a.getAttribute('href') === view.button.url,
    );
    expect(toConfirm.map((link) => (link.textContent ?? '').trim())).toEqual([
      view.button.label,
      view.button.url,
    ]);
    expect(document.querySelectorAll('.button')).toHaveLength(1);
    expect(html).not.toMatch(/<img|url\(|@import|<link/i);
    expect(text).toContain(`${view.button.label}:\n${view.button.url}\n`);
    const visible = [...document.querySelectorAll('[role=main] h1, [role=main] p, [role=main] li, .button')]
      .map((element) => (element.textContent ?? '').replaceAll(view.button.url, ''))
      .join(' ');
    expect(visible.split(/\s+/).filter(Boolean).length).toBeLessThanOrEqual(confirmationWordsMax);
    for (const name of view.newsletters ?? []) expect(visible).toContain(name);
    if (view.marketing) expect(visible).toContain(view.marketing);
  },
);

test('letters of one shape do not see each other, and only the welcome has places', async () => {
  const view = sample<PausedView>('paused.en');
  const other: PausedView = { ...view, resume: { ...view.resume, url: 'https://news.example.org/m/other' } };
  const [one, two] = await Promise.all([
    renderLetter(templates, 'paused', view),
    renderLetter(templates, 'paused', other),
  ]);
  expect(one.html).toContain(view.resume.url);
  expect(two.html).not.toContain(`href="${view.resume.url}" style="display`);
  expect(two.html).toContain('href="https://news.example.org/m/other"');
  for (const letter of letters) {
    const { html, text } = await renderLetter(templates, templateOf(letter), sample(letter));
    expect(findPlaces(html).length > 0).toBe(letter.startsWith('welcome'));
    expect(findPlaces(text).length > 0).toBe(letter.startsWith('welcome'));
  }
});

test('a letter refuses a link that runs, even when its frame is kept', async () => {
  const view = sample<PausedView>('paused.en');
  await renderLetter(templates, 'paused', view);
  const bad = { ...view, resume: { label: 'x', url: 'javascript:alert(1)' } };
  await expect(renderLetter(templates, 'paused', bad)).rejects.toThrow(/must be https/);
  await renderLetter(templates, 'paused', view);
});

test('a letter’s frame refuses a value that stands in a tag without quotes', () => {
  for (const tag of ['<p \ue0000\ue001>', '<a href=\ue0000\ue001>', '<a href="https://x" \ue0000\ue001>'])
    expect(() => checkHtml(tag)).toThrow(/must stand between quotes/);
  checkHtml('<a href="\ue0000\ue001" title="\ue0001\ue001">\ue0002\ue001</a>');
});

test('a text in a letter is escaped, cleaned and never a place', async () => {
  const view = sample<PausedView>('paused.en');
  for (const text of [...(naughtyStrings() ?? []), '[[manage_url]]', '{{ x }}', '\ue0003\ue001', '<b>&"']) {
    const { html } = await renderLetter(templates, 'paused', { ...view, heading: `Heading ${text}` });
    const heading = documentOf(html).querySelector('h1')?.textContent ?? '';
    expect(heading).toBe(clean(`Heading ${text}`));
    expect(findPlaces(html)).toEqual([]);
  }
});
