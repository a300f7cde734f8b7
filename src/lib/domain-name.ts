/** One label in ASCII and small letters (RFC 1123 §2.1): the source of a pattern. */
export const domainLabel = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';

/** A domain name in ASCII and small letters, of two labels at least and 253 characters at most. */
export const domainName = new RegExp(`^(?=.{1,253}$)${domainLabel}(?:\\.${domainLabel})+$`);
