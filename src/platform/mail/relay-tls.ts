import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** What a relay's certificate is checked against instead of the usual authorities, and what we show of ourselves; PEM. */
export type RelayTls = { ca?: string; cert?: string; key?: string };

/**
 * Reads the files that a relay's `ca`, `cert` and `key` name. Throws a sentence with the option and the file when one cannot
 * be read or used, and when certificate and key do not belong together.
 */
export function readRelayTls(options: URLSearchParams): RelayTls | undefined {
  const files = { ca: options.get('ca'), cert: options.get('cert'), key: options.get('key') };
  if (files.ca === null && files.cert === null && files.key === null) return undefined;
  if ((files.cert === null) !== (files.key === null)) {
    throw new Error('cert and key come together: cert=client.pem&key=client.key');
  }
  const tls: RelayTls = {};
  if (files.ca !== null) tls.ca = readCertificate('ca', files.ca);
  if (files.cert !== null && files.key !== null) {
    tls.cert = readCertificate('cert', files.cert);
    tls.key = readPem('key', files.key);
    try {
      createSecureContext({ cert: tls.cert, key: tls.key });
    } catch {
      throw new Error(`key: ${files.key} is no unencrypted PEM key of the certificate in ${files.cert}`);
    }
  }
  return tls;
}

function readCertificate(option: string, file: string): string {
  const pem = readPem(option, file);
  try {
    new X509Certificate(pem);
  } catch {
    throw new Error(`${option}: ${file} holds no PEM certificate`);
  }
  return pem;
}

function readPem(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new Error(`${option}: ${file} cannot be read (${code})`);
  }
}
