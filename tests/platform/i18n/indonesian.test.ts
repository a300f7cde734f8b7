import { describe, expect, it } from 'vitest';
import { clockTime, longDate } from '../../../src/platform/i18n/dates.ts';
import en from '../../../src/platform/i18n/locales/en.json' with { type: 'json' };
import id from '../../../src/platform/i18n/locales/id.json' with { type: 'json' };

const english: Record<string, string> = en;
/** Words that are the same in both languages. */
const shared = /^(?:API|Status|No\. \{number\})$/;

describe('R42 what a reader reads in Indonesian', () => {
  it('R42 is a sentence of its own, not the English one', () => {
    const untranslated = Object.entries(id).filter(
      ([key, text]) => text === english[key] && !shared.test(text),
    );
    expect(untranslated).toEqual([]);
  });

  it('R42 has dates and times as they are written there', () => {
    const morning = new Date('2026-07-14T01:12:00Z');
    expect(longDate('id', morning, 'Asia/Jakarta')).toBe('Selasa, 14 Juli 2026');
    expect(clockTime('id', morning, 'Asia/Jakarta')).toBe('08.12 WIB');
    expect(clockTime('id', morning, 'Asia/Makassar')).toBe('09.12 WITA');
    expect(clockTime('id', morning, 'Asia/Jayapura')).toBe('10.12 WIT');
  });

  it('R42 says neither “Batalkan” for undo, nor English words that have their own', () => {
    const borrowed = /batalkan|\b(?:klik|newsletter|unsubscribe|inbox|browser|link|file|download)\b/i;
    for (const [key, text] of Object.entries(id)) {
      expect(text.replace(/\{\w+|<\/?\w+>/g, ''), key).not.toMatch(borrowed);
    }
    expect(id['unsubscribe.undo']).toBe('Pulihkan langganan saya');
  });
});
