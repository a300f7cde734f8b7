import type { MxRecord } from 'node:dns';
import { Resolver } from 'node:dns/promises';

export interface MailDomainOptions {
  /** Empty: the system's. */
  servers: readonly string[];
  /** Whoever does not answer within this takes mail. */
  timeoutMs: number;
}

export interface MailDomain {
  /** Only an answer that says "no" makes it false: silence and trouble do not. */
  takesMail: boolean;
  /** The hosts of its MX, the preferred first, as far as they are known in time. */
  exchanges: string[];
}

const unsure: MailDomain = { takesMail: true, exchanges: [] };

/**
 * Whether a domain can take mail at all, and who does it (RFC 5321 §5.1): it has an MX that is not null (RFC 7505), or an
 * address. Fails open, also when the time is over.
 */
export async function lookUpMailDomain(domain: string, options: MailDomainOptions): Promise<MailDomain> {
  const resolver = new Resolver({ timeout: options.timeoutMs, tries: 1 });
  if (options.servers.length > 0) resolver.setServers([...options.servers]);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<MailDomain>((resolve) => {
    timer = setTimeout(() => {
      resolver.cancel();
      resolve(unsure);
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
  return found.length > 0 ? inOrder(found) : [domain];
}

async function ask(resolver: Resolver, domain: string): Promise<MailDomain> {
  const found = await records(() => resolver.resolveMx(domain));
  if (found === 'unsure') return unsure;
  if (found.length > 0) {
    const real = inOrder(found).filter((exchange) => exchange !== '' && exchange !== '.');
    return { takesMail: real.length > 0, exchanges: real };
  }
  const [four, six] = await Promise.all([
    records(() => resolver.resolve4(domain)),
    records(() => resolver.resolve6(domain)),
  ]);
  const takesMail = four === 'unsure' || six === 'unsure' || four.length + six.length > 0;
  return { takesMail, exchanges: [] };
}

function inOrder(found: readonly MxRecord[]): string[] {
  return [...found].sort((a, b) => a.priority - b.priority).map(({ exchange }) => exchange);
}

async function records<T>(look: () => Promise<T[]>): Promise<T[] | 'unsure'> {
  try {
    return await look();
  } catch (error) {
    const { code } = error as { code?: string };
    return code === 'ENOTFOUND' || code === 'ENODATA' ? [] : 'unsure';
  }
}
