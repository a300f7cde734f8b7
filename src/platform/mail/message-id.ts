import { type Cipher, createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { Keyring } from '../../lib/signed-token.ts';

type Delivery = { editionId: number; subscriberId: number };

type Mail = {
  domain: string;
  keyring: Pick<Keyring, 'signing'>;
  editionId: number;
  subscriberIds: readonly number[];
};

const blockBytes = 16;
/** 128 bits in base 32. */
const sealedChars = 26;
const digits = Buffer.from('0123456789abcdefghijklmnopqrstuv');

/**
 * The Message-ID of one edition to one reader: `<e<edition>.<sealed>@domain>`. The same on every retry, so that a
 * duplicate can be recognised, and another for each reader (Gmail counts equal ones). The sealed part is both ids in
 * one AES block: nobody without the key learns a row id or can make the Message-ID of another reader.
 */
export function messageId(mail: Omit<Mail, 'subscriberIds'> & Delivery): string {
  const [id = ''] = messageIds({ ...mail, subscriberIds: [mail.subscriberId] });
  return id;
}

/** Like `messageId` for each of a list of readers: many together cost little more than one. */
export function messageIds({ editionId, subscriberIds, domain, keyring }: Mail): string[] {
  const ids = Buffer.alloc(blockBytes * subscriberIds.length);
  subscriberIds.forEach((subscriberId, nth) => {
    ids.writeUIntBE(editionId, nth * blockBytes + 2, 6);
    ids.writeUIntBE(subscriberId, nth * blockBytes + 10, 6);
  });
  const sealed = toBase32(cipherOf(keyring.signing.secret).update(ids));
  return subscriberIds.map((_, nth) => {
    const start = nth * sealedChars;
    return `<e${editionId}.${sealed.slice(start, start + sealedChars)}@${domain}>`;
  });
}

/**
 * Which delivery a Message-ID names, as when it comes back in a bounce; undefined when no key of ours made it. The
 * edition in clear must agree with the sealed one, which a guess meets once in 2^64.
 */
export function readMessageId(id: string, keyring: Pick<Keyring, 'all'>): Delivery | undefined {
  const match = /^<?e(\d{1,15})\.([0-9a-v]{26})@/i.exec(id.trim());
  if (!match) return undefined;
  const [, edition = '', written = ''] = match;
  const sealed = fromBase32(written.toLowerCase()).toString(16).padStart(32, '0');
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

/** Each block as the number that it is: 26 digits, of which the first stands for 3 bits. */
function toBase32(blocks: Buffer): string {
  const written = Buffer.alloc((blocks.length / blockBytes) * sealedChars);
  let at = 0;
  let held = 0;
  let bits = 0;
  blocks.forEach((byte, nth) => {
    const isFirst = nth % blockBytes === 0;
    held = isFirst ? byte : ((held & 31) << 8) | byte;
    bits = isFirst ? 10 : bits + 8;
    for (; bits >= 5; at += 1) {
      bits -= 5;
      written[at] = digits[(held >>> bits) & 31] ?? 0;
    }
  });
  return written.toString('latin1');
}

function fromBase32(text: string): bigint {
  let value = 0n;
  for (const digit of text) value = value * 32n + BigInt(Number.parseInt(digit, 32));
  return value;
}
