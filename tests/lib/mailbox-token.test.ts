import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openMailboxToken, signMailboxToken } from '../../src/lib/mailbox-token.ts';
import { openKeyring } from '../../src/lib/signed-token.ts';

const old = 'the secret that was used before, long enough';
const current = 'the secret that is used now, also long enough';
const keyring = openKeyring([current, old]);
const id = fc.integer({ min: 1, max: 2 ** 47 });

describe('a token in the local part of an address', () => {
  it('survives servers that fold its case, and names its two ids', () => {
    fc.assert(
      fc.property(id, id, (a, b) => {
        const token = signMailboxToken(keyring, 'bounce', [a, b]);
        expect(token).toMatch(/^[a-z2-7]{36}$/);
        expect(openMailboxToken(keyring, 'bounce', token)).toEqual([a, b]);
        expect(openMailboxToken(keyring, 'bounce', token.toUpperCase())).toEqual([a, b]);
        expect(`u+${token}`.length).toBeLessThanOrEqual(64);
      }),
    );
  });

  it('is nothing to another purpose, another installation, or when one character is changed', () => {
    fc.assert(
      fc.property(
        id,
        id,
        fc.nat(35),
        fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567'),
        (a, b, at, char) => {
          const token = signMailboxToken(keyring, 'unsubscribe', [a, b]);
          expect(openMailboxToken(keyring, 'bounce', token)).toBeUndefined();
          expect(openMailboxToken(openKeyring([old]), 'unsubscribe', token)).toBeUndefined();
          const changed = token.slice(0, at) + char + token.slice(at + 1);
          if (changed !== token) expect(openMailboxToken(keyring, 'unsubscribe', changed)).toBeUndefined();
        },
      ),
    );
    for (const broken of ['', 'a', 'a'.repeat(36), `${'a'.repeat(35)}1`, 'ä'.repeat(36)]) {
      expect(openMailboxToken(keyring, 'unsubscribe', broken)).toBeUndefined();
    }
  });

  it('stays good when a new secret is put before the one that signed it', () => {
    const token = signMailboxToken(openKeyring([old]), 'unsubscribe', [1, 2]);
    expect(openMailboxToken(keyring, 'unsubscribe', token)).toEqual([1, 2]);
  });
});
