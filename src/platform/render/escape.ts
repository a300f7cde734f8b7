import { escapeHtml } from '../../lib/escape-html.ts';

/**
 * Escapes a text for HTML and for quoted attributes, an opening brace too: the inliner behind MJML takes `{{ … }}` for a
 * template of its own and would leave everything between two such titles without style.
 */
export function escapeForMjml(text: string): string {
  return escapeHtml(text).replaceAll('{', '&#123;');
}

/** Breaks double brackets in HTML, so that no title becomes a per-reader place; a browser still shows two brackets. */
export function disarmHtml(html: string): string {
  return html.replace(/\[(?=\[)/g, '&#91;');
}

/**
 * The same for plain text, where there are no entities: brackets in a URL are percent-encoded, and elsewhere an
 * invisible word joiner stands between the two.
 */
export function disarmText(text: string): string {
  if (!text.includes('[[')) return text;
  return text.replace(/\S*\[\[\S*/g, (word) =>
    /^(https?|mailto):/i.test(word) ? word.replaceAll('[', '%5B') : word.replace(/\[(?=\[)/g, '[\u2060'),
  );
}
