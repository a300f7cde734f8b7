import { lookup } from 'node:dns/promises';
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { PassThrough, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { parseHttpUrl } from '../lib/http-url.ts';
import { addressKind } from '../lib/network-address.ts';

export interface FetchOptions {
  /** Exact `host:port` pairs that may lie in a private network. */
  allow: readonly string[];
  /** Sent on every hop, so nothing secret may stand here. */
  headers?: Readonly<Record<string, string>>;
  /** Of the body as decoded, and as sent. Default 5 MB. */
  bytesMax?: number;
  /** Default 3. */
  redirectsMax?: number;
  /** For everything together: names, redirects and the last byte. */
  timeoutMs: number;
  /** Default: the system's resolver. */
  dns?: (host: string) => Promise<string[]>;
}

export type Fetched =
  | {
      kind: 'ok';
      status: number;
      /** Names in lower case. */
      headers: Readonly<Record<string, string>>;
      body: Buffer;
      /** Where the last redirect led. */
      url: string;
    }
  /** We will not: the reason says what is not permitted. */
  | { kind: 'refused'; why: RefusedWhy; reason: string }
  /** We could not: the reason says what the network did. */
  | { kind: 'failed'; reason: string };

export type RefusedWhy = 'url' | 'private-address' | 'redirects' | 'too-large';

const bytesMaxDefault = 5 * 1024 * 1024;
const redirectsMaxDefault = 3;
const redirects = new Set([301, 302, 303, 307, 308]);
const decoders: Record<string, () => Transform> = {
  identity: () => new PassThrough(),
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  br: () => createBrotliDecompress(),
};

/**
 * Gets a URL that a stranger may have chosen. Only http and https, no credentials; the name is resolved here, every address
 * of it must be public unless the exact pair is in `allow` (link-local never is), and the address that was looked at is the
 * one connected to, so a name that changes its mind between look and call gains nothing. Each redirect is looked at the
 * same way. The body is limited while it streams, before and after decompression.
 *
 * Any HTTP status is `ok`; it never throws for what the network does.
 */
export async function safeFetch(url: string, options: FetchOptions): Promise<Fetched> {
  const signal = AbortSignal.timeout(options.timeoutMs);
  const redirectsMax = options.redirectsMax ?? redirectsMaxDefault;
  let target = url;
  for (let hops = 0; hops <= redirectsMax; hops++) {
    const step = await fetchOnce(target, options, signal);
    if (step.kind !== 'redirect') return step;
    target = step.to;
  }
  return refused('redirects', `more than ${redirectsMax} redirects`);
}

async function fetchOnce(
  text: string,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<Fetched | { kind: 'redirect'; to: string }> {
  const url = parseHttpUrl(text);
  if (!url) return refused('url', notFetched(text));
  try {
    const addresses = await resolveWithin(url, options, signal);
    const offence = notPermitted(url, addresses, options.allow);
    if (offence) return offence;
    const response = await open(url, addresses, options, signal);
    const location = response.headers.location;
    if (location !== undefined && redirects.has(response.statusCode ?? 0)) {
      response.destroy();
      return URL.canParse(location, url.href)
        ? { kind: 'redirect', to: new URL(location, url).href }
        : refused('url', 'redirected to something that is no URL');
    }
    return await read(response, url, options.bytesMax ?? bytesMaxDefault);
  } catch (error) {
    if (error instanceof TooLarge) return refused('too-large', error.message);
    return { kind: 'failed', reason: inWords(error, url, signal, options.timeoutMs) };
  }
}

async function resolveWithin(url: URL, options: FetchOptions, signal: AbortSignal): Promise<string[]> {
  const host = bareHost(url);
  if (isIP(host)) return [host];
  const asked = options.dns ? options.dns(host) : systemAddresses(host);
  return await new Promise((resolve, reject) => {
    const late = () => reject(signal.reason);
    if (signal.aborted) late();
    signal.addEventListener('abort', late, { once: true });
    asked.then(resolve, reject).finally(() => signal.removeEventListener('abort', late));
  });
}

async function systemAddresses(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true, verbatim: true });
  return found.map((one) => one.address);
}

function notPermitted(url: URL, addresses: readonly string[], allow: readonly string[]): Fetched | undefined {
  const pair = `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`.toLowerCase();
  const allowed = allow.some((one) => one.toLowerCase() === pair);
  if (addresses.length === 0) return { kind: 'failed', reason: `${url.hostname} has no address` };
  const offending = addresses.find((address) => {
    const kind = addressKind(address);
    return kind === 'link-local' || (kind === 'private' && !allowed);
  });
  if (offending === undefined) return undefined;
  return refused('private-address', `${pair} leads into a private network`);
}

function open(
  url: URL,
  addresses: readonly string[],
  options: FetchOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: 'GET',
      headers: { 'accept-encoding': 'gzip, br', ...options.headers, connection: 'close' },
      agent: false,
      signal,
      lookup: pinned(addresses),
    });
    sent.once('response', resolve);
    // Stays for the whole exchange: an error that nobody listens to ends the process.
    sent.on('error', reject);
    sent.end();
  });
}

/** Answers a connection's question for the name with the addresses that were looked at, and no others. */
function pinned(addresses: readonly string[]): NonNullable<RequestOptions['lookup']> {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, done) => {
    const first = all[0];
    if (options.all) done(null, all);
    else if (first) done(null, first.address, first.family);
  };
}

async function read(response: IncomingMessage, url: URL, bytesMax: number): Promise<Fetched> {
  const status = response.statusCode ?? 0;
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]),
  );
  if (Number(headers['content-length']) > bytesMax) {
    response.destroy();
    throw new TooLarge(bytesMax);
  }
  if (status === 204 || status === 304) {
    response.destroy();
    return { kind: 'ok', status, headers, body: Buffer.alloc(0), url: url.href };
  }
  const encoding = (headers['content-encoding'] || 'identity').trim().toLowerCase();
  const decoder = decoders[encoding];
  if (!decoder) {
    response.destroy();
    return {
      kind: 'failed',
      reason: `${url.hostname} answered in an encoding nobody asked for: ${encoding}`,
    };
  }
  const chunks: Buffer[] = [];
  await pipeline(
    response,
    atMost(bytesMax),
    decoder(),
    atMost(bytesMax),
    async (decoded: AsyncIterable<Buffer>) => {
      for await (const chunk of decoded) chunks.push(chunk);
    },
  );
  return { kind: 'ok', status, headers, body: Buffer.concat(chunks), url: url.href };
}

function atMost(bytesMax: number) {
  return async function* (source: AsyncIterable<Buffer>) {
    let bytes = 0;
    for await (const chunk of source) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw new TooLarge(bytesMax);
      yield chunk;
    }
  };
}

class TooLarge extends Error {
  constructor(bytesMax: number) {
    const megabytes = bytesMax / (1024 * 1024);
    super(megabytes >= 1 ? `larger than ${megabytes} MB` : `larger than ${bytesMax} bytes`);
  }
}

function refused(why: RefusedWhy, reason: string): Extract<Fetched, { kind: 'refused' }> {
  return { kind: 'refused', why, reason };
}

function notFetched(text: string): string {
  if (!URL.canParse(text)) return `not a URL: ${text.slice(0, 200)}`;
  const url = new URL(text);
  if (url.username || url.password) return 'the URL carries a user name or password';
  if (/^https?:$/.test(url.protocol)) return 'the URL is longer than 2,048 characters';
  return `only http and https are fetched, not ${url.protocol.slice(0, -1)}`;
}

/** A literal IPv6 host wears brackets in a URL and nowhere else. */
function bareHost(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function inWords(error: unknown, url: URL, signal: AbortSignal, timeoutMs: number): string {
  if (signal.aborted) return `${url.hostname} did not answer in full within ${timeoutMs / 1000} s`;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOTFOUND' || code === 'ENODATA' || code === 'EAI_AGAIN')
    return `no address is known for ${url.hostname}`;
  if (code === 'ECONNREFUSED') return `${url.host} refused the connection`;
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return `${url.host} broke off the connection`;
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'ETIMEDOUT')
    return `${url.host} cannot be reached`;
  if (code.startsWith('Z_') || code.startsWith('ERR_BROTLI') || code.startsWith('ERR__ERROR_FORMAT'))
    return `${url.host} sent a body that cannot be unpacked`;
  return `${url.host}: ${error instanceof Error ? error.message : String(error)}`;
}
