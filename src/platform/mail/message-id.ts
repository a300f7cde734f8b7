import { type Cipher, createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { Keyring } from '../../lib/signed-token.ts';

type Delivery = { editionId: number; subscriberId: number };

/** One AES block in base 32, digits 0-9 and a-v. */
const sealedChars = 26;

/**
 * The Message-ID of one edition to one reader: `<e<edition>.<sealed>@domain>`. The same on every retry, so that a
 * duplicate can be recognised, and another for each reader (Gmail counts equal ones). The sealed part is both ids in
 * one AES block: nobody without the key learns a row id or can make the Message-ID of another reader.
 */
export function messageId(
  mail: { kind: 'edition'; domain: string; keyring: Pick<Keyring, 'signing'> } & Delivery,
): string {
  const ids = Buffer.alloc(16);
  ids.writeBigUInt64BE(BigInt(mail.editionId), 0);
  ids.writeBigUInt64BE(BigInt(mail.subscriberId), 8);
  const sealed = cipherOf(mail.keyring.signing.secret).update(ids, undefined, 'hex');
  return `<e${mail.editionId}.${BigInt(`0x${sealed}`).toString(32).padStart(sealedChars, '0')}@${mail.domain}>`;
}

/**
 * Which delivery a Message-ID names, as when it comes back in a bounce; undefined when no key of ours made it. The
 * edition in clear must agree with the sealed one, which a guess meets once in 2^64.
 */
export function readMessageId(id: string, keyring: Pick<Keyring, 'all'>): Delivery | undefined {
  const match = /^<?e(\d{1,15})\.([0-9a-v]{26})@/i.exec(id.trim());
  if (!match) return undefined;
  const [, edition = '', digits = ''] = match;
  const sealed = fromBase32(digits.toLowerCase()).toString(16).padStart(32, '0');
  if (sealed.length > 32) return undefined;
  for (const key of keyring.all) {
    const decipher = createDecipheriv('aes-256-ecb', blockKey(key.secret), null).setAutoPadding(false);
    const ids = decipher.update(sealed, 'hex');
    if (ids.readBigUInt64BE(0) === BigInt(edition)) {
      return { editionId: Number(edition), subscriberId: Number(ids.readBigUInt64BE(8)) };
    }
  }
  return undefined;
}

/** One cipher for all readers, since each block of ECB stands alone: opening one takes longer than the rest. */
const ciphers = new WeakMap<Buffer, Cipher>();

function cipherOf(secret: Buffer): Cipher {
  const known = ciphers.get(secret);
  if (known) return known;
  const cipher = createCipheriv('aes-256-ecb', blockKey(secret), null).setAutoPadding(false);
  ciphers.set(secret, cipher);
  return cipher;
}

function blockKey(secret: Buffer): Buffer {
  return createHash('sha256').update('dateline message-id:').update(secret).digest();
}

function fromBase32(digits: string): bigint {
  let value = 0n;
  for (const digit of digits) value = value * 32n + BigInt(Number.parseInt(digit, 32));
  return value;
}
