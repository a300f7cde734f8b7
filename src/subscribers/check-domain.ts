import type { Context } from '../context.ts';
import { lookUpMailDomain } from '../platform/mail-domain.ts';
import { isDisposable } from './disposable-domains.ts';
import { likelyDomain } from './likely-domain.ts';

/** Shared with the look-up of whose mailbox it is: both come from one question. */
const dnsTimeoutMs = 700;

export type DomainCheck =
  | { kind: 'fine'; exchanges: string[] }
  | { kind: 'unlikely'; domain: string; suggestion: string | undefined }
  /** An inbox that is thrown away; what becomes of it is the installation's choice. */
  | { kind: 'disposable' };

/**
 * Whether mail to a domain can arrive, and stays: its spelling always, its records only when real relays carry the mail.
 * Depends on the domain alone, so it tells nothing of who is on a list. Asked once: `accepted` is the domain the reader
 * insists on, which makes no inbox last.
 */
export async function checkDomain(
  ctx: Context,
  domain: string,
  accepted: string | undefined,
): Promise<DomainCheck> {
  const insists = accepted?.trim().toLowerCase() === domain;
  if (ctx.config.disposableDomains !== 'allow' && isDisposable(domain)) return { kind: 'disposable' };
  const suggestion = insists ? undefined : likelyDomain(domain);
  if (suggestion !== undefined) return { kind: 'unlikely', domain, suggestion };
  if (!ctx.config.mxCheck) return { kind: 'fine', exchanges: [] };
  const found = await lookUpMailDomain(domain, { servers: ctx.config.dnsServers, timeoutMs: dnsTimeoutMs });
  if (found.takesMail || insists) return { kind: 'fine', exchanges: found.exchanges };
  return { kind: 'unlikely', domain, suggestion: undefined };
}
