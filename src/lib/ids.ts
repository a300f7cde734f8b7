/** The kinds of things that have a public id, and the prefix each wears: `ed_12`, `nl_3`. */
const prefixes = {
  newsletter: 'nl',
  subscriber: 'sub',
  subscription: 'sc',
  article: 'art',
  source: 'src',
  edition: 'ed',
  send: 'snd',
  key: 'key',
  suppression: 'sup',
  letter: 'ltr',
} as const;

export type IdKind = keyof typeof prefixes;

/** The id as people and programs see it outside: a prefix and the row's number. */
export function publicId(kind: IdKind, row: number): string {
  return `${prefixes[kind]}_${row}`;
}

/** @returns the row's number, or `undefined` when the text is no id of that kind. */
export function rowId(kind: IdKind, id: string): number | undefined {
  const digits = new RegExp(`^${prefixes[kind]}_([1-9]\\d{0,15})$`).exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The public id of one edition's delivery to one subscriber. */
export function deliveryId(editionId: number, subscriberId: number): string {
  return `dlv_${editionId}_${subscriberId}`;
}

/** @returns the edition and the subscriber that a delivery's public id names, or `undefined` when it is none. */
export function deliveryRow(id: string): { editionId: number; subscriberId: number } | undefined {
  const [, edition, subscriber] = /^dlv_([1-9]\d{0,15})_([1-9]\d{0,15})$/.exec(id) ?? [];
  if (edition === undefined || subscriber === undefined) return undefined;
  return { editionId: Number(edition), subscriberId: Number(subscriber) };
}
