import { createHash, type KeyObject, sign } from 'node:crypto';
import { relaxed, signedHeaders } from './dkim-headers.ts';
import type { DkimIdentity, DkimKey } from './dkim-keys.ts';
import type { MessageBytes } from './slab.ts';

/** Signs messages as one domain (DKIM, RFC 6376). */
export type Signer = {
  identity: DkimIdentity;
  /**
   * Puts one DKIM-Signature per key on top of a finished message: the bytes that the reader is to get, as latin1, CRLF line
   * ends, before any dot is doubled. Signing twice signs twice.
   *
   * @throws Error when the message has no headers, no From or no key could sign it: then nothing of it may leave.
   */
  sign(message: string): Promise<string>;
  /** Only what comes on top of it. */
  signatureOf(message: MessageBytes): Promise<string>;
};

const bodyStart = '\r\n\r\n';
const lineCharsWanted = 76;

/**
 * Makes a signer that keeps its keys parsed. It signs with all of them at once on the thread pool, over one hash of the body.
 *
 * Headers are signed "relaxed", since relays fold them anew. The body is signed "simple" (§3.4.3): ours is quoted-printable
 * in lines of at most 76 characters, none of which ends in a blank, so the changes that "relaxed" would allow have nothing to
 * change in it; "relaxed" would walk all of it for each reader. There is no `l=`, so nothing can be added to the end.
 */
export function openSigner(identity: DkimIdentity, clock: { now(): Date }): Signer {
  const signatureOf = async (message: MessageBytes): Promise<string> => {
    const bytes = typeof message === 'string' ? Buffer.from(message, 'latin1') : message.bytes;
    const end = bytes.indexOf(bodyStart);
    if (end < 0) throw new Error('a message without headers cannot be signed');
    const { names, canonical } = signedHeaders(bytes.toString('latin1', 0, end));
    const facts = {
      domain: identity.domain,
      seconds: Math.floor(clock.now().getTime() / 1000),
      bodyHash: hashBody(bytes.subarray(end + bodyStart.length)),
      names,
    };
    const signatures = await Promise.all(
      identity.keys.map(async (key) => {
        const unsigned = signatureField(key, facts);
        const signature = await signBytes(key, Buffer.from(canonical + relaxed(unsigned).join(''), 'latin1'));
        return `${unsigned}${folded(signature.toString('base64'))}\r\n`;
      }),
    );
    return signatures.join('');
  };
  return { identity, signatureOf, sign: async (message) => (await signatureOf(message)) + message };
}

/** SHA-256 of the body in "simple" form: empty lines at its end go, one line end stays. */
function hashBody(body: Buffer): string {
  let end = body.length;
  while (body[end - 1] === 0x0a && body[end - 2] === 0x0d) end -= 2;
  return createHash('sha256').update(body.subarray(0, end)).update('\r\n').digest('base64');
}

/** The header as it is signed: complete but for the signature itself, without its last line end. */
function signatureField(
  key: DkimKey,
  facts: { domain: string; seconds: number; bodyHash: string; names: string },
): string {
  return [
    `DKIM-Signature: v=1; a=${key.algorithm}; c=relaxed/simple; d=${facts.domain};`,
    ` s=${key.selector}; t=${facts.seconds};`,
    ` bh=${facts.bodyHash};`,
    ` h=${foldedNames(facts.names)};`,
    ' b=',
  ].join('\r\n');
}

/** Ed25519 signs the SHA-256 of the text, not the text (RFC 8463 §3). */
function signBytes(key: DkimKey, bytes: Buffer): Promise<Buffer> {
  return key.algorithm === 'rsa-sha256'
    ? signOnPool('sha256', bytes, key.privateKey)
    : signOnPool(null, createHash('sha256').update(bytes).digest(), key.privateKey);
}

function signOnPool(algorithm: 'sha256' | null, bytes: Buffer, key: KeyObject): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign(algorithm, bytes, key, (error, signature) => (error ? reject(error) : resolve(signature)));
  });
}

/** Blanks may stand around the colons between names (§3.5). */
function foldedNames(names: string): string {
  return names.replace(/(.{1,72}):/g, '$1:\r\n  ');
}

function folded(base64: string): string {
  return base64.replace(new RegExp(`.{${lineCharsWanted - 4}}(?=.)`, 'g'), '$&\r\n  ');
}
