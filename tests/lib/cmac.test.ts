import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cmac } from '../../src/lib/cmac.ts';

const key = Buffer.from('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4', 'hex');

function byOpenssl(message: string): string {
  const args = ['mac', '-cipher', 'AES-256-CBC', '-macopt', `hexkey:${key.toString('hex')}`, 'CMAC'];
  return execFileSync('openssl', args, { input: message, encoding: 'utf8' }).trim().toLowerCase();
}

function openssl(): boolean {
  try {
    return byOpenssl('').length === 32;
  } catch {
    return false;
  }
}

const code = (message: string) => new Cmac(key).codesOf([message]).toString('hex');

describe('AES-256-CMAC', () => {
  it('gives the empty message the code that NIST printed (SP 800-38B, D.3, example 9)', () => {
    expect(code('')).toBe('028962f61b7bf89efc6b551f4667d983');
  });

  it.skipIf(!openssl())('gives every length the code that OpenSSL gives', () => {
    for (const length of [0, 1, 15, 16, 17, 31, 32, 33, 48, 100]) {
      const message = 'unsubscribe:tla000-1z4.'.repeat(5).slice(0, length);
      expect(code(message), `${length} characters`).toBe(byOpenssl(message));
    }
  });

  it('gives many together what each has alone, whatever their lengths', () => {
    const cmac = new Cmac(key);
    const ascii = fc.string({ unit: 'binary-ascii', maxLength: 70 });
    fc.assert(
      fc.property(fc.array(ascii, { minLength: 1, maxLength: 12 }), (messages) => {
        expect(cmac.codesOf(messages).toString('hex')).toBe(messages.map(code).join(''));
      }),
    );
  });

  it('has nothing to say of no message', () => {
    expect(new Cmac(key).codesOf([])).toHaveLength(0);
  });

  it('refuses what it could not tell apart, and keys of another size', () => {
    expect(() => code('é')).toThrow(RangeError);
    expect(() => code('\u0161')).toThrow(RangeError);
    expect(() => new Cmac(key.subarray(1))).toThrow('32 bytes');
  });
});
