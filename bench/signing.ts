import {
  constants,
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { bareRun, type Run } from './result.ts';

const measureMs = 1_500;

/** An RSA-2048 key in a file, and the environment that makes the program sign with it. */
export function makeDkimKey(dir: string): { key: KeyObject; env: Record<string, string> } {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const file = join(dir, 'dkim.pem');
  writeFileSync(file, pem, { mode: 0o600 });
  const env = { DKIM_DOMAIN: 'example.org', DKIM_SELECTOR: 'bench', DKIM_KEY_FILE: file };
  return { key: createPrivateKey(pem), env };
}

/**
 * What the machine itself can sign: per mail the SHA-256 of its body and an RSA-2048 signature on the thread pool, on as
 * many threads as the machine has cores, with the key parsed once. Nothing else is done.
 */
export async function runSigning(name: string, key: KeyObject, body: string): Promise<Run> {
  const bytes = Buffer.from(body, 'latin1');
  const until = performance.now() + measureMs;
  let signed = 0;
  const hand = async (): Promise<void> => {
    while (performance.now() < until) {
      const digest = createHash('sha256').update(bytes).digest();
      await signOne(key, digest);
      signed += 1;
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: availableParallelism() }, hand));
  return bareRun(name, signed, signed / ((performance.now() - startedMs) / 1000));
}

function signOne(key: KeyObject, data: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign('sha256', data, { key, padding: constants.RSA_PKCS1_PADDING }, (error, signature) =>
      error ? reject(error) : resolve(signature),
    );
  });
}
