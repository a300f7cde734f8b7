import { sql } from 'kysely';
import { wellKnownDomains } from './lane-names.ts';

const known = [...wellKnownDomains];

/** The domains that need no look-up, as a table of `domain` and `lane`. */
export function knownDomains() {
  return sql`unnest(${known.map(([domain]) => domain)}::text[], ${known.map(([, lane]) => lane)}::text[])`;
}
