import { DateTime } from 'luxon';

export interface Instant {
  at: Date;
  /** Whether the text named a time zone; without one it was read as UTC. */
  zoned: boolean;
}

const isoLike = /^\d{4}-\d{2}-\d{2}(?:[T ]\d|$)/;
const zone = /(?:Z|[+-]\d{2}(?::?\d{2})?|\b(?:UTC?|GMT|[ECMP][SD]T))$/i;

/**
 * Reads an instant in the forms that feeds and people write: RFC 3339 and ISO 8601 with or without a time, and RFC 5322
 * (RSS), whose weekday is not believed and whose month may be written out.
 *
 * @returns `undefined` when it is no date between 1900 and 2200.
 */
export function readInstant(text: string): Instant | undefined {
  const trimmed = text.trim().slice(0, 60);
  const read = isoLike.test(trimmed) ? fromIso(trimmed) : fromMail(trimmed);
  if (!read.isValid || read.year < 1900 || read.year > 2200) return undefined;
  return { at: read.toJSDate(), zoned: zone.test(trimmed) && trimmed.includes(':') };
}

function fromIso(text: string): DateTime {
  const iso = DateTime.fromISO(text, { zone: 'utc' });
  return iso.isValid ? iso : DateTime.fromSQL(text, { zone: 'utc' });
}

function fromMail(text: string): DateTime {
  const plain = text
    .replace(/^[A-Za-z]{3,9},?\s+/, '')
    .replace(/\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b/i, '$1');
  return DateTime.fromRFC2822(plain, { zone: 'utc' });
}
