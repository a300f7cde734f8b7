import { Resolver } from 'node:dns/promises';

export interface MailDomainOptions {
  /** Empty: the system's. */
  servers: readonly string[];
  /** Whoever does not answer within this takes mail. */
  timeoutMs: number;
}

/**
 * Whether a domain can take mail at all (RFC 5321 §5.1): it has an MX that is not null (RFC 7505), or an address. Fails open:
 * only an answer that says "no" counts, silence and trouble do not.
 */
export async function takesMail(domain: string, options: MailDomainOptions): Promise<boolean> {
  const resolver = new Resolver({ timeout: options.timeoutMs, tries: 1 });
  if (options.servers.length > 0) resolver.setServers([...options.servers]);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolver.cancel();
      resolve(true);
    }, options.timeoutMs);
  });
  try {
    return await Promise.race([ask(resolver, domain), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The hosts that take a domain's mail, the preferred first, as far as its MX says; the domain itself where it has none (RFC
 * 5321 §5.1). `undefined`: nobody answered.
 */
export async function exchangesOf(domain: string, options: MailDomainOptions): Promise<string[] | undefined> {
  const resolver = new Resolver({ timeout: options.timeoutMs, tries: 1 });
  if (options.servers.length > 0) resolver.setServers([...options.servers]);
  const found = await records(() => resolver.resolveMx(domain));
  if (found === 'unsure') return undefined;
  const inOrder = [...found].sort((a, b) => a.priority - b.priority).map(({ exchange }) => exchange);
  return inOrder.length > 0 ? inOrder : [domain];
}

async function ask(resolver: Resolver, domain: string): Promise<boolean> {
  const exchanges = await records(() => resolver.resolveMx(domain));
  if (exchanges === 'unsure') return true;
  if (exchanges.length > 0) return exchanges.some(({ exchange }) => exchange !== '' && exchange !== '.');
  const [four, six] = await Promise.all([
    records(() => resolver.resolve4(domain)),
    records(() => resolver.resolve6(domain)),
  ]);
  return four === 'unsure' || six === 'unsure' || four.length + six.length > 0;
}

async function records<T>(look: () => Promise<T[]>): Promise<T[] | 'unsure'> {
  try {
    return await look();
  } catch (error) {
    const { code } = error as { code?: string };
    return code === 'ENOTFOUND' || code === 'ENODATA' ? [] : 'unsure';
  }
}
