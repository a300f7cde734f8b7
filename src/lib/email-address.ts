import { domainToASCII } from 'node:url';
import { domainName } from './domain-name.ts';

/** One mailbox, as typed and as compared. */
export interface EmailAddress {
  /** As typed: trimmed, NFC, the domain as an A-label. Mail goes here. */
  email: string;
  /** Identity: lower-cased local part and A-label domain; unique in the ledger. */
  key: string;
  /** The A-label domain, lower case. */
  domain: string;
  /** The key with dots and `+tags` folded away: for limits only, so that one mailbox is not asked ten times. */
  limitKey: string;
}

const localBytesMax = 64;
const addressBytesMax = 254;
/** U+FFFD stands for bytes that were no UTF-8: whoever they were meant for cannot be known any more. */
const localPart = /^[^\s@"(),:;<>[\\\]\p{C}\ufffd]+$/u;

/**
 * Reads what a person typed as one address: the dot-atom form of RFC 5321 §4.1.2, with UTF-8 local parts (RFC 6531) and
 * international domains. Comments, quoted local parts, domain literals, and dotless or numeric domains are refused, since
 * no reader has them and mail libraries "repair" them into other people's addresses.
 *
 * @returns the address, or `undefined` when it is none.
 */
export function parseEmailAddress(typed: string): EmailAddress | undefined {
  // Blanks slip in when an address is pasted; a line end never does, so it is somebody's trick.
  const text = typed.normalize('NFC').replace(/^[ \t\u00a0]+|[ \t\u00a0]+$/g, '');
  const at = text.lastIndexOf('@');
  if (at < 1 || text.indexOf('@') !== at) return undefined;
  const local = text.slice(0, at);
  if (Buffer.byteLength(local) > localBytesMax || !localPart.test(local)) return undefined;
  if (local.startsWith('.') || local.endsWith('.') || local.includes('..')) return undefined;
  const domain = readDomain(text.slice(at + 1));
  if (domain === undefined) return undefined;
  const email = `${local}@${domain}`;
  if (Buffer.byteLength(email) > addressBytesMax) return undefined;
  const folded = local.toLowerCase();
  const bare = (folded.split('+')[0] || folded).replaceAll('.', '');
  return { email, key: `${folded}@${domain}`, domain, limitKey: `${bare || folded}@${domain}` };
}

/** Whether the address can only travel where SMTPUTF8 is offered (RFC 6531 §3.2). */
export function needsSmtpUtf8(email: string): boolean {
  return /[^\x20-\x7e]/.test(email);
}

function readDomain(typed: string): string | undefined {
  if (/[\s/\\?#%:@[\]]/.test(typed) || typed.endsWith('.')) return undefined;
  const domain = domainToASCII(typed).toLowerCase();
  const isNumeric = /\.\d+$/.test(domain);
  return domainName.test(domain) && !isNumeric ? domain : undefined;
}
