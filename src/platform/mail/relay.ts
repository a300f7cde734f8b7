import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { Rate } from '../../lib/rate.ts';
import type { WarmUp } from '../rate/warm-up.ts';
import { readRates } from './relay-rates.ts';
import { type RelayTls, readRelayTls } from './relay-tls.ts';

export type RelayPurpose = 'bulk' | 'transactional';

/** An SMTP server that mail is handed to. */
export type Relay = {
  /** `host:port`, without the user: fit for logs and metrics. */
  name: string;
  host: string;
  port: number;
  /** TLS from the first byte (`smtps://`). */
  secure: boolean;
  /** STARTTLS or nothing, with a verified certificate. */
  requireTls: boolean;
  /** Never STARTTLS, even if offered (`tls=off`). */
  plain: boolean;
  /** With `xoauth2` the password is an OAuth 2.0 access token. */
  auth?: { user: string; pass: string; mechanism?: 'xoauth2' };
  tls?: RelayTls;
  /** The address of this machine that connections come from. */
  source?: string;
  connections?: number;
  /** Messages on one connection; then it is closed and another opened. */
  messages?: number;
  /** False: never BDAT, even if offered. */
  chunking?: boolean;
  /** Whose client hands mail over; ours where nothing is said. */
  client?: 'nodemailer';
  purpose?: RelayPurpose;
  weight?: number;
  rates?: Rate[];
  warmUp?: WarmUp;
};

const optionsKnown = new Set([
  'purpose',
  'weight',
  'rate',
  'warm-up',
  'connections',
  'messages',
  'tls',
  'ca',
  'cert',
  'key',
  'auth',
  'source',
  'chunking',
  'client',
]);

/** Reads a comma list of relay URLs. Throws a sentence that says what to do and never holds the password. */
export function parseRelayUrls(list: string): Relay[] {
  // Only a comma before another scheme separates: passwords and user names may hold one.
  const urls = list.split(/\s*,\s*(?=[a-z]+:\/\/)/i).map((url) => url.trim());
  return urls.map((url, at) => {
    try {
      return parseRelayUrl(url);
    } catch (error) {
      const sentence = error instanceof Error ? error.message : 'cannot be read';
      throw new Error(urls.length > 1 ? `relay ${at + 1} of ${urls.length}: ${sentence}` : sentence);
    }
  });
}

/**
 * Reads one relay: `smtp://` (port 25, or 587 with a password; STARTTLS when offered) or `smtps://` (465).
 * Query: `purpose=bulk|transactional`, `weight`, `rate=100/s` (repeatable; s, m, h, d), `warm-up=2026-07-14` (the day on
 * which it starts, in UTC; `:200` behind it sets the first day's messages), `connections`, `messages` (on one connection),
 * `tls=required|off`, `ca`, `cert` and `key` (PEM files, read here), `auth=xoauth2` (the password is an access token), `source`
 * (an IP address of this machine), `chunking=off`, `client=nodemailer`. Throws a sentence that never holds the password.
 */
export function parseRelayUrl(text: string): Relay {
  const url = readUrl(text);
  const secure = url.protocol === 'smtps:';
  const auth = readAuth(url);
  const host = readHost(url);
  const port = url.port === '' ? (secure ? 465 : auth ? 587 : 25) : Number(url.port);
  if (port === 0) throw new Error('port 0 is no port: write the relay’s port after the host name');
  for (const option of url.searchParams.keys()) {
    if (!optionsKnown.has(option)) {
      // Not quoted: with an unescaped "?" in the password this is a piece of it.
      throw new Error(`an option after the "?" is unknown: the options are ${[...optionsKnown].join(', ')}`);
    }
  }
  for (const option of optionsKnown) {
    // The one that is not heeded may be the one that was meant: tls=off&tls=required.
    if (option !== 'rate' && url.searchParams.getAll(option).length > 1)
      throw new Error(`${option} is said twice: only rate may be`);
  }
  const tls = url.searchParams.get('tls');
  if (tls !== null && tls !== 'required' && tls !== 'off') throw new Error('tls is "required" or "off"');
  if (secure && tls === 'off')
    throw new Error('smtps:// with tls=off contradicts itself: write smtp:// instead');
  const tlsFiles = readRelayTls(url.searchParams);
  if (tlsFiles && tls === 'off') throw new Error('ca, cert and key need TLS: leave tls=off out');
  return {
    name: `${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
    host,
    port,
    secure,
    // Whoever names a certificate does not want to do without.
    requireTls: tls === 'required' || (tlsFiles !== undefined && !secure),
    plain: tls === 'off',
    ...(auth ? { auth } : {}),
    ...(tlsFiles ? { tls: tlsFiles } : {}),
    ...readSource(url, host),
    ...readPurpose(url),
    ...readWhole(url, 'weight', 1000),
    ...readWhole(url, 'connections', 500),
    ...readWhole(url, 'messages', 100_000),
    ...(readWord(url, 'chunking', 'off') ? { chunking: false } : {}),
    ...(readWord(url, 'client', 'nodemailer') ? { client: 'nodemailer' } : {}),
    ...readRates(url.searchParams),
  };
}

/** The relays for a purpose: those that name it or none; where that leaves nothing, all of them. */
export function relaysFor(purpose: RelayPurpose, relays: readonly Relay[]): Relay[] {
  const fit = relays.filter((relay) => relay.purpose === undefined || relay.purpose === purpose);
  return fit.length > 0 ? fit : [...relays];
}

function readUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // The cause quotes its input, password and all.
    throw new Error(
      'not a URL: write smtp://user:password@host:port, with the characters : / ? # @ % of the password percent-encoded',
    );
  }
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') {
    throw new Error('the URL begins with smtp:// or smtps://');
  }
  if (url.pathname !== '' && url.pathname !== '/') {
    throw new Error(
      'nothing may stand between the port and the "?": percent-encode / in the password as %2F',
    );
  }
  if (url.hash !== '') throw new Error('a # must be percent-encoded as %23');
  return url;
}

function readHost(url: URL): string {
  const bare = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare)) return bare;
  const host = domainToASCII(decoded(bare, 'host name'));
  if (host === '') throw new Error('the host name is missing or not a host name');
  return host;
}

function readAuth(url: URL): Relay['auth'] {
  const xoauth2 = readWord(url, 'auth', 'xoauth2');
  if (url.username === '' && url.password === '') {
    if (xoauth2) throw new Error('auth=xoauth2 needs a user and a token: smtp://user:token@host');
    return undefined;
  }
  const user = decoded(url.username, 'user name');
  const pass = decoded(url.password, 'password');
  if (user === '' || pass === '')
    throw new Error('user name and password come together: smtp://user:password@host');
  if (/\0/.test(user + pass)) throw new Error('user name and password cannot hold a NUL');
  return xoauth2 ? { user, pass, mechanism: 'xoauth2' } : { user, pass };
}

/** An option that has only one other value than the usual. */
function readWord(url: URL, name: string, word: string): boolean {
  const text = url.searchParams.get(name);
  if (text !== null && text !== word) throw new Error(`${name} can only be "${word}"`);
  return text !== null;
}

function readSource(url: URL, host: string): { source?: string } {
  const source = url.searchParams.get('source')?.replace(/^\[(.*)\]$/, '$1');
  if (source === undefined) return {};
  const family = isIP(source);
  if (family === 0) throw new Error('source is an IP address of this machine, such as source=192.0.2.7');
  if (isIP(host) !== 0 && isIP(host) !== family) {
    throw new Error(`source is an IPv${family} address and the relay an IPv${isIP(host)} one`);
  }
  return { source };
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error(`a "%" in the ${what} must be written %25`);
  }
}

function readPurpose(url: URL): { purpose?: RelayPurpose } {
  const purpose = url.searchParams.get('purpose');
  if (purpose === null) return {};
  if (purpose === 'bulk' || purpose === 'transactional') return { purpose };
  throw new Error('purpose is "bulk" or "transactional"');
}

function readWhole<Name extends 'weight' | 'connections' | 'messages'>(
  url: URL,
  name: Name,
  max: number,
): { [key in Name]?: number } {
  const text = url.searchParams.get(name);
  if (text === null) return {};
  const value = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw new Error(`${name} is a whole number from 1 to ${max}`);
  return { [name]: value } as { [key in Name]?: number };
}
