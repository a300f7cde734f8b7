/** So many per length of time, at most. Per second it may be a fraction, else it is a whole number. */
export type Rate = { count: number; per: 'second' | 'minute' | 'hour' | 'day' };

const periods = { s: 'second', m: 'minute', h: 'hour', d: 'day' } as const;

/** Reads `100/s`, `50/m`, `2000/h` or `50000/d`. Throws a sentence that says what a rate looks like. */
export function parseRate(text: string): Rate {
  const found = /^([1-9]\d{0,8})\/([smhd])$/.exec(text);
  const per = periods[found?.[2] as keyof typeof periods];
  if (!found || !per) throw new Error('rate is a number per s, m, h or d, such as rate=100/s');
  return { count: Number(found[1]), per };
}
