/** Titles that share this part of their words tell the same story. */
const sharedShareMin = 0.9;

/**
 * Whether two headlines say the same: at least nine tenths of their words, case, accents and punctuation aside, are shared.
 * Two agencies' versions of one sentence count as one; a follow-up does not.
 */
export function alike(a: string, b: string): boolean {
  const first = words(a);
  const second = words(b);
  const all = new Set([...first, ...second]);
  if (all.size === 0) return false;
  const sharedCount = [...first].filter((word) => second.has(word)).length;
  return sharedCount / all.size >= sharedShareMin;
}

function words(title: string): Set<string> {
  const plain = title.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return new Set(plain.match(/[\p{L}\p{N}]+/gu) ?? []);
}
