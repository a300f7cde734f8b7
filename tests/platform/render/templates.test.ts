import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { clean } from '../../../src/platform/render/clean.ts';
import { findPlaces } from '../../../src/platform/render/places.ts';
import { openTemplates, TemplateError, type Templates } from '../../../src/platform/render/templates.ts';

const made: string[] = [];
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true });
});

function templatesOf(files: Record<string, string>): Templates {
  const directory = mkdtempSync(join(tmpdir(), 'dateline-templates-'));
  made.push(directory);
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), source);
  }
  return openTemplates(directory);
}

function failure(work: () => unknown): TemplateError {
  try {
    work();
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('a value is escaped in HTML and stands as it is in plain text', () => {
  const templates = templatesOf({ 'a.mjml': '<p title="{{ t }}">{{ t }}</p>', 'a.txt': '{{ t }}' });
  const t = `<b>"Fish" & 'chips'</b>`;
  const escaped = '&lt;b&gt;&quot;Fish&quot; &amp; &#39;chips&#39;&lt;/b&gt;';
  expect(templates.render('a.mjml', { t })).toBe(`<p title="${escaped}">${escaped}</p>`);
  expect(templates.render('a.txt', { t })).toBe(t);
});

test('a value that reads like a template stays a value', () => {
  const templates = templatesOf({ 'a.mjml': '{{ t }}', 'a.txt': '{{ t }}' });
  const t = '{{ secret }} {% if x %} {{ t }} <% e %>';
  expect(templates.render('a.txt', { t, secret: 'told' })).toBe(t);
  const html = templates.render('a.mjml', { t, secret: 'told' });
  expect(html).not.toContain('told');
  expect(html).not.toMatch(/\{\{|\{%/);
  expect(html.replaceAll('&#123;', '{')).toContain('{{ secret }} {% if x %}');
});

test('a place passes through unchanged, and only a template can write one', () => {
  const templates = templatesOf({
    'a.mjml': '<a href="[[unsubscribe_url]]">{{ t }}</a>[{{ t }}]{{ a }}{{ b }}',
    'a.txt': '[[unsubscribe_url]] {{ t }} [{{ t }}] {{ a }}{{ b }} {{ url }}',
  });
  const view = {
    t: '[masked_address]] [[masked_address]] [[[manage_url]]]',
    a: '[',
    b: '[manage_url]]',
    url: 'https://example.org/?a[[manage_url]]',
  };
  for (const name of ['a.mjml', 'a.txt']) {
    const filled = templates.render(name, view);
    expect(findPlaces(filled)).toEqual(['unsubscribe_url']);
    expect(filled).toContain('[[unsubscribe_url]]');
  }
  expect(templates.render('a.txt', view)).toContain('https://example.org/?a%5B%5Bmanage_url]]');
});

test('no value whatever becomes a place', () => {
  const templates = templatesOf({
    'a.mjml': '{{ a }}{{ b }}[[manage_url]]',
    'a.txt': '{{ a }}{{ b }}[[manage_url]]',
  });
  const piece = fc.constantFrom(
    '[',
    '[[',
    ']]',
    '[[manage_url]]',
    'masked_address',
    '\ufdd0',
    '\ufdd1',
    '\u2060',
    ' ',
  );
  const value = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(value, value, (a, b) => {
      for (const name of ['a.mjml', 'a.txt']) {
        const filled = templates.render(name, { a, b });
        expect(filled.match(/\[\[/g)).toHaveLength(1);
        expect(filled.endsWith('[[manage_url]]')).toBe(true);
      }
    }),
  );
});

test('a wording may hold the places that its template names, and no others', () => {
  const templates = templatesOf({ 'a.mjml': `{{ why | places: 'masked_address' }}` });
  const html = templates.render('a.mjml', { why: 'As [[masked_address]], <[[unsubscribe_url]]>' });
  expect(html).toBe('As [[masked_address]], &lt;&#91;[unsubscribe_url]]&gt;');
});

test('a missing variable is named with its template, line and name', () => {
  const templates = templatesOf({
    'a.mjml': 'one\ntwo {{ lead.headlin }}\n',
    'b.mjml': `one\n{% render 'parts/c.mjml', story: story %}`,
    'parts/c.mjml': '\n\n{{ story.title }}{{ elsewhere }}',
    'd.txt': '{% if greting %}hello{% endif %}',
  });
  const inLead = failure(() => templates.render('a.mjml', { lead: { headline: 'x' } }));
  expect(inLead.message).toBe('a.mjml, line 2: the view has no "lead.headlin"');
  expect(inLead).toMatchObject({ template: 'a.mjml', line: 2, variable: 'lead.headlin' });
  const inPart = failure(() =>
    templates.render('b.mjml', { story: { title: 'x' }, elsewhere: 'not handed over' }),
  );
  expect(inPart).toMatchObject({ template: 'parts/c.mjml', line: 3, variable: 'elsewhere' });
  expect(failure(() => templates.render('d.txt', { greeting: null }))).toMatchObject({ variable: 'greting' });
});

test('nothing of JavaScript is reached through a view', () => {
  const templates = templatesOf({ 'a.txt': '{{ story.constructor.name }}', 'b.txt': '{{ story.toString }}' });
  expect(failure(() => templates.render('a.txt', { story: {} })).variable).toContain('story.constructor');
  expect(failure(() => templates.render('b.txt', { story: {} })).variable).toContain('story.toString');
});

test.each([
  ['an unknown filter', '\n{{ t | shout }}', /a\.mjml, line 2: undefined filter: shout/],
  ['the raw filter', '{{ t | raw }}', /a\.mjml, line 1: undefined filter: raw/],
  ['an unknown tag', '\n\n{% iff x %}', /a\.mjml, line 3: .*iff/],
  ['a tag that is never closed', '{% if x %}', /a\.mjml, line 1: .*not closed/],
  ['include', `{% include 'parts/x.mjml' %}`, /a\.mjml, line 1: .*include/],
  [
    'a part that is not there',
    `{% render 'parts/none.mjml' %}`,
    /a\.mjml, line 1: 'parts\/none\.mjml' is not/,
  ],
  ['a part chosen by data', '{% render name %}', /a\.mjml, line 1: name is not the quoted name/],
  ['a part outside parts/', `{% render '../secret.mjml' %}`, /line 1: '\.\.\/secret\.mjml' is not/],
  ['an unknown place', 'x\n[[unsubscribe_link]]', /a\.mjml, line 2: unknown place \[\[unsubscribe_link\]\]/],
])('%s is refused when the templates are opened', (_, source, message) => {
  expect(failure(() => templatesOf({ 'a.mjml': source })).message).toMatch(message);
});

test('a group of values is not printed as one', () => {
  const templates = templatesOf({ 'a.mjml': 'x\n{{ link }}' });
  expect(() => templates.render('a.mjml', { link: { label: 'x', url: 'y' } })).toThrow(
    /a\.mjml, line 2: .*list or a group/,
  );
});

test('an unknown template is named with those that exist', () => {
  expect(() => templatesOf({ 'a.mjml': '' }).render('b.mjml', {})).toThrow(
    'there is no template b.mjml; there are a.mjml',
  );
});

test('control characters, overrides and halves of characters are taken out of a text', () => {
  expect(clean('a\u0000b\u0007c\u009fd\u007fe')).toBe('abcde');
  expect(clean('one\r\ntwo\tthree\u2028four')).toBe('one two three four');
  expect(clean('\u202egnp.exe\u202c \u2066x\u2069 \ufeff')).toBe('gnp.exe x ');
  expect(clean('half \ud83d, whole 😀, none \ufdd0\uffff')).toBe('half \ufffd, whole 😀, none ');
  expect(clean('\u200fعربي\u200e 👩‍👧 Ångström')).toBe('\u200fعربي\u200e 👩‍👧 Ångström');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(clean(clean(text))).toBe(clean(text));
    }),
  );
});
