/** How each provider's mailbox opens on a search for our sender. Shapes rot: they live here alone, with tests. */
const mailboxes: readonly {
  provider: string;
  domains: readonly string[];
  /** Hosts that take the mail of domains which the provider keeps for others, by their ends. */
  exchanges?: readonly string[];
  url(at: Search): string;
}[] = [
  {
    provider: 'Gmail',
    domains: ['gmail.com', 'googlemail.com'],
    exchanges: ['google.com', 'googlemail.com'],
    // `/mail/u/<address>/` fails for those who are signed out; `authuser` does not.
    url: ({ address, from }) =>
      `https://mail.google.com/mail/?authuser=${encodeURIComponent(address)}#search/${encodeURIComponent(`from:(${from}) in:anywhere newer_than:1d`)}`,
  },
  {
    provider: 'Outlook',
    domains: ['outlook.com', 'hotmail.com', 'live.com', 'msn.com', 'hotmail.co.uk', 'outlook.co.id'],
    exchanges: ['mail.protection.outlook.com', 'mx.microsoft'],
    url: ({ address }) => `https://outlook.live.com/mail/?login_hint=${encodeURIComponent(address)}`,
  },
  {
    provider: 'Yahoo',
    domains: ['yahoo.com', 'yahoo.co.id', 'yahoo.co.uk', 'ymail.com', 'rocketmail.com'],
    exchanges: ['yahoodns.net'],
    url: ({ from }) =>
      `https://mail.yahoo.com/d/search/keyword=${encodeURIComponent(encodeURIComponent(`from:${from}`))}`,
  },
  {
    provider: 'AOL',
    domains: ['aol.com'],
    url: ({ from }) =>
      `https://mail.aol.com/d/search/keyword=${encodeURIComponent(encodeURIComponent(`from:${from}`))}`,
  },
  {
    provider: 'Proton Mail',
    domains: ['proton.me', 'protonmail.com', 'pm.me'],
    exchanges: ['protonmail.ch'],
    url: ({ from }) => `https://mail.proton.me/u/0/all-mail#from=${encodeURIComponent(from)}`,
  },
  {
    provider: 'iCloud Mail',
    domains: ['icloud.com', 'me.com', 'mac.com'],
    exchanges: ['icloud.com'],
    url: () => 'https://www.icloud.com/mail',
  },
  { provider: 'HEY', domains: ['hey.com'], url: () => 'https://app.hey.com/' },
  {
    provider: 'Mail.ru',
    domains: ['mail.ru', 'bk.ru', 'inbox.ru', 'list.ru'],
    url: ({ from }) => `https://e.mail.ru/search/?q_from=${encodeURIComponent(from)}`,
  },
];

interface Search {
  /** The reader's own address: it goes to their own provider and into no URL of ours. */
  address: string;
  /** Our sender's address. */
  from: string;
}

export interface Mailbox {
  provider: string;
  url: string;
}

/** Where the reader's mailbox opens, when the provider is known from the domain, or from who takes its mail. Pure. */
export function mailboxOf(search: Search & { exchanges?: readonly string[] }): Mailbox | undefined {
  const domain = search.address.slice(search.address.lastIndexOf('@') + 1).toLowerCase();
  const found =
    mailboxes.find((one) => one.domains.includes(domain)) ??
    mailboxes.find((one) => (search.exchanges ?? []).some((host) => isOf(host, one.exchanges ?? [])));
  return found && { provider: found.provider, url: found.url(search) };
}

/** The same for a provider that was found out before. Pure. */
export function mailboxAt(provider: string | undefined, search: Search): Mailbox | undefined {
  const found = mailboxes.find((one) => one.provider === provider);
  return found && { provider: found.provider, url: found.url(search) };
}

function isOf(host: string, ends: readonly string[]): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return ends.some((end) => name === end || name.endsWith(`.${end}`));
}
