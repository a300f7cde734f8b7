import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { Cmac } from './cmac.ts';

/** What a token may be used for. A token of one purpose is nothing to another. */
export type Purpose =
  | 'confirm'
  | 'unsubscribe'
  | 'everyday'
  | 'account'
  | 'undo'
  | 'change_email'
  | 'stop_change'
  | 'data'
  | 'sent'
  | 'bounce'
  | 'view'
  | 'still_human'
  | 'withdraw';

export interface Key {
  id: string;
  secret: Buffer;
  /** Derived once: fingerprints are made by the thousand. */
  printing: Buffer;
}

/** The secrets of `SECRET_KEY`, in their order: the first signs, every one verifies. */
export interface Keyring {
  signing: Key;
  all: readonly Key[];
}

export type OpenedToken = { kind: 'valid'; numbers: number[] } | { kind: 'expired' } | { kind: 'bad' };

export const secretCharsMin = 32;

/** @throws RangeError when there is no secret or one is shorter than 32 characters; it never quotes one. */
export function openKeyring(secrets: readonly string[]): Keyring {
  if (secrets.some((secret) => secret.length < secretCharsMin)) {
    throw new RangeError(`each secret needs at least ${secretCharsMin} characters`);
  }
  const all = secrets.map((text) => {
    const secret = Buffer.from(text, 'utf8');
    const id = createHash('sha256').update('key-id:').update(secret).digest('hex').slice(0, 8);
    return { id, secret, printing: Buffer.from(hkdfSync('sha256', secret, '', 'dateline fingerprint', 32)) };
  });
  const signing = all[0];
  if (!signing) throw new RangeError('there must be at least one secret');
  return { signing, all };
}

/**
 * Signs a few whole numbers for one purpose: `<numbers>.<expiry>.<mac>` in base 36 and base64url, with an AES-256-CMAC of 128
 * bits under a key of that purpose. It verifies without the database, holds no address, and is deterministic, so a retried
 * mail carries the same links.
 */
export function signToken(
  keyring: Keyring,
  purpose: Purpose,
  numbers: readonly number[],
  expiresAt?: Date,
): string {
  const [token = ''] = signTokens(keyring, purpose, [numbers], expiresAt);
  return token;
}

/** Like `signToken` for each of a list: many together cost little more than one. */
export function signTokens(
  keyring: Keyring,
  purpose: Purpose,
  list: readonly (readonly number[])[],
  expiresAt?: Date,
): string[] {
  const expiry = expiresAt ? Math.floor(expiresAt.getTime() / 1000).toString(36) : '';
  const bodies = list.map((numbers) => `${numbers.map((n) => n.toString(36)).join('-')}.${expiry}`);
  const codes = cmacOf(keyring.signing, purpose).codesOf(bodies);
  return bodies.map((body, nth) => `${body}.${codes.toString('base64url', nth * 16, nth * 16 + 16)}`);
}

/** Reads a signed token back. Comparison takes the same time wherever a forged one differs. */
export function openToken(keyring: Keyring, purpose: Purpose, token: string, now: Date): OpenedToken {
  const parts = /^([0-9a-z]+(?:-[0-9a-z]+)*)\.([0-9a-z]*)\.([\w-]{22})$/.exec(token.slice(0, 200));
  if (!parts || token.length > 200) return { kind: 'bad' };
  const [, list = '', expiry = '', sent = ''] = parts;
  const body = `${list}.${expiry}`;
  if (!keyring.all.some((key) => equal(cmacOf(key, purpose).codesOf([body]).toString('base64url'), sent)))
    return { kind: 'bad' };
  if (expiry !== '' && Number.parseInt(expiry, 36) * 1000 <= now.getTime()) return { kind: 'expired' };
  return { kind: 'valid', numbers: list.split('-').map((part) => Number.parseInt(part, 36)) };
}

/** Encrypts a small value for one purpose (AES-256-GCM), for what a URL must carry and nobody may read. */
export function seal(keyring: Keyring, purpose: Purpose, value: unknown, expiresAt: Date): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', sealingKey(keyring.signing, purpose), iv);
  const text = JSON.stringify({ v: value, e: expiresAt.getTime() });
  const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return sealed.toString('base64url');
}

/** @returns the sealed value, or `undefined` when it is altered, of another purpose or past its time. */
export function unseal(keyring: Keyring, purpose: Purpose, sealed: string, now: Date): unknown {
  if (sealed.length > 4096) return undefined;
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < 29) return undefined;
  for (const key of keyring.all) {
    const opened = unsealWith(sealingKey(key, purpose), bytes);
    if (opened) return opened.e > now.getTime() ? opened.v : undefined;
  }
  return undefined;
}

/** A random 128-bit token for a URL. Only `hashToken` of it is stored. */
export function mintToken(): string {
  return randomBytes(16).toString('base64url');
}

export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

export interface Fingerprint {
  bytes: Buffer;
  keyId: string;
}

/** A keyed fingerprint of an address key: enough to recognise it again, useless to anyone without the secret. */
export function fingerprint(keyring: Keyring, emailKey: string): Fingerprint {
  return { bytes: printWith(keyring.signing, emailKey), keyId: keyring.signing.id };
}

/** The fingerprints of one address under every listed secret, for look-ups across a key rotation. */
export function allFingerprints(keyring: Keyring, emailKey: string): Buffer[] {
  return keyring.all.map((key) => printWith(key, emailKey));
}

/** A keyed, stable name for a few numbers that does not reveal them (base32, lower case), such as in a Message-ID. */
export function opaqueName(keyring: Keyring, label: string, numbers: readonly number[]): string {
  const digest = createHmac('sha256', keyring.signing.secret)
    .update(`name:${label}:${numbers.join(',')}`)
    .digest();
  return [...digest.subarray(0, 16)].map((byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte & 31]).join('');
}

const cmacs = new WeakMap<Key, Map<string, Cmac>>();

/** What signs for one purpose: opened once, with a key of its own, which a code of another purpose is nothing to. */
export function cmacOf(key: Key, purpose: string): Cmac {
  return derivedOnce(cmacs, key, `dateline sign ${purpose}`, (derived) => new Cmac(derived));
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

const sealingKeys = new WeakMap<Key, Map<string, Buffer>>();

function sealingKey(key: Key, purpose: Purpose): Buffer {
  return derivedOnce(sealingKeys, key, `dateline seal ${purpose}`, (derived) => derived);
}

/** Deriving a key takes longer than to use it. */
function derivedOnce<T>(
  known: WeakMap<Key, Map<string, T>>,
  key: Key,
  label: string,
  make: (derived: Buffer) => T,
): T {
  const ofKey = known.get(key) ?? new Map<string, T>();
  known.set(key, ofKey);
  const made = ofKey.get(label) ?? make(Buffer.from(hkdfSync('sha256', key.secret, '', label, 32)));
  ofKey.set(label, made);
  return made;
}

function unsealWith(key: Buffer, bytes: Buffer): { v: unknown; e: number } | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(-16));
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
    return JSON.parse(text) as { v: unknown; e: number };
  } catch {
    return undefined;
  }
}

function printWith(key: Key, emailKey: string): Buffer {
  return createHmac('sha256', key.printing).update(emailKey).digest();
}
