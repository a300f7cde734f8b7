/** The lanes that need no look-up, and the consumer domains of each. */
const domainsByLane: Record<string, string> = {
  gmail: 'gmail.com googlemail.com',
  outlook: 'outlook.com hotmail.com live.com msn.com windowslive.com passport.com',
  yahoo: 'yahoo.com ymail.com rocketmail.com myyahoo.com aol.com aim.com netscape.net',
  icloud: 'icloud.com me.com mac.com',
  gmx: 'gmx.de gmx.net gmx.at gmx.ch gmx.com gmx.fr gmx.us gmx.co.uk gmx.eu gmx.info gmx.biz',
  webde: 'web.de email.de',
  orange: 'orange.fr wanadoo.fr',
  free: 'free.fr',
  laposte: 'laposte.net',
  telekom: 't-online.de magenta.de',
  libero: 'libero.it iol.it inwind.it',
  qq: 'qq.com vip.qq.com foxmail.com',
  netease: '163.com 126.com yeah.net',
  naver: 'naver.com',
  mailru: 'mail.ru bk.ru inbox.ru list.ru internet.ru',
  yandex: 'yandex.ru yandex.com yandex.by yandex.kz yandex.ua yandex.com.tr ya.ru narod.ru',
  proton: 'proton.me protonmail.com protonmail.ch pm.me',
  zoho: 'zoho.com zohomail.com zoho.eu zoho.in zohomail.eu zohomail.in',
  fastmail: 'fastmail.com fastmail.fm',
  yahoojapan: 'yahoo.co.jp ymail.ne.jp',
};

const laneByDomain = new Map(
  Object.entries(domainsByLane).flatMap(([lane, domains]) =>
    domains.split(' ').map((domain): [string, string] => [domain, lane]),
  ),
);

/** One name in every country: `hotmail.fr`, `live.co.uk`, `yahoo.com.br`. */
const inEveryCountry = /^(outlook|hotmail|live|msn|yahoo|aol)\.(?:com?\.)?[a-z]{2}$/;

/**
 * The lane of a consumer domain that everyone knows: `hotmail.co.uk` is `outlook`. `undefined` for any other domain, whose lane
 * its MX tells. Takes the domain in lower case, as an A-label. Pure.
 */
export function wellKnownLane(domain: string): string | undefined {
  const named = laneByDomain.get(domain);
  if (named !== undefined) return named;
  const brand = inEveryCountry.exec(domain)?.[1];
  if (brand === undefined) return undefined;
  return brand === 'yahoo' || brand === 'aol' ? 'yahoo' : 'outlook';
}
