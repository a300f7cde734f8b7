import type { Context } from '../context.ts';
import { takesMail } from '../platform/mail-domain.ts';
import { likelyDomain } from './likely-domain.ts';

const dnsTimeoutMs = 700;

export type DomainCheck =
  | { kind: 'fine' }
  | { kind: 'unlikely'; domain: string; suggestion: string | undefined };

/**
 * Whether mail to a domain can arrive: its spelling always, its records only when real relays carry the mail. Depends on the
 * domain alone, so it tells nothing of who is on a list. Asked once: `accepted` is the domain the reader insists on.
 */
export async function checkDomain(
  ctx: Context,
  domain: string,
  accepted: string | undefined,
): Promise<DomainCheck> {
  if (accepted?.trim().toLowerCase() === domain) return { kind: 'fine' };
  const suggestion = likelyDomain(domain);
  if (suggestion !== undefined) return { kind: 'unlikely', domain, suggestion };
  if (!ctx.config.mxCheck) return { kind: 'fine' };
  const alive = await takesMail(domain, { servers: ctx.config.dnsServers, timeoutMs: dnsTimeoutMs });
  return alive ? { kind: 'fine' } : { kind: 'unlikely', domain, suggestion: undefined };
}
