import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

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

interface Key {
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
 * Signs a few whole numbers for one purpose: `<numbers>.<expiry>.<mac>` in base 36 and base64url, with an HMAC-SHA256 of 128
 * bits. It verifies without the database, holds no address, and is deterministic, so a retried mail carries the same links.
 */
export function signToken(
  keyring: Keyring,
  purpose: Purpose,
  numbers: readonly number[],
  expiresAt?: Date,
): string {
  const expiry = expiresAt ? Math.floor(expiresAt.getTime() / 1000).toString(36) : '';
  const body = `${numbers.map((n) => n.toString(36)).join('-')}.${expiry}`;
  return `${body}.${mac(keyring.signing, purpose, body)}`;
}

/** Reads a signed token back. Comparison takes the same time wherever a forged one differs. */
export function openToken(keyring: Keyring, purpose: Purpose, token: string, now: Date): OpenedToken {
  const parts = /^([0-9a-z]+(?:-[0-9a-z]+)*)\.([0-9a-z]*)\.([\w-]{22})$/.exec(token.slice(0, 200));
  if (!parts || token.length > 200) return { kind: 'bad' };
  const [, list = '', expiry = '', sent = ''] = parts;
  const body = `${list}.${expiry}`;
  if (!keyring.all.some((key) => equal(mac(key, purpose, body), sent))) return { kind: 'bad' };
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

function mac(key: Key, purpose: Purpose, body: string): string {
  return createHmac('sha256', key.secret)
    .update(`${purpose}:${body}`)
    .digest()
    .subarray(0, 16)
    .toString('base64url');
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** Deriving one takes longer than to encrypt with it. */
const sealingKeys = new WeakMap<Key, Map<Purpose, Buffer>>();

function sealingKey(key: Key, purpose: Purpose): Buffer {
  const keys = sealingKeys.get(key) ?? new Map<Purpose, Buffer>();
  sealingKeys.set(key, keys);
  const known =
    keys.get(purpose) ?? Buffer.from(hkdfSync('sha256', key.secret, '', `dateline seal ${purpose}`, 32));
  keys.set(purpose, known);
  return known;
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
