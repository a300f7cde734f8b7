const perDay = { words: 'a day', seconds: 86_400 };
const units = [{ words: 'a minute', seconds: 60 }, { words: 'an hour', seconds: 3_600 }, perDay];

/** A rate in the unit that it is easily read in: `100.0/s`, `34.7 a minute`, `2.5 a day`. Pure. */
export function wordsOfRate(perSecond: number): string {
  if (perSecond >= 1) return `${perSecond.toFixed(1)}/s`;
  const { words, seconds } = units.find((unit) => perSecond * unit.seconds >= 1) ?? perDay;
  return `${(perSecond * seconds).toFixed(1)} ${words}`;
}
