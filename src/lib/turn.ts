/** What else this turn of the loop brings is there after it. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const lastTurns = new WeakMap<object, Promise<void>>();

/**
 * A turn of the loop of one's own: whoever waits on the same ground takes the one after it. So many who have something to reckon
 * do not reckon in one go, and what arrives meanwhile, as a page that is asked for, comes between two of them.
 */
export function ownTurn(ground: object): Promise<void> {
  const own = (lastTurns.get(ground) ?? Promise.resolve()).then(turn);
  lastTurns.set(ground, own);
  return own;
}
