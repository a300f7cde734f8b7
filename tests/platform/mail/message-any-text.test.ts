import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lintMessage } from '../../../src/platform/mail/lint-message.ts';
import { composeMessage, type MessageParts } from '../../../src/platform/mail/message.ts';
import { openSplicer } from '../../../src/platform/mail/open-splicer.ts';
import { digest, naughtyStrings, readTwice, rina } from './sample-message.ts';

const naughty = naughtyStrings();

function splice(parts: Partial<MessageParts>, values = rina.values): string {
  return openSplicer(composeMessage({ ...digest, ...parts }))({ ...rina, values });
}

const storyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc
    .array(
      fc.constantFrom(
        '.',
        '..',
        'From ',
        'F',
        '=',
        '=3D',
        '\n',
        '\r\n',
        '\r',
        ' ',
        '\t',
        '--',
        '"',
        "'",
        '&amp;',
        'é',
        '😀',
        'x'.repeat(80),
      ),
      { maxLength: 40 },
    )
    .map((bits) => bits.join('')),
);

/** The oracle: each line end in template or value becomes one LF, then the values go in. */
function substitute(template: string, values: Readonly<Record<string, string>>, forHtml: boolean): string {
  const replaced = lf(template).replace(/\[\[(\w+)\]\]/g, (_, name: string) => {
    const value = lf(values[name] ?? '');
    return forHtml ? escapeHtml(value) : value;
  });
  // A text that is no Unicode comes back with replacement characters.
  return Buffer.from(replaced, 'utf8').toString('utf8').replace(/\n+$/, '');
}

function lf(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

function escapeHtml(text: string): string {
  const amp = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return amp.replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

async function expectSubstitution(
  parts: { html: string; text: string; subject: string },
  own: Readonly<Record<string, string>>,
) {
  const values = { ...rina.values, ...own };
  const raw = splice(parts, values);
  expect(lintMessage(raw)).toEqual([]);
  const lines = raw.split('\r\n');
  expect(lines.filter((line) => line.startsWith('.') || line.startsWith('From '))).toEqual([]);
  expect(lines.filter((line) => line.length > 78 && !line.includes('://'))).toEqual([]);
  const html = substitute(parts.html, values, true);
  const text = substitute(parts.text, values, false);
  for (const { by, ...read } of await readTwice(raw)) {
    const subject = (read.subject ?? '').trim();
    expect({ ...read, subject }, by).toEqual({ html, text, subject: parts.subject.trim() });
  }
}

describe('any text', () => {
  it('is read back as the plain substitution, whatever stands in the story and in the values', async () => {
    const story = storyText.filter((text) => !/\[\[|\]\]/.test(text));
    await fc.assert(
      fc.asyncProperty(story, story, storyText, async (before, after, name) => {
        const template = `x${before}[[name]]${after}[[name]][[token]]y`;
        const parts = { html: `<pre>${template}</pre>`, text: template, subject: digest.subject };
        await expectSubstitution(parts, { name });
      }),
      { numRuns: 200 },
    );
  });

  it.runIf(naughty)(
    'holds for each string of the naughty list as story, value and subject',
    async () => {
      for (const string of naughty ?? []) {
        const story = string.replaceAll('[[', '[ [');
        const subject = string.replace(/[\r\n\0]/g, '');
        const parts = { html: `<p>${story}</p>[[name]].`, text: `- ${story}\n[[name]]!`, subject };
        await expectSubstitution(parts, { name: string });
      }
    },
    120_000,
  );
});
