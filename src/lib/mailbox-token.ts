import { timingSafeEqual } from 'node:crypto';
import { cmacOf, type Key, type Keyring } from './signed-token.ts';

/** What mail to a signed local part means: `u+…` asks to leave, `b+…` brings a bounce back. */
export type MailboxPurpose = 'unsubscribe' | 'bounce';

type Ids = readonly [number, number];

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const numberBytes = 6;
const macBytes = 10;
const tokenChars = Math.ceil(((2 * numberBytes + macBytes) * 8) / 5);

/**
 * Signs two ids for the local part of a mail address: 36 characters of lower-case base32 (RFC 4648 §6), since servers fold
 * the case of local parts and cut them at 64. AES-256-CMAC, 80 bits of it. Deterministic, so a retried mail carries the same.
 */
export function signMailboxToken(keyring: Keyring, purpose: MailboxPurpose, ids: Ids): string {
  const [token = ''] = signMailboxTokens(keyring, purpose, [ids]);
  return token;
}

/** Like `signMailboxToken` for each of a list: many together cost little more than one. */
export function signMailboxTokens(keyring: Keyring, purpose: MailboxPurpose, list: readonly Ids[]): string[] {
  const heads = list.map(headOf);
  return codesOf(keyring.signing, purpose, heads).map((code, nth) =>
    toBase32(Buffer.concat([heads[nth] ?? code, code])),
  );
}

/** @returns the ids, in whatever case the token came back; `undefined` when it is not one that we signed. */
export function openMailboxToken(
  keyring: Keyring,
  purpose: MailboxPurpose,
  token: string,
): [number, number] | undefined {
  const bytes = fromBase32(token.toLowerCase());
  if (!bytes) return undefined;
  const head = bytes.subarray(0, 2 * numberBytes);
  const sent = bytes.subarray(2 * numberBytes);
  const isOf = (key: Key) => codesOf(key, purpose, [head]).every((code) => timingSafeEqual(code, sent));
  if (!keyring.all.some(isOf)) return undefined;
  return [head.readUIntBE(0, numberBytes), head.readUIntBE(numberBytes, numberBytes)];
}

function headOf(ids: Ids): Buffer {
  const head = Buffer.alloc(2 * numberBytes);
  head.writeUIntBE(ids[0], 0, numberBytes);
  head.writeUIntBE(ids[1], numberBytes, numberBytes);
  return head;
}

function codesOf(key: Key, purpose: MailboxPurpose, heads: readonly Buffer[]): Buffer[] {
  const codes = cmacOf(key, `mailbox:${purpose}`).codesOf(heads.map((head) => head.toString('hex')));
  return heads.map((_, nth) => codes.subarray(nth * 16, nth * 16 + macBytes));
}

function toBase32(bytes: Buffer): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(held >>> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + alphabet[(held << (5 - bits)) & 31] : text;
}

function fromBase32(text: string): Buffer | undefined {
  if (text.length !== tokenChars || !/^[a-z2-7]+$/.test(text)) return undefined;
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const char of text) {
    held = (held << 5) | alphabet.indexOf(char);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >>> bits) & 255);
      held &= (1 << bits) - 1;
    }
  }
  // What is left over must be the padding's zeros, or one token would have several spellings.
  return held === 0 ? Buffer.from(bytes) : undefined;
}
