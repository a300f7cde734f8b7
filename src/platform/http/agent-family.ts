/** In this order: most browsers also claim to be others. */
const families: readonly [string, RegExp][] = [
  ['bot', /bot\b|crawl|spider|slurp|facebookexternalhit|preview/i],
  ['Edge', /\bEdg(e|A|iOS)?\//],
  ['Opera', /\bOPR\/|\bOpera\b/],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\bFirefox\/|\bFxiOS\//],
  ['Chrome', /\bChrome\/|\bCriOS\/|\bChromium\//],
  ['Safari', /\bSafari\/|\bAppleWebKit\//],
  ['curl', /^curl\//],
];

/** The family of the browser, never its version: what a consent record may say of it. */
export function agentFamily(userAgent: string | undefined): string | undefined {
  if (!userAgent) return undefined;
  return families.find(([, pattern]) => pattern.test(userAgent.slice(0, 500)))?.[0] ?? 'other';
}
