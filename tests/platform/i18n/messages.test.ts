import { describe, expect, it } from 'vitest';
import en from '../../../src/platform/i18n/locales/en.json' with { type: 'json' };
import id from '../../../src/platform/i18n/locales/id.json' with { type: 'json' };
import { type MessageKey, say, sayParts } from '../../../src/platform/i18n/messages.ts';

const keys = Object.keys(en) as MessageKey[];

/** The arguments and marks that a message names, whatever plural forms its language has. */
function named(message: string): string[] {
  const found = [...message.matchAll(/\{\s*(\w+)\s*[,}]|<(\w+)>/g)].map(
    (match) => match[1] ?? `<${match[2]}>`,
  );
  return [...new Set(found)].sort();
}

describe('messages', () => {
  it('has the same messages in English and in Indonesian', () => {
    expect(Object.keys(id)).toEqual(Object.keys(en));
  });

  it('keeps them grouped by prefix and sorted, so that two people can add to one file', () => {
    expect(keys).toEqual([...keys].sort());
  });

  it.each(keys)('names the same values in both languages: %s', (key) => {
    expect(named(id[key])).toEqual(named(en[key]));
    expect(id[key].trim()).not.toBe('');
  });

  it.each(keys)('can be said in both languages: %s', (key) => {
    const values = Object.fromEntries(
      named(en[key]).map((name) =>
        name.startsWith('<') ? [name.slice(1, -1), (inner: unknown[]) => ({ inner })] : [name, 2],
      ),
    );
    for (const lang of ['en', 'id']) expect(sayParts(lang, key, values).length).toBeGreaterThan(0);
  });

  it('fails loudly for a message that is not there and for a value that was not given', () => {
    expect(() => say('en', 'signup.nothing' as MessageKey)).toThrow('signup.nothing');
    expect(() => say('en', 'signup.headline')).toThrow(/newsletter/);
    expect(() => say('en', 'signup.smallprint', {})).toThrow();
  });

  it('says what a reader of a regional or unknown language can read', () => {
    expect(say('id-ID', 'signup.button')).toBe('Daftar');
    expect(say('ar', 'signup.button')).toBe('Sign up');
  });

  it('keeps a value a value, even when it reads like a message', () => {
    expect(say('en', 'signup.headline', { newsletter: '{x} <b>' })).toBe('Get the free {x} <b> email');
  });

  it('hands marked parts over in order', () => {
    const parts = sayParts('en', 'signup.smallprint', { link: (inner) => ({ link: inner }) });
    expect(parts).toEqual(['Unsubscribe at any time. Read our ', { link: ['privacy notice'] }, '.']);
  });
});
