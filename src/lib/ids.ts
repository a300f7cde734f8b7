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
