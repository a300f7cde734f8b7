import { IntlMessageFormat } from 'intl-messageformat';
import { type Lang, spoken } from './languages.ts';
import en from './locales/en.json' with { type: 'json' };
import id from './locales/id.json' with { type: 'json' };

/** Every message there is: the keys of `locales/en.json`. A key that is not there does not compile. */
export type MessageKey = keyof typeof en;

const locales: Record<Lang, Record<MessageKey, string>> = { en, id };

const formats = new Map<string, IntlMessageFormat>();

/**
 * Says a message in the reader's language, plain text; the caller escapes it for where it goes. Messages are ICU
 * (plural and select included) and are parsed once.
 *
 * @throws Error when a value that the message names is missing.
 */
export function say(lang: string, key: MessageKey, values: Record<string, string | number> = {}): string {
  const said = formatOf(spoken(lang), key).format(values);
  if (typeof said !== 'string') throw new Error(`message ${key} holds marked-up parts: use sayParts`);
  return said;
}

/**
 * Says a message that has marked-up parts, such as `Read our <link>privacy notice</link>.`: each mark's function wraps what
 * stands in it. The parts come back in order, strings not yet escaped.
 */
export function sayParts<T>(
  lang: string,
  key: MessageKey,
  values: Record<string, string | number | T | ((inner: (string | T)[]) => T)>,
): (string | T)[] {
  const said = formatOf(spoken(lang), key).format<T>(values);
  return (Array.isArray(said) ? said : [said]) as (string | T)[];
}

function formatOf(lang: Lang, key: MessageKey): IntlMessageFormat {
  const name = `${lang} ${key}`;
  const known = formats.get(name);
  if (known) return known;
  const text: string | undefined = locales[lang][key];
  if (text === undefined) throw new Error(`there is no message ${key} in ${lang}`);
  const format = new IntlMessageFormat(text, lang);
  formats.set(name, format);
  return format;
}
