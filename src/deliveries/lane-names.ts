/** Where mail goes whose domain is nobody's we know, and has no lane of its own. */
export const otherLane = 'other';

/** Consumer domains of the large mailbox providers, known without a look-up. */
const domainsOf: Record<string, string> = {
  gmail: 'gmail.com googlemail.com',
  outlook: `outlook.com hotmail.com live.com msn.com passport.com windowslive.com ${inCountries('outlook', 'com.au co.id co.il co.th de dk es fr in it jp pt sa sg')}
    ${inCountries('hotmail', 'be ca ch cl co.id co.il co.in co.jp co.kr co.nz co.th co.uk co.za com.ar com.au com.br com.hk com.mx com.tr com.tw com.vn de dk es fi fr gr it nl no se sg')}
    ${inCountries('live', 'at be ca ch cl cn co.kr co.uk co.za com.ar com.au com.mx com.my com.ph com.pt com.sg de dk fi fr hk ie in it jp nl no ru se')}`,
  yahoo: `yahoo.com ymail.com rocketmail.com aol.com aim.com myyahoo.com ${inCountries('yahoo', 'at be ca cl cn co.id co.il co.in co.jp co.kr co.nz co.th co.uk co.za com.ar com.au com.br com.co com.hk com.mx com.my com.pe com.ph com.sg com.tr com.tw com.vn de dk es fi fr gr hu ie in it nl no pl pt ro se')}
    ${inCountries('aol', 'co.uk de fr it')}`,
  icloud: 'icloud.com me.com mac.com',
  gmx: 'gmx.com gmx.de gmx.net gmx.at gmx.ch gmx.fr gmx.us web.de mail.com email.com',
  orange: 'orange.fr wanadoo.fr',
  comcast: 'comcast.net',
  qq: 'qq.com foxmail.com',
  netease: '163.com 126.com yeah.net',
  mailru: 'mail.ru inbox.ru list.ru bk.ru internet.ru',
  yandex: 'yandex.ru yandex.com ya.ru yandex.by yandex.kz',
  proton: 'proton.me protonmail.com pm.me protonmail.ch',
  zoho: 'zoho.com zohomail.com zoho.eu zoho.in',
  fastmail: 'fastmail.com fastmail.fm',
};

function inCountries(name: string, endings: string): string {
  return endings
    .split(' ')
    .map((ending) => `${name}.${ending}`)
    .join(' ');
}

/** The lanes that are a provider's. */
export const providers: ReadonlySet<string> = new Set(Object.keys(domainsOf));

/** A lane as metrics name it: a provider's, or `other`, so that there are no more of them whoever subscribes. */
export function countedLane(lane: string): string {
  return providers.has(lane) ? lane : otherLane;
}

/** Domain → lane, for the domains that need no look-up. */
export const wellKnownDomains: ReadonlyMap<string, string> = new Map(
  Object.entries(domainsOf).flatMap(([lane, domains]) =>
    domains.split(/\s+/).map((domain): [string, string] => [domain, lane]),
  ),
);

/** Names of the hosts that take a provider's mail, also for the domains of its customers. */
const exchangesOf: [ending: string, lane: string][] = [
  ['google.com', 'gmail'],
  ['googlemail.com', 'gmail'],
  ['outlook.com', 'outlook'],
  ['hotmail.com', 'outlook'],
  ['yahoodns.net', 'yahoo'],
  ['icloud.com', 'icloud'],
  ['gmx.net', 'gmx'],
  ['web.de', 'gmx'],
  ['mail.com', 'gmx'],
  ['orange.fr', 'orange'],
  ['comcast.net', 'comcast'],
  ['qq.com', 'qq'],
  ['netease.com', 'netease'],
  ['mail.ru', 'mailru'],
  ['yandex.ru', 'yandex'],
  ['yandex.net', 'yandex'],
  ['protonmail.ch', 'proton'],
  ['zoho.com', 'zoho'],
  ['zoho.eu', 'zoho'],
  ['messagingengine.com', 'fastmail'],
];

/** The provider's lane of a consumer domain; `undefined` for all others, whose MX decides. */
export function wellKnownLane(domain: string): string | undefined {
  return wellKnownDomains.get(domain);
}

/** The provider's lane of a mail exchanger's host name; providers count by who takes the mail, not by the address. */
export function laneOfExchange(exchange: string): string | undefined {
  const host = exchange.toLowerCase().replace(/\.$/, '');
  return exchangesOf.find(([ending]) => host === ending || host.endsWith(`.${ending}`))?.[1];
}
