// Part of /embed/v1.js: what it says. The server puts the words in front of the script, from the files that the pages use.

declare const words: Record<string, Record<string, string>>;

/** The words in a form's language, with `{name}` filled in. */
function say(lang: string, key: string, values: Record<string, string> = {}): string {
  const said = words[lang] ?? words[lang.split('-')[0] ?? ''] ?? words.en;
  return (said?.[key] ?? '').replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
}

/** An element with its text, and properties of it. */
function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  inside: string | Node[] = '',
  more: Partial<HTMLElementTagNameMap[Tag]> = {},
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(document.createElement(tag), more);
  element.append(...(typeof inside === 'string' ? [inside] : inside));
  return element;
}
