import { Refusal } from '../../lib/errors.ts';

/** A text cut at its places: `fixed` has one more item than `names`. */
export type CutText = { fixed: string[]; names: string[] };

/**
 * Cuts a text at its per-reader places, written `[[name]]`.
 * Throws a Refusal that names a place which is not in the closed set.
 */
export function cutAtPlaces(text: string, known: ReadonlySet<string>, where: string): CutText {
  const fixed: string[] = [];
  const names: string[] = [];
  let from = 0;
  for (const match of text.matchAll(/\[\[([^[\]\r\n]*)\]\]/g)) {
    const name = match[1] ?? '';
    if (!known.has(name)) throw unknownPlace(name, where, known);
    fixed.push(text.slice(from, match.index));
    names.push(name);
    from = match.index + match[0].length;
  }
  fixed.push(text.slice(from));
  return { fixed, names };
}

/** The closed set of place names. Throws when a name could not be written as a place. */
export function placeSet(names: readonly string[]): ReadonlySet<string> {
  const wrong = names.find((name) => !/^[a-z][a-z0-9_]*$/i.test(name));
  if (wrong !== undefined) throw new Error(`“${wrong}” cannot be the name of a place`);
  return new Set(names);
}

function unknownPlace(name: string, where: string, known: ReadonlySet<string>): Refusal {
  const choice = known.size > 0 ? `The known ones are ${[...known].join(', ')}.` : 'There are none here.';
  return new Refusal(422, 'unknown_place', `There is no place [[${name}]] (in ${where}). ${choice}`, where);
}
