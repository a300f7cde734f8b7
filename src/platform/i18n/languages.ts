/** The languages that the program itself speaks, each with every message. */
export const languages = ['en', 'id'] as const;

export type Lang = (typeof languages)[number];

/** Each language by its own name, as its readers know it. */
const ownNames: Record<Lang, string> = { en: 'English', id: 'Bahasa Indonesia' };

const rightToLeft = new Set(['ar', 'arc', 'ckb', 'dv', 'fa', 'he', 'ku', 'ps', 'sd', 'ug', 'ur', 'yi']);

export function isLang(text: string): text is Lang {
  return (languages as readonly string[]).includes(text);
}

/** The language whose messages are shown to a reader of `lang`: itself, its main language, or English. */
export function spoken(lang: string): Lang {
  if (isLang(lang)) return lang;
  const primary = lang.toLowerCase().split('-')[0] ?? '';
  return isLang(primary) ? primary : 'en';
}

/** The language's own name: a switcher says `Bahasa Indonesia`, never `Indonesian`. */
export function languageName(lang: string): string {
  return isLang(lang)
    ? ownNames[lang]
    : (new Intl.DisplayNames([lang], { type: 'language' }).of(lang) ?? lang);
}

/** How readers of one language call another: `Indonesian`, `Inggris`. */
export function languageNameIn(lang: string, named: string): string {
  return new Intl.DisplayNames([spoken(lang)], { type: 'language' }).of(named) ?? named;
}

export function dirOf(lang: string): 'ltr' | 'rtl' {
  return rightToLeft.has(lang.toLowerCase().split('-')[0] ?? '') ? 'rtl' : 'ltr';
}

/**
 * The first of `available` that the reader asked for, in the order: named in the URL → the form's → the subscriber's
 * setting → the browser's `Accept-Language` (RFC 9110 §12.5.4) → the fallback.
 */
export function chooseLanguage(asked: {
  explicit?: string | undefined;
  form?: string | undefined;
  setting?: string | undefined;
  acceptLanguage?: string | undefined;
  fallback: string;
  available: readonly string[];
}): string {
  const wishes = [asked.explicit, asked.form, asked.setting, ...byWeight(asked.acceptLanguage ?? '')];
  for (const wish of wishes) {
    const found = wish && match(wish, asked.available);
    if (found) return found;
  }
  return asked.available.includes(asked.fallback) ? asked.fallback : (asked.available[0] ?? asked.fallback);
}

const headerCharsMax = 500;

function byWeight(header: string): string[] {
  return header
    .slice(0, headerCharsMax)
    .split(',')
    .map((part) => {
      const [tag = '', ...options] = part.split(';').map((piece) => piece.trim());
      const q = options.find((option) => /^q=/i.test(option))?.slice(2);
      return { tag, weight: q === undefined ? 1 : Number(q) };
    })
    .filter(({ tag, weight }) => tag !== '' && tag !== '*' && weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag);
}

function match(wish: string, available: readonly string[]): string | undefined {
  const wanted = wish.toLowerCase();
  const primary = wanted.split('-')[0];
  return (
    available.find((lang) => lang.toLowerCase() === wanted) ??
    available.find((lang) => lang.toLowerCase().split('-')[0] === primary)
  );
}
