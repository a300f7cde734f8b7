import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files of an authority, and of a client and a server (127.0.0.1) that it vouches for. */
export interface Certificates {
  ca: string;
  cert: string;
  key: string;
  serverCert: string;
  serverKey: string;
  remove(): void;
}

/** Makes them anew, with openssl, so that no key lies in the project. */
export function makeCertificates(): Certificates {
  const dir = mkdtempSync(join(tmpdir(), 'certificates-'));
  const file = (name: string) => join(dir, name);
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: dir, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=authority',
    '-days',
    '2',
  );
  writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1');
  for (const name of ['client', 'server']) {
    openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const signing = [
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      'names',
    ];
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signing);
  }
  return {
    ca: file('ca.pem'),
    cert: file('client.pem'),
    key: file('client.key'),
    serverCert: file('server.pem'),
    serverKey: file('server.key'),
    remove: () => rmSync(dir, { recursive: true }),
  };
}
