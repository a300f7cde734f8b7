import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { domainName } from './lib/domain-name.ts';
import { parseRate, type Rate } from './lib/rate.ts';
import { type Keyring, openKeyring, secretCharsMin } from './lib/signed-token.ts';
import { type DkimIdentity, readDkimIdentity } from './platform/mail/dkim-keys.ts';
import { parseRelayUrls, type Relay } from './platform/mail/relay.ts';

/** Everything the environment may say, read once. */
export interface Config {
  baseUrl: string;
  host: string;
  port: number;
  dataDir: string;
  keyring: Keyring;
  /** A URL, or the embedded Postgres in `dataDir`. */
  databaseUrl: string | undefined;
  /** A URL, or the queue in the database. */
  redisUrl: string | undefined;
  /** No relays: mail goes to the trap on this machine. */
  relays: Relay[];
  /** What all relays together may begin; none = as fast as they take it. */
  smtpRates: Rate[];
  smtpConnections: number;
  bounceDomain: string | undefined;
  /** Unset: mail leaves unsigned, and the relay may sign it. */
  dkim: DkimIdentity | undefined;
  trustedProxies: string[];
  /** Networks that many readers share, such as a carrier's: what one address there may do in ten minutes. */
  signUpLimits: SignUpLimit[];
  dnsServers: string[];
  mxCheck: boolean;
  /** What a sign-up with an inbox that is thrown away is told: so, nothing (and it gets no letter), or yes like any other. */
  disposableDomains: 'tell' | 'silent' | 'allow';
  /** The site is being worked on: readers can leave, and nothing else. */
  maintenance: boolean;
  /** Exact private `host:port` pairs that the article fetcher may reach. */
  fetchAllow: string[];
  logLevel: string;
  /** Who has it may read `/metrics`; unset: the house may. */
  metricsToken: string | undefined;
  /** Where a worker without a web role shows its own metrics; unset: nowhere. */
  metricsPort: number | undefined;
  /** How far a process that only works stands behind others for the processor: 0 to 19. */
  workerNice: number;
}

export interface SignUpLimit {
  /** An address range as CIDR. */
  range: string;
  /** Without the one more tap. */
  free: number;
  max: number;
}

/** What is wrong with the environment, all of it at once. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n- ${problems.join('\n- ')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const list = z
  .string()
  .optional()
  .transform((text) =>
    (text ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );

function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

function oneOf<const Word extends string>(words: readonly Word[]) {
  return z.enum(words, { error: `must be one of ${words.join(', ')}` });
}

const environment = z.object({
  BASE_URL: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  SECRET_KEY: list,
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must look like postgres://user:password@host/name' })
    .optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must look like redis://host:6379' }).optional(),
  SMTP_URL: z.string().optional(),
  SMTP_RATE: list,
  PORT: wholeNumber(0, 65_535).default(3000),
  HOST: z.string().optional(),
  DATA_DIR: z.string().default('.dateline'),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  BOUNCE_DOMAIN: z
    .string()
    .toLowerCase()
    .regex(domainName, 'must be one domain name in ASCII, such as bounces.example.org')
    .optional(),
  DKIM_DOMAIN: z.string().optional(),
  DKIM_SELECTOR: list,
  DKIM_KEY_FILE: list,
  TRUSTED_PROXIES: list,
  SIGN_UP_LIMITS: list,
  DNS_SERVERS: list,
  MX_CHECK: oneOf(['on', 'off']).optional(),
  DISPOSABLE_DOMAINS: oneOf(['tell', 'silent', 'allow']).default('tell'),
  FETCH_ALLOW: list,
  MAINTENANCE: oneOf(['on', 'off']).default('off'),
  METRICS_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{16,}$/, 'needs at least 16 printable characters without blanks')
    .optional(),
  METRICS_PORT: wholeNumber(0, 65_535).optional(),
  WORKER_NICE: wholeNumber(0, 19).default(10),
  SMTP_CONNECTIONS: wholeNumber(1, 200).default(10),
});

/**
 * Reads the environment once. On the embedded default a missing secret is made and kept in `DATA_DIR/secret.key`; anywhere
 * else it is an error, never a built-in value. `over` holds what a command line says instead.
 *
 * @throws ConfigError with the whole list of what is wrong.
 */
export function readConfig(
  env: Record<string, string | undefined> = process.env,
  over: Record<string, string | undefined> = {},
): Config {
  const set = { ...said(env), ...said(over) };
  const { read, problems } = readEach(set);
  const relays = readRelays(read.SMTP_URL, problems);
  const smtpRates = readRates(read.SMTP_RATE, problems);
  const dkim = readDkimIdentity(
    { domain: read.DKIM_DOMAIN, selectors: read.DKIM_SELECTOR, files: read.DKIM_KEY_FILE },
    problems,
  );
  checkProxies(read.TRUSTED_PROXIES, problems);
  checkNameServers(read.DNS_SERVERS, problems);
  checkAllowed(read.FETCH_ALLOW, problems);
  const signUpLimits = readSignUpLimits(read.SIGN_UP_LIMITS, problems);
  const embedded = set.DATABASE_URL === undefined;
  const baseUrl = (read.BASE_URL ?? `http://localhost:${read.PORT}`).replace(/\/+$/, '');
  if (relays.length > 0 && !baseUrl.startsWith('https://')) {
    problems.push('BASE_URL must be https when SMTP_URL is set: the links in every mail begin with it');
  }
  const keyring = readKeyring(read.SECRET_KEY, embedded ? resolve(read.DATA_DIR) : undefined, problems);
  if (problems.length > 0 || !keyring) throw new ConfigError(problems);
  return {
    baseUrl,
    host: read.HOST ?? (embedded ? '127.0.0.1' : '0.0.0.0'),
    port: read.PORT,
    dataDir: resolve(read.DATA_DIR),
    keyring,
    databaseUrl: read.DATABASE_URL,
    redisUrl: read.REDIS_URL,
    relays,
    smtpRates,
    smtpConnections: read.SMTP_CONNECTIONS,
    bounceDomain: read.BOUNCE_DOMAIN,
    dkim,
    trustedProxies: read.TRUSTED_PROXIES,
    signUpLimits,
    dnsServers: read.DNS_SERVERS,
    mxCheck: relays.length > 0 && read.MX_CHECK !== 'off',
    disposableDomains: read.DISPOSABLE_DOMAINS,
    maintenance: read.MAINTENANCE === 'on',
    fetchAllow: read.FETCH_ALLOW,
    logLevel: read.LOG_LEVEL,
    metricsToken: read.METRICS_TOKEN,
    metricsPort: read.METRICS_PORT,
    workerNice: read.WORKER_NICE,
  };
}

/** What is not said, or said to be nothing, takes nothing away from what is said elsewhere. */
function said(values: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && value !== ''),
  );
}

/** What can be read, and what cannot: the rest is still looked at, so that everything wrong is said at once. */
function readEach(set: Record<string, string | undefined>): {
  read: z.infer<typeof environment>;
  problems: string[];
} {
  const parsed = environment.safeParse(set);
  if (parsed.success) return { read: parsed.data, problems: [] };
  const { issues } = parsed.error;
  const wrong = new Set(issues.map((issue) => String(issue.path[0])));
  const readable = Object.fromEntries(Object.entries(set).filter(([name]) => !wrong.has(name)));
  return {
    read: environment.parse(readable),
    problems: issues.map((issue) => `${issue.path.join('.')} ${issue.message}`),
  };
}

function readRelays(urls: string | undefined, problems: string[]): Relay[] {
  if (urls === undefined) return [];
  try {
    return parseRelayUrls(urls);
  } catch (error) {
    problems.push(`SMTP_URL: ${error instanceof Error ? error.message : 'cannot be read'}`);
    return [];
  }
}

function readRates(rates: string[], problems: string[]): Rate[] {
  try {
    return rates.map(parseRate);
  } catch {
    problems.push('SMTP_RATE is a number per s, m, h or d, several by comma, such as 200/s,1000000/d');
    return [];
  }
}

function checkProxies(ranges: string[], problems: string[]): void {
  for (const range of ranges) {
    if (!ipaddr.isValidCIDR(range) && !ipaddr.isValid(range))
      problems.push(`TRUSTED_PROXIES has no address range: ${range}`);
  }
}

function checkNameServers(servers: string[], problems: string[]): void {
  for (const server of servers) {
    const [, bracketed, plain] = /^(?:\[(.+)\]|([\d.]+))(?::\d{1,5})?$/.exec(server) ?? [];
    if (!ipaddr.isValid(bracketed ?? plain ?? server))
      problems.push(`DNS_SERVERS has no address such as 192.0.2.53 or 192.0.2.53:5353: ${server}`);
  }
}

function checkAllowed(pairs: string[], problems: string[]): void {
  for (const pair of pairs) {
    if (!/^(\[[\da-f:.]+\]|[^\s:/@[\]]+):\d{1,5}$/i.test(pair))
      problems.push(`FETCH_ALLOW has no host:port such as cms.internal:8080: ${pair}`);
  }
}

function readSignUpLimits(limits: string[], problems: string[]): SignUpLimit[] {
  return limits.flatMap((limit) => {
    const [, range = '', free, max] = /^(\S+)=(\d{1,6})\/(\d{1,6})$/.exec(limit) ?? [];
    if (ipaddr.isValidCIDR(range) && Number(free) <= Number(max))
      return [{ range, free: Number(free), max: Number(max) }];
    problems.push(`SIGN_UP_LIMITS has no range=free/max, such as 203.0.113.0/24=300/3000: ${limit}`);
    return [];
  });
}

function readKeyring(
  secrets: string[],
  embeddedDir: string | undefined,
  problems: string[],
): Keyring | undefined {
  const listed = secrets.length > 0 ? secrets : embeddedDir ? [embeddedSecret(embeddedDir)] : [];
  if (listed.length === 0) {
    problems.push(
      'SECRET_KEY is missing: make one with `openssl rand -hex 32`, keep it, and give every process the same',
    );
    return undefined;
  }
  if (listed.some((secret) => secret.length < secretCharsMin)) {
    problems.push(`SECRET_KEY needs at least ${secretCharsMin} characters in each of its secrets`);
    return undefined;
  }
  return openKeyring(listed);
}

/** Two processes may start at once: the file appears whole, whoever is first, and both read it. */
function embeddedSecret(dataDir: string): string {
  const file = join(dataDir, 'secret.key');
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    const written = `${file}.${randomBytes(6).toString('hex')}`;
    writeFileSync(written, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    try {
      linkSync(written, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(written);
    }
  }
  return readFileSync(file, 'utf8').trim();
}
