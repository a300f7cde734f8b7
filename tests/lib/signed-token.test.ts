import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allFingerprints,
  fingerprint,
  openKeyring,
  openToken,
  type Purpose,
  seal,
  signToken,
  unseal,
} from '../../src/lib/signed-token.ts';

const oldSecret = 'the old secret, which has thirty-two characters and more';
const newSecret = 'the new secret, which has thirty-two characters and more';
const keyring = openKeyring([oldSecret]);
const rotated = openKeyring([newSecret, oldSecret]);
const now = new Date('2026-07-14T10:00:00Z');

describe('signed tokens', () => {
  it('read back what was signed, and only for their purpose', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), (numbers) => {
        const token = signToken(keyring, 'unsubscribe', numbers);
        expect(openToken(keyring, 'unsubscribe', token, now)).toEqual({ kind: 'valid', numbers });
        for (const other of ['everyday', 'undo', 'withdraw'] as Purpose[]) {
          expect(openToken(keyring, other, token, now)).toEqual({ kind: 'bad' });
        }
      }),
    );
  });

  it('refuse a token of which any one character was changed', () => {
    const token = signToken(keyring, 'everyday', [12, 7], new Date('2026-08-01T00:00:00Z'));
    for (let at = 0; at < token.length; at += 1) {
      const changed = `${token.slice(0, at)}${token[at] === 'a' ? 'b' : 'a'}${token.slice(at + 1)}`;
      expect(openToken(keyring, 'everyday', changed, now).kind).toBe('bad');
    }
  });

  it('end when they should, and never when they have no end', () => {
    const ends = new Date('2026-07-14T11:00:00Z');
    const token = signToken(keyring, 'undo', [1], ends);
    expect(openToken(keyring, 'undo', token, now).kind).toBe('valid');
    expect(openToken(keyring, 'undo', token, ends).kind).toBe('expired');
    expect(
      openToken(keyring, 'unsubscribe', signToken(keyring, 'unsubscribe', [1]), new Date('2099-01-01')).kind,
    ).toBe('valid');
  });

  it('outlive a change of the secret as long as the old one is listed', () => {
    const token = signToken(keyring, 'unsubscribe', [5, 6]);
    expect(openToken(rotated, 'unsubscribe', token, now).kind).toBe('valid');
    expect(openToken(openKeyring([newSecret]), 'unsubscribe', token, now).kind).toBe('bad');
  });

  it('never throw on what strangers send', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        expect(openToken(keyring, 'unsubscribe', text, now).kind).toBe('bad');
        expect(unseal(keyring, 'sent', text, now)).toBeUndefined();
      }),
    );
  });
});

describe('sealed values', () => {
  it('hide what they hold, and open for their purpose until their time', () => {
    const ends = new Date('2026-07-14T10:15:00Z');
    const sealed = seal(keyring, 'sent', { email: 'rina@example.com' }, ends);
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('rina');
    expect(unseal(keyring, 'sent', sealed, now)).toEqual({ email: 'rina@example.com' });
    expect(unseal(rotated, 'sent', sealed, now)).toEqual({ email: 'rina@example.com' });
    expect(unseal(keyring, 'still_human', sealed, now)).toBeUndefined();
    expect(unseal(keyring, 'sent', sealed, ends)).toBeUndefined();
  });
});

describe('fingerprints', () => {
  it('recognise an address under every listed secret and say nothing else', () => {
    const old = fingerprint(keyring, 'rina@example.com');
    expect(allFingerprints(rotated, 'rina@example.com').some((one) => one.equals(old.bytes))).toBe(true);
    expect(fingerprint(rotated, 'rina@example.com').bytes.equals(old.bytes)).toBe(false);
    expect(fingerprint(keyring, 'rima@example.com').bytes.equals(old.bytes)).toBe(false);
  });

  it('need secrets of at least 32 characters, and an error never quotes one', () => {
    expect(() => openKeyring(['short secret'])).toThrow(/32 characters/);
    expect(() => openKeyring(['short secret'])).not.toThrow(/short secret/);
    expect(() => openKeyring([])).toThrow(/at least one/);
  });
});
