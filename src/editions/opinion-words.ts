import type { Wish } from './edition.ts';

/** What readers said of an edition, as operators read it on every face. */
export function opinionWords({ more, less }: Record<Wish, number>): string {
  return `Readers who wish for more like it: ${more}, for less: ${less}`;
}
