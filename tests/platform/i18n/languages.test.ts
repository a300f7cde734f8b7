import { describe, expect, it } from 'vitest';
import { chooseLanguage, dirOf, languageName, spoken } from '../../../src/platform/i18n/languages.ts';

const available = ['en', 'id'];

describe('choosing a language', () => {
  it('prefers the URL, then the form, then the setting, then the browser, then the newsletter', () => {
    const all = {
      explicit: 'id',
      form: 'en',
      setting: 'en',
      acceptLanguage: 'en',
      fallback: 'en',
      available,
    };
    expect(chooseLanguage(all)).toBe('id');
    expect(chooseLanguage({ ...all, explicit: undefined, form: 'id' })).toBe('id');
    expect(chooseLanguage({ ...all, explicit: '', form: undefined, setting: 'id' })).toBe('id');
    expect(chooseLanguage({ acceptLanguage: 'id', fallback: 'en', available })).toBe('id');
    expect(chooseLanguage({ fallback: 'id', available })).toBe('id');
  });

  it('reads the weights of the browser and passes over what it does not have', () => {
    const browser = (acceptLanguage: string) => chooseLanguage({ acceptLanguage, fallback: 'en', available });
    expect(browser('fr, id-ID;q=0.8, en;q=0.9')).toBe('en');
    expect(browser('fr, id-ID;q=0.9, en;q=0.8')).toBe('id');
    expect(browser('*, id;q=0')).toBe('en');
    expect(browser(';;q=,,x=1')).toBe('en');
  });

  it('passes over a wish that cannot be met', () => {
    expect(chooseLanguage({ explicit: 'xx', form: 'id', fallback: 'en', available })).toBe('id');
    expect(chooseLanguage({ explicit: 'id', fallback: 'en', available: ['en'] })).toBe('en');
    expect(chooseLanguage({ fallback: 'id', available: ['en'] })).toBe('en');
  });
});

describe('a language', () => {
  it('is called by its own name', () => {
    expect([languageName('en'), languageName('id')]).toEqual(['English', 'Bahasa Indonesia']);
  });

  it('runs from right to left when its script does', () => {
    expect(['en', 'id', 'ar', 'he-IL', 'FA'].map(dirOf)).toEqual(['ltr', 'ltr', 'rtl', 'rtl', 'rtl']);
  });

  it('is spoken as English when the program does not know it', () => {
    expect(['id', 'ID-id', 'en-US', 'ar', ''].map(spoken)).toEqual(['id', 'id', 'en', 'en', 'en']);
  });
});
