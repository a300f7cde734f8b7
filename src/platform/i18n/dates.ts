import { spoken } from './languages.ts';

// Dates are put together here from their parts: the order and the commas that Intl chooses change with its version.

/** `Tuesday 14 July 2026` · `Selasa, 14 Juli 2026`, as the calendar stands in the zone. */
export function longDate(lang: string, instant: Date, zone: string): string {
  const { weekday, day, month, year } = dateParts(lang, instant, zone);
  return `${weekday}${spoken(lang) === 'id' ? ',' : ''} ${day} ${month} ${year}`;
}

/** `14 July 2026` · `14 Juli 2026`. */
export function plainDate(lang: string, instant: Date, zone: string): string {
  const { day, month, year } = dateParts(lang, instant, zone);
  return `${day} ${month} ${year}`;
}

/** `Tuesday` · `Selasa`. */
export function weekdayName(lang: string, instant: Date, zone: string): string {
  return dateParts(lang, instant, zone).weekday;
}

/** A Monday, to name the days of the week from. */
const mondayMs = Date.UTC(2024, 0, 1, 12);

/** The name of a day of the week; 1 is Monday. */
export function weekdayOf(lang: string, day: number): string {
  return weekdayName(lang, new Date(mondayMs + (day - 1) * 86_400_000), 'UTC');
}

/** `07:00` · `07.00`, where the reader knows which zone is meant. */
export function hourTime(lang: string, instant: Date, zone: string): string {
  const { hour, minute } = partsOf(instant, {
    locale: 'en-GB',
    options: { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  });
  return `${hour}${spoken(lang) === 'id' ? '.' : ':'}${minute}`;
}

/** A full hour on a wall clock: `07:00` · `07.00`. */
export function wallTime(lang: string, hour: number): string {
  return hourTime(lang, new Date(Date.UTC(2024, 0, 1, hour)), 'UTC');
}

/** `08:12 EDT` · `08.12 WIB`: the time with its zone's name. */
export function clockTime(lang: string, instant: Date, zone: string): string {
  return `${hourTime(lang, instant, zone)} ${zoneName(instant, zone)}`;
}

/** `A`, `A and B`, `A, B and C` · `A, B, dan C`. */
export function listOf(lang: string, names: readonly string[]): string {
  const locale = spoken(lang) === 'en' ? 'en-GB' : spoken(lang);
  return new Intl.ListFormat(locale, { type: 'conjunction' }).format(names);
}

const indonesianZones: Record<string, string> = {
  'Asia/Jakarta': 'WIB',
  'Asia/Pontianak': 'WIB',
  'Asia/Makassar': 'WITA',
  'Asia/Ujung_Pandang': 'WITA',
  'Asia/Jayapura': 'WIT',
};

/** Each region's English knows the short names of its own zones only; what no one names is `GMT+9`. */
function zoneName(instant: Date, zone: string): string {
  const own = indonesianZones[zone];
  if (own) return own;
  const named = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-ZA'].map(
    (locale) =>
      partsOf(instant, { locale, options: { timeZone: zone, timeZoneName: 'short' } }).timeZoneName ?? zone,
  );
  return named.find((name) => !/^(GMT|UTC)[+-]/.test(name)) ?? named[0] ?? zone;
}

function dateParts(lang: string, instant: Date, zone: string) {
  const locale = spoken(lang) === 'en' ? 'en-GB' : spoken(lang);
  const parts = partsOf(instant, {
    locale,
    options: { timeZone: zone, weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' },
  });
  const { weekday = '', day = '', month = '', year = '' } = parts;
  return { weekday, day, month, year };
}

const writers = new Map<string, Intl.DateTimeFormat>();

function partsOf(
  instant: Date,
  { locale, options }: { locale: string; options: Intl.DateTimeFormatOptions },
): Partial<Record<Intl.DateTimeFormatPartTypes, string>> {
  const name = `${locale} ${JSON.stringify(options)}`;
  const writer = writers.get(name) ?? new Intl.DateTimeFormat(locale, options);
  writers.set(name, writer);
  return Object.fromEntries(writer.formatToParts(instant).map((part) => [part.type, part.value]));
}
