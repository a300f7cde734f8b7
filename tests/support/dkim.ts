import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { DkimIdentity, DkimKey } from '../../src/platform/mail/dkim-keys.ts';
import { dkimRecord } from '../../src/platform/mail/dkim-record.ts';

/** What one verifier says of each signature of a message, from the top. */
export type Verdicts = boolean[];

/** A domain with an RSA and an Ed25519 key, made for this run. */
export function testIdentity(domain = 'example.org'): DkimIdentity {
  return {
    domain,
    keys: [
      { selector: 'r1', algorithm: 'rsa-sha256', privateKey: keyOf('rsa') },
      { selector: 'e1', algorithm: 'ed25519-sha256', privateKey: keyOf('ed25519') },
    ],
  };
}

/** The environment that names this identity; its keys are written into `dir`. */
export function identityEnv(identity: DkimIdentity, dir: string): Record<string, string> {
  const files = identity.keys.map((key) => join(dir, `${key.selector}.pem`));
  for (const [index, file] of files.entries()) {
    const pem = identity.keys[index]?.privateKey.export({ type: 'pkcs8', format: 'pem' }) ?? '';
    writeFileSync(file, pem, { mode: 0o600 });
  }
  return {
    DKIM_DOMAIN: identity.domain,
    DKIM_SELECTOR: identity.keys.map((key) => key.selector).join(','),
    DKIM_KEY_FILE: files.join(','),
  };
}

/** The domain's records as a name server would have them, with what a receiver asks for DMARC. */
export function zoneOf(identity: DkimIdentity): Record<string, string> {
  const records = identity.keys.map((key) => dkimRecord(identity, key));
  return {
    [`_dmarc.${identity.domain}`]: 'v=DMARC1; p=reject',
    ...Object.fromEntries(records.map(({ name, value }) => [name, value])),
  };
}

function keyOf(kind: 'rsa' | 'ed25519'): DkimKey['privateKey'] {
  return kind === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    : generateKeyPairSync('ed25519').privateKey;
}

type Authenticated = {
  dkim: { results: { status: { result: string } }[] };
  dmarc: { status: { result: string } } | false;
};
const { authenticate } = createRequire(import.meta.url)('mailauth') as {
  authenticate(message: Buffer, options: object): Promise<Authenticated>;
};

/** mailauth's verdicts, and whether DMARC passes for a server that SPF says nothing of: by these signatures alone. */
export async function byMailauth(
  message: string | Buffer,
  zone: Record<string, string>,
): Promise<{ dkim: Verdicts; dmarc: boolean }> {
  const resolver = async (name: string, type: string) => {
    const value = type === 'TXT' ? zone[name] : undefined;
    if (value === undefined) throw Object.assign(new Error(`no ${type} of ${name}`), { code: 'ENODATA' });
    return [[value]];
  };
  const found = await authenticate(bytesOf(message), {
    ip: '192.0.2.1',
    helo: 'news.example.org',
    sender: 'bounce@elsewhere.example',
    resolver,
    disableArc: true,
    disableBimi: true,
  });
  return {
    dkim: found.dkim.results.map((one) => one.status.result === 'pass'),
    dmarc: found.dmarc !== false && found.dmarc.status.result === 'pass',
  };
}

const python = ['/usr/bin/python3', 'python3'].find(
  (path) => spawnSync(path, ['-c', 'import dkim, nacl']).status === 0,
);

/** A second verifier, in another language, that shares no code with the first; undefined = it is not on this machine. */
export const byDkimpy =
  python === undefined
    ? undefined
    : (messages: readonly (string | Buffer)[], zone: Record<string, string>) =>
        askDkimpy(python, messages, zone);

if (!byDkimpy) console.log('skipped: DKIM by dkimpy (Debian: python3-dkim python3-nacl)');

function askDkimpy(path: string, messages: readonly (string | Buffer)[], zone: Record<string, string>) {
  const input = JSON.stringify({ zone, messages: messages.map((one) => bytesOf(one).toString('base64')) });
  const { stdout, stderr } = spawnSync(path, ['-c', script], { input, encoding: 'utf8' });
  if (stdout === '') throw new Error(`dkimpy said nothing: ${stderr}`);
  return JSON.parse(stdout) as Verdicts[];
}

const script = `
import base64, dkim, json, sys
asked = json.load(sys.stdin)
def txt(name, timeout=5):
    return asked["zone"].get(name.decode().rstrip("."), "").encode()
def verdict(message, index):
    try:
        return bool(message.verify(idx=index, dnsfunc=txt))
    except dkim.DKIMException:
        return False
def verdicts(raw):
    message = dkim.DKIM(raw, minkey=2048)
    count = sum(name.lower() == b"dkim-signature" for name, _ in message.headers)
    return [verdict(message, index) for index in range(count)]
print(json.dumps([verdicts(base64.b64decode(one)) for one in asked["messages"]]))
`;

function bytesOf(message: string | Buffer): Buffer {
  return typeof message === 'string' ? Buffer.from(message, 'latin1') : message;
}
