import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../lib/errors.ts';

/** What a key may touch, and how. `write` includes `read`. */
export const areas = ['newsletters', 'articles', 'editions', 'sends', 'subscribers'] as const;
export type Area = (typeof areas)[number];
export type Scope = `${Area}:${'read' | 'write'}`;

/** Someone else's program, let in by a secret that only its owner has. */
export interface ApiKey {
  id: number;
  name: string;
  /** The part of the key that may be shown: `dl_live_k3f9a2xq`. */
  prefix: string;
  /** A test key never causes real mail. */
  mode: 'live' | 'test';
  scopes: string[];
  /** The only newsletters it may see; undefined = all. */
  newsletterIds: number[] | undefined;
  createdAt: Date;
  expiresAt: Date | undefined;
  revokedAt: Date | undefined;
  lastUsedAt: Date | undefined;
}

export const isTestKey = (key: ApiKey | undefined): boolean => key?.mode === 'test';

/** @throws Refusal 403 for a test key: what follows may cause real mail. */
export function refuseTestKey(key: ApiKey): void {
  if (isTestKey(key)) throw new Refusal(403, 'test_key', 'A test key cannot cause mail. Use a live key.');
}

/** Every scope that can be granted: `*`, `editions:*`, `editions:read`, `editions:write`. */
export const grantable: readonly string[] = [
  '*',
  ...areas.flatMap((area) => [`${area}:*`, `${area}:read`, `${area}:write`]),
];

export function grants(scopes: readonly string[], wanted: Scope): boolean {
  const [area, act] = wanted.split(':');
  const enough = ['*', `${area}:*`, `${area}:write`, ...(act === 'read' ? [wanted] : [])];
  return enough.some((scope) => scopes.includes(scope));
}

export function maySee(key: ApiKey, newsletterId: number): boolean {
  return key.newsletterIds === undefined || key.newsletterIds.includes(newsletterId);
}

/** @throws Refusal 404 for a newsletter that the key may not see: to such a key it is not there. */
export function refuseUnseen(key: ApiKey, newsletterId: number): void {
  if (!maySee(key, newsletterId))
    throw new Refusal(404, 'not_found', 'There is no such thing, or the key may not see it.');
}

/** @throws Refusal 403 when the key is limited to some newsletters and this concerns all of them. */
export function refuseLimited(key: ApiKey): void {
  if (key.newsletterIds !== undefined) {
    throw new Refusal(
      403,
      'key_limited',
      'This key is limited to some newsletters and cannot do what concerns all.',
    );
  }
}

const prefixLetters = 'abcdefghijkmnpqrstuvwxyz23456789';
const prefixLength = 8;
const secretBytes = 32;
const written = /^(dl_(?:live|test)_[a-z0-9]{8})_([\w-]{43})$/;

/** A new key: what is shown once, and what is kept of it. */
export function mintKey(mode: 'live' | 'test'): { text: string; prefix: string; hash: Buffer } {
  const name = [...randomBytes(prefixLength)]
    .map((byte) => prefixLetters[byte % prefixLetters.length])
    .join('');
  const prefix = `dl_${mode}_${name}`;
  const text = `${prefix}_${randomBytes(secretBytes).toString('base64url')}`;
  return { text, prefix, hash: hashKey(text) };
}

/** @returns the prefix to look it up by, or `undefined` for what is no key. */
export function prefixOf(text: string): string | undefined {
  return written.exec(text)?.[1];
}

/** Plain SHA-256: 256 random bits need no slow hash. */
export function hashKey(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

const nobody = hashKey('no key has this hash');

/** Takes the same time whether or not the prefix is known. */
export function opens(text: string, hash: Buffer | undefined): boolean {
  return timingSafeEqual(hashKey(text), hash ?? nobody) && hash !== undefined;
}
