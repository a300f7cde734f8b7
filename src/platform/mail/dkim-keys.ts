import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { domainLabel, domainName } from '../../lib/domain-name.ts';

/** One private key, parsed once, and the name under which its public part stands in DNS. */
export type DkimKey = { selector: string; algorithm: 'rsa-sha256' | 'ed25519-sha256'; privateKey: KeyObject };

/** In whose name mail is signed. At least one key is RSA. */
export type DkimIdentity = { domain: string; keys: readonly DkimKey[] };

/** RFC 8301 §3.2: signers should use 2048 or more, verifiers need not read more than 4096. */
const rsaBitsMin = 2_048;
const rsaBitsMax = 4_096;

const selectorPattern = new RegExp(`^(?=.{1,63}$)${domainLabel}(?:\\.${domainLabel})*$`);

/**
 * Reads the identity that mail is signed with: `undefined` when nothing asks for one, or when something is wrong with it,
 * which is then added to `problems` in sentences that hold nothing of a key.
 */
export function readDkimIdentity(
  set: { domain: string | undefined; selectors: readonly string[]; files: readonly string[] },
  problems: string[],
): DkimIdentity | undefined {
  const domain = set.domain?.toLowerCase();
  const selectors = set.selectors.map((selector) => selector.toLowerCase());
  const { files } = set;
  if (domain === undefined && selectors.length === 0 && files.length === 0) return undefined;
  const wrong = [...wrongNames({ domain, selectors, files })];
  const keys = files.map((file, index) => readKey(file, selectors[index] ?? '', wrong));
  const read = keys.filter((key) => key !== undefined);
  if (read.length > 0 && read.length === files.length && !read.some(isRsa)) {
    wrong.push(
      'DKIM_KEY_FILE needs an RSA key beside the Ed25519 one, which many receivers cannot verify yet',
    );
  }
  problems.push(...wrong);
  return wrong.length === 0 && domain !== undefined ? { domain, keys: read } : undefined;
}

function* wrongNames(set: Parameters<typeof readDkimIdentity>[0]): Iterable<string> {
  const { domain, selectors, files } = set;
  const together = 'DKIM_DOMAIN, DKIM_SELECTOR and DKIM_KEY_FILE belong together';
  if (domain === undefined) yield `DKIM_DOMAIN is missing: ${together}`;
  else if (!domainName.test(domain)) {
    yield 'DKIM_DOMAIN must be one domain name in ASCII, such as example.org';
  }
  if (selectors.length === 0) yield `DKIM_SELECTOR is missing: ${together}`;
  if (files.length === 0) yield `DKIM_KEY_FILE is missing: ${together}`;
  if (selectors.length > 0 && files.length > 0 && selectors.length !== files.length) {
    yield `DKIM_SELECTOR and DKIM_KEY_FILE must be equally long lists, and are ${selectors.length} and ${files.length}: each selector has its file, in the same order`;
  }
  for (const [index, selector] of selectors.entries()) {
    if (!selectorPattern.test(selector)) {
      yield `DKIM_SELECTOR has “${selector}”, which is no selector: letters, digits and hyphens`;
    }
    if (selectors.indexOf(selector) < index) yield `DKIM_SELECTOR names ${selector} twice`;
  }
}

function readKey(file: string, selector: string, problems: string[]): DkimKey | undefined {
  try {
    const privateKey = parsePrivateKey(readPem(file));
    return { selector, algorithm: algorithmOf(privateKey), privateKey };
  } catch (error) {
    if (!(error instanceof UnusableKey)) throw error;
    problems.push(`DKIM_KEY_FILE: ${file} ${error.message}`);
    return undefined;
  }
}

/** Says why, in words that follow the file's name. */
class UnusableKey extends Error {}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UnusableKey(code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`);
  }
}

/** What OpenSSL says of a bad key is left out: only our own sentences are sure to hold nothing of it. */
function parsePrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    if (/ENCRYPTED/.test(pem)) {
      throw new UnusableKey(
        'is locked with a passphrase: write it without one, readable only for the program',
      );
    }
    if (/-----BEGIN (RSA )?PUBLIC KEY-----/.test(pem)) {
      throw new UnusableKey('holds the public key: the private one signs');
    }
    throw new UnusableKey('holds no private key in PEM, as `openssl genpkey` writes it');
  }
}

function algorithmOf(key: KeyObject): DkimKey['algorithm'] {
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519-sha256';
  if (key.asymmetricKeyType !== 'rsa') {
    throw new UnusableKey(`holds a key of a kind that DKIM has no use for (${key.asymmetricKeyType})`);
  }
  const bits = createPublicKey(key).asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < rsaBitsMin || bits > rsaBitsMax) {
    throw new UnusableKey(
      `holds an RSA key of ${bits} bits: take one of ${rsaBitsMin} (RFC 8301), at most ${rsaBitsMax}`,
    );
  }
  return 'rsa-sha256';
}

function isRsa(key: DkimKey): boolean {
  return key.algorithm === 'rsa-sha256';
}
