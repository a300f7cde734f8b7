import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readDkimIdentity } from '../../../src/platform/mail/dkim-keys.ts';
import { dkimRecord, publishesSameKey } from '../../../src/platform/mail/dkim-record.ts';

const dir = mkdtempSync(join(tmpdir(), 'dateline-dkim-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');

function file(name: string, content: string | Buffer): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

const pem = (key: KeyObject) => key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' });
const rsaFile = file('rsa.pem', pem(rsa.privateKey));
const edFile = file('ed.pem', pem(ed.privateKey));

function read(set: { domain?: string; selectors?: string[]; files?: string[] }) {
  const problems: string[] = [];
  const { domain, selectors = [], files = [] } = set;
  return { identity: readDkimIdentity({ domain, selectors, files }, problems), problems };
}

const readFile = (path: string, more: string[] = []) =>
  read({ domain: 'example.org', selectors: ['s1', 's2'].slice(0, 1 + more.length), files: [path, ...more] });

describe('the keys that mail is signed with', () => {
  it('are none when nothing asks for them', () => {
    expect(read({})).toEqual({ identity: undefined, problems: [] });
  });

  it('are read in their order, RSA and Ed25519, in the PEM forms that openssl writes', () => {
    const oldForm = file('old.pem', rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }));
    for (const path of [rsaFile, oldForm]) {
      const { identity, problems } = read({
        domain: 'Mail.Example.org',
        selectors: ['news-2026', 'E1'],
        files: [path, edFile],
      });
      expect(problems).toEqual([]);
      expect(identity).toMatchObject({
        domain: 'mail.example.org',
        keys: [
          { selector: 'news-2026', algorithm: 'rsa-sha256' },
          { selector: 'e1', algorithm: 'ed25519-sha256' },
        ],
      });
    }
    expect(readFile(rsaFile)).toMatchObject({ problems: [], identity: { keys: [{ selector: 's1' }] } });
  });

  it('are refused, each in a sentence that names the file and nothing of the key', () => {
    const secretText = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC';
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const locked = rsa.privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'a passphrase',
    });
    const cases: [string, string, string][] = [
      ['weak.pem', String(pem(weak)), 'holds an RSA key of 1024 bits: take one of 2048'],
      ['public.pem', String(pem(rsa.publicKey)), 'holds the public key: the private one signs'],
      ['curve.pem', String(pem(curve)), 'DKIM has no use for (ec)'],
      ['locked.pem', String(locked), 'is locked with a passphrase'],
      [
        'garbage.pem',
        `-----BEGIN PRIVATE KEY-----\n${secretText}\n-----END PRIVATE KEY-----\n`,
        'holds no private key',
      ],
      ['cut.pem', String(pem(rsa.privateKey)).slice(0, 400), 'holds no private key'],
      ['words.txt', secretText, 'holds no private key'],
      ['empty.pem', '', 'holds no private key'],
    ];
    for (const [name, content, sentence] of cases) {
      const path = file(name, content);
      const { identity, problems } = readFile(path);
      expect(identity, name).toBeUndefined();
      expect(problems, name).toHaveLength(1);
      expect(problems[0], name).toContain(`DKIM_KEY_FILE: ${path} `);
      expect(problems[0], name).toContain(sentence);
      expect(problems[0], name).not.toContain('MII');
    }
    expect(readFile(join(dir, 'nowhere.pem')).problems).toEqual([
      `DKIM_KEY_FILE: ${join(dir, 'nowhere.pem')} does not exist`,
    ]);
    expect(readFile(dir).problems[0]).toContain('cannot be read (EISDIR)');
  });

  it('are never Ed25519 alone, since many receivers would see no signature', () => {
    expect(readFile(edFile).problems).toEqual([
      expect.stringContaining('needs an RSA key beside the Ed25519 one'),
    ]);
    expect(readFile(edFile, [edFile]).problems).toEqual([expect.stringContaining('needs an RSA key')]);
    expect(readFile(edFile, [rsaFile]).problems).toEqual([]);
  });

  it('belong to a domain and to as many selectors, and all that is wrong is said at once', () => {
    const only = (set: Parameters<typeof read>[0]) => read(set).problems;
    expect(only({ domain: 'example.org' })).toEqual([
      expect.stringContaining('DKIM_SELECTOR is missing'),
      expect.stringContaining('DKIM_KEY_FILE is missing'),
    ]);
    expect(only({ selectors: ['s1'], files: [rsaFile] })).toEqual([
      expect.stringContaining('DKIM_DOMAIN is missing'),
    ]);
    expect(only({ domain: 'example.org', selectors: ['s1', 's2'], files: [rsaFile] })).toEqual([
      expect.stringContaining('must be equally long lists, and are 2 and 1'),
    ]);
    for (const domain of [
      'example',
      'https://example.org',
      'a@example.org',
      'exämple.org',
      'example.org.',
      '-a.org',
      'a b.org',
      'a.org;d=b.org',
    ]) {
      expect(only({ domain, selectors: ['s1'], files: [rsaFile] }), domain).toEqual([
        expect.stringContaining('DKIM_DOMAIN must be one domain name'),
      ]);
    }
    for (const selector of ['s_1', 's1; d=b.org', '.s', 's1._domainkey.example.org', 'é']) {
      expect(
        only({ domain: 'xn--exmple-cua.org', selectors: [selector], files: [rsaFile] }),
        selector,
      ).toEqual([expect.stringContaining('is no selector')]);
    }
    expect(
      only({ domain: 'example', selectors: ['s1', 'S1', 'x y'], files: [join(dir, 'gone.pem'), edFile] }),
    ).toHaveLength(5);
  });
});

describe('the record of a key', () => {
  const { identity } = readFile(rsaFile, [edFile]);
  const [first, second] = identity?.keys.map((key) => dkimRecord(identity, key)) ?? [];

  it('holds the public part, in the form that RFC 6376 and RFC 8463 give it', () => {
    expect(first?.name).toBe('s1._domainkey.example.org');
    const spki = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    expect(first?.value).toBe(`v=DKIM1; k=rsa; p=${spki}`);
    const { x } = ed.publicKey.export({ format: 'jwk' });
    expect(second).toEqual({
      name: 's2._domainkey.example.org',
      value: `v=DKIM1; k=ed25519; p=${Buffer.from(x ?? '', 'base64url').toString('base64')}`,
    });
  });

  it('is recognised however its owner wrote it, and no other key is', () => {
    if (!first || !second) throw new Error('there are two records');
    const key = first.value.slice(first.value.indexOf('p=') + 2);
    for (const found of [
      first.value,
      `p=${key}`,
      `k=rsa;p=${key};`,
      `v=DKIM1; t=s; n=news; p=${key.slice(0, 40)} ${key.slice(40)}`,
    ]) {
      expect(publishesSameKey(found, first), found).toBe(true);
    }
    for (const found of [
      '',
      'v=spf1 -all',
      'v=DKIM1; p=',
      second.value,
      `v=DKIM2; p=${key}`,
      first.value.slice(0, -8),
    ]) {
      expect(publishesSameKey(found, first), found).toBe(false);
    }
  });
});
