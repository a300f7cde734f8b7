import { Resolver } from 'node:dns/promises';
import type { MailDomainOptions } from './mail-domain.ts';

export type TxtLookUp = { kind: 'found'; values: string[] } | { kind: 'absent' } | { kind: 'no_answer' };

/** The TXT records of a name in DNS, each put together from its strings (RFC 6376 §3.6.2.2). */
export async function lookUpTxt(name: string, options: MailDomainOptions): Promise<TxtLookUp> {
  const resolver = new Resolver({ timeout: options.timeoutMs, tries: 1 });
  if (options.servers.length > 0) resolver.setServers([...options.servers]);
  try {
    const records = await resolver.resolveTxt(name);
    return { kind: 'found', values: records.map((strings) => strings.join('')) };
  } catch (error) {
    const { code } = error as { code?: string };
    return { kind: code === 'ENOTFOUND' || code === 'ENODATA' ? 'absent' : 'no_answer' };
  }
}
