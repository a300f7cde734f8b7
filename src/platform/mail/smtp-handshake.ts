import { connect as connectPlain, isIP } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Relay } from './relay.ts';
import { SmtpLost, type SmtpTimeouts } from './smtp-outcome.ts';
import { type Phase, parseReply } from './smtp-reply.ts';
import { signIn } from './smtp-sign-in.ts';
import { tlsNames, Wire } from './smtp-wire.ts';

/** What EHLO offered, after TLS where there is TLS. */
export type Capabilities = {
  pipelining: boolean;
  /** Largest message in bytes; undefined when no limit was named. */
  sizeBytesMax: number | undefined;
  eightBitMime: boolean;
  smtpUtf8: boolean;
  dsn: boolean;
  chunking: boolean;
  startTls: boolean;
  auth: string[];
};

export type HandshakeOptions = {
  ehloName: string;
  timeouts: SmtpTimeouts;
  /** Over what the relay says itself. */
  tls: ConnectionOptions;
  signal?: AbortSignal | undefined;
};

export function assertEhloName(name: string): void {
  if (!/^[\w.:[\]-]+$/.test(name)) throw new Error('the EHLO name must be a host name or an [address]');
}

/** Connects, greets, encrypts and signs in, one command at a time. Throws `SmtpLost` with the phase. */
export async function shakeHands(
  relay: Relay,
  options: HandshakeOptions,
): Promise<{ wire: Wire; capabilities: Capabilities; encrypted: boolean }> {
  assertEhloName(options.ehloName);
  const { timeouts } = options;
  const dialogue = new Dialogue(relay, options);
  try {
    await dialogue.until('connect', timeouts.connectMs, dialogue.connected);
    const greeting = await dialogue.hear('greeting', timeouts.greetingMs);
    expect2xx('greeting', 'the server does not take our connection', greeting);
    let capabilities = await ehlo(dialogue, relay, options);
    let encrypted = relay.secure;
    if (!encrypted && !relay.plain && (capabilities.startTls || relay.requireTls)) {
      await startTls(dialogue, relay, options, capabilities);
      encrypted = true;
      capabilities = await ehlo(dialogue, relay, options);
    }
    if (relay.auth)
      await signIn(dialogue, relay, { encrypted, timeoutMs: timeouts.authMs }, capabilities.auth);
    dialogue.mustBeSilent('ehlo');
    return { wire: dialogue.release(), capabilities, encrypted };
  } catch (error) {
    dialogue.wire.destroy('the handshake failed');
    throw error;
  }
}

async function ehlo(dialogue: Dialogue, relay: Relay, options: HandshakeOptions): Promise<Capabilities> {
  const { ehloName, timeouts } = options;
  const lines = await dialogue.ask('ehlo', `EHLO ${ehloName}`, timeouts.ehloMs);
  const code = parseReply(lines).code;
  if (code < 300) return readCapabilities(lines);
  // A server older than RFC 1869: only worth talking to when nothing beyond plain SMTP is asked of it.
  if ((code !== 500 && code !== 502) || relay.requireTls || relay.auth) {
    throw new SmtpLost('ehlo', 'the server refused EHLO', parseReply(lines));
  }
  const helo = await dialogue.ask('ehlo', `HELO ${ehloName}`, timeouts.ehloMs);
  expect2xx('ehlo', 'the server refused HELO', helo);
  return readCapabilities(helo.slice(0, 1));
}

/** Reads the lines of an EHLO reply; unknown keywords are passed over. */
export function readCapabilities(lines: readonly string[]): Capabilities {
  const offered = new Map<string, string[]>();
  for (const line of lines.slice(1)) {
    const [keyword = '', ...words] = line
      .slice(4)
      .trim()
      .toUpperCase()
      .split(/[\s=]+/);
    offered.set(keyword, [...(offered.get(keyword) ?? []), ...words]);
  }
  const size = Number(offered.get('SIZE')?.[0] ?? 0);
  return {
    pipelining: offered.has('PIPELINING'),
    sizeBytesMax: size > 0 ? size : undefined,
    eightBitMime: offered.has('8BITMIME'),
    smtpUtf8: offered.has('SMTPUTF8'),
    dsn: offered.has('DSN'),
    chunking: offered.has('CHUNKING'),
    startTls: offered.has('STARTTLS'),
    auth: offered.get('AUTH') ?? [],
  };
}

async function startTls(
  dialogue: Dialogue,
  relay: Relay,
  options: HandshakeOptions,
  capabilities: Capabilities,
): Promise<void> {
  if (!capabilities.startTls) {
    throw new SmtpLost(
      'starttls',
      'the server offers no STARTTLS, and tls=required forbids to go on without',
    );
  }
  const lines = await dialogue.ask('starttls', 'STARTTLS', options.timeouts.tlsMs);
  expect2xx('starttls', 'the server offers STARTTLS and refuses it (tls=off goes without)', lines);
  dialogue.mustBeSilent('starttls');
  // Without a password and without tls=required, encrypting to an unverified server beats going in the clear.
  const verified = relay.requireTls || relay.auth !== undefined;
  const tls = { rejectUnauthorized: verified, ...relay.tls, ...options.tls };
  const upgrade = dialogue.wire.startTls(relay.host, tls);
  await dialogue.until('starttls', options.timeouts.tlsMs, upgrade);
}

/** One question, one answer, each with a timeout. */
class Dialogue {
  readonly wire: Wire;
  readonly connected: Promise<void>;
  #heard: string[][] = [];
  #wake: () => void = () => {};
  #forget: () => void;

  constructor(relay: Relay, options: HandshakeOptions) {
    const { host, port, source } = relay;
    // Without the family a name could resolve to an address that the source cannot reach.
    const from = source === undefined ? {} : { localAddress: source, family: isIP(source) };
    const address = { host, port, ...from };
    const tls = { ...tlsNames(host), minVersion: 'TLSv1.2', ...relay.tls, ...options.tls } as const;
    let opened = () => {};
    this.connected = new Promise((resolve) => {
      opened = resolve;
    });
    this.wire = new Wire((onread) => {
      const at = { ...address, onread };
      return relay.secure ? connectTls({ ...tls, ...at }, opened) : connectPlain(at, opened);
    });
    this.wire.onReply = (lines) => {
      this.#heard.push(lines);
      this.#wake();
    };
    this.wire.onLost = () => this.#wake();
    const { signal } = options;
    const cut = () => this.wire.destroy('we cut the connection');
    signal?.addEventListener('abort', cut);
    this.#forget = () => signal?.removeEventListener('abort', cut);
    if (signal?.aborted) cut();
  }

  ask(phase: Phase, command: string, timeoutMs: number): Promise<string[]> {
    this.mustBeSilent(phase);
    this.wire.write(`${command}\r\n`);
    return this.hear(phase, timeoutMs);
  }

  async hear(phase: Phase, timeoutMs: number): Promise<string[]> {
    const arrival = new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#heard.length > 0) resolve();
    });
    await this.until(phase, timeoutMs, arrival);
    const lines = this.#heard.shift();
    if (!lines) throw new SmtpLost(phase, this.wire.lost ?? 'the server fell silent');
    return lines;
  }

  /** Bytes that no command asked for: an answer slipped in before TLS, or a peer that is no SMTP server. */
  mustBeSilent(phase: Phase): void {
    const early = this.#heard[0];
    if (early) throw new SmtpLost(phase, 'the server spoke out of turn', parseReply(early));
    if (this.wire.holdsBytes) throw new SmtpLost(phase, 'the server spoke out of turn');
  }

  async until(phase: Phase, timeoutMs: number, event: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const ended = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.wire.destroy(`no answer within ${timeoutMs / 1000} s`);
        resolve();
      }, timeoutMs);
      this.wire.onLost = () => {
        resolve();
        this.#wake();
      };
      if (this.wire.lost !== undefined) resolve();
    });
    await Promise.race([event, ended]);
    clearTimeout(timer);
    if (this.wire.lost !== undefined && this.#heard.length === 0) throw new SmtpLost(phase, this.wire.lost);
  }

  /** Hands the wire over; its callbacks are the taker's to set in the same turn. */
  release(): Wire {
    this.#forget();
    return this.wire;
  }
}

function expect2xx(phase: Phase, sentence: string, lines: string[]): void {
  const reply = parseReply(lines);
  if (reply.code >= 300) throw new SmtpLost(phase, sentence, reply);
}
