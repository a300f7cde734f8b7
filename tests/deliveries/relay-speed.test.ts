import { describe, expect, it } from 'vitest';
import { wordsOfRate } from '../../src/deliveries/rate-words.ts';
import { relayRatePerSecond } from '../../src/deliveries/relay-speed.ts';
import { parseRate } from '../../src/lib/rate.ts';
import { parseRelayUrls } from '../../src/platform/mail/relay.ts';
import type { Drawn } from '../../src/platform/rate/drawn.ts';

const from = new Date('2026-07-14T12:00:00Z');
const [hour, halfADay, day] = [3_600, 43_200, 86_400];
/** Of the windows: what was granted in a piece leaves when the window has passed the whole of it. */
const piece = { minute: 1, hour: 60, day: 900 };

interface Given {
  mails?: number;
  overall?: string[];
  drawn?: [scope: string, drawn: Drawn][];
}

/** How long so many take, in seconds. */
function seconds(urls: string, { mails = 10, overall = [], drawn = [] }: Given = {}): number {
  const perSecond = relayRatePerSecond(
    { relays: parseRelayUrls(urls), overall: overall.map(parseRate), drawn: new Map(drawn) },
    { mails, from },
  );
  return perSecond === undefined ? 0 : Math.round((mails / perSecond) * 1000) / 1000;
}

describe('what the relays take', () => {
  it('is what each takes per second, added up, and no limit when one has none', () => {
    expect(seconds('smtp://a.example?rate=10/s, smtp://b.example?rate=30/s', { mails: 400 })).toBe(10);
    expect(seconds('smtp://a.example?rate=10/s, smtp://b.example', { mails: 400 })).toBe(0);
    expect(seconds('smtp://a.example', { mails: 400 })).toBe(0);
  });

  it('is the whole of a day’s or an hour’s at once, and then nothing until that has passed', () => {
    const perDay = (mails: number) => seconds('smtp://a.example?rate=50000/d', { mails });
    expect(perDay(50_000)).toBe(0);
    expect(perDay(50_001)).toBe(day + piece.day);
    expect(perDay(100_001)).toBe(2 * (day + piece.day));
    expect(seconds('smtp://a.example?rate=10/s&rate=3600/h', { mails: 3_600 })).toBe(360);
    // The first minute’s leave an hour later, and the rest as they came.
    expect(seconds('smtp://a.example?rate=10/s&rate=3600/h', { mails: 4_200 })).toBe(hour + 2 * piece.hour);
    expect(seconds('smtp://a.example?rate=30/m', { mails: 90 })).toBe(2 * (60 + piece.minute));
  });

  it('counts what has gone out by them already', () => {
    const at = (before: number) => Math.floor((from.getTime() / 1000 - before) / piece.day);
    const drawn: Given['drawn'] = [['relay:a.example:25', { day: [[at(6 * hour), 40_000]] }]];
    const left = (mails: number) => seconds('smtp://a.example?rate=50000/d', { mails, drawn });
    expect(left(10_000)).toBe(0);
    expect(left(10_001)).toBe(18 * hour + piece.day);
    expect(left(50_000)).toBe(18 * hour + piece.day);
    expect(left(50_001)).toBe(day + piece.day);
  });

  it('is no more than SMTP_RATE, which holds for all together', () => {
    expect(seconds('smtp://a.example', { overall: ['2/s'] })).toBe(5);
    const two = 'smtp://a.example?rate=10/s, smtp://b.example?rate=10/s';
    expect(seconds(two, { overall: ['15/s'], mails: 300 })).toBe(20);
    expect(seconds(two, { overall: ['100/d'], mails: 101 })).toBe(day + piece.day + 0.05);
  });

  it('is what the others take once one has had its share', () => {
    const urls = 'smtp://a.example?rate=10/s&rate=100/d, smtp://b.example?rate=5/s';
    // Ten seconds of both, fifty by the first are half its day; ten more; then the other alone.
    expect(seconds(urls, { mails: 150 })).toBe(10);
    expect(seconds(urls, { mails: 200 })).toBe(20);
    const first = 'smtp://a.example?rate=100/d, smtp://b.example?rate=5/s';
    expect(seconds(first, { mails: 150 })).toBe(10);
  });

  it('follows a warm-up from day to day, and forgets it once it has been climbed', () => {
    const warm = (mails: number, since = '2026-07-14') =>
      seconds(`smtp://a.example?rate=10/s&warm-up=${since}`, { mails });
    expect(warm(50)).toBe(5);
    // At midnight the day allows 100, of which 50 went out within the last 24 hours; they leave at noon.
    expect(warm(100)).toBe(halfADay + 5);
    expect(warm(150)).toBe(day + piece.day + 5);
    expect(warm(350, '2026-06-01')).toBe(35);
  });

  it('is told even where minutes make many stretches of a long send', () => {
    const long = seconds('smtp://a.example?rate=50/m', { mails: 5_000_000 });
    expect(long / ((5_000_000 / 50) * 61)).toBeCloseTo(1, 2);
  });

  it.each([
    [100, '100.0/s'],
    [0.5787, '34.7 a minute'],
    [0.01, '36.0 an hour'],
    [0.0001, '8.6 a day'],
    [0.000001, '0.1 a day'],
  ])('is said in the unit it is easily read in: %d', (perSecond, words) => {
    expect(wordsOfRate(perSecond)).toBe(words);
  });
});
