/**
 * The places of a mail that differ from reader to reader, written `[[name]]` and filled after everything else is made.
 * The set is closed: a template that names another one is refused.
 */
export const digestPlaces = ['masked_address', 'signed_up_on', 'unsubscribe_url', 'manage_url'] as const;
export type Place = (typeof digestPlaces)[number];

// Noncharacters: `clean` takes them out of every text, so only a template can have written them.
const open = '\ufdd0';
const close = '\ufdd1';

/** The names of the places in a text, each once, in the order in which they first appear. */
export function findPlaces(text: string): string[] {
  return [...new Set([...text.matchAll(/\[\[([^[\]]*)\]\]/g)].map((match) => match[1] ?? ''))];
}

/** Turns the places that stand in a template (or in a text it trusts) into marks that no reader's or writer's text can hold. */
export function markPlaces(text: string, names: readonly string[] = digestPlaces): string {
  return text.replace(/\[\[([^[\]]*)\]\]/g, (place, name: string) =>
    names.includes(name) ? `${open}${name}${close}` : place,
  );
}

/** Turns the marks back into `[[name]]`, after `disarm` has broken every other double bracket. */
export function unmarkPlaces(text: string, disarm: (text: string) => string): string {
  return disarm(text).replaceAll(open, '[[').replaceAll(close, ']]');
}
