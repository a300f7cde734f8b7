import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { needsSmtpUtf8, parseEmailAddress } from '../../src/lib/email-address.ts';

interface Case {
  address: string;
  category: string;
  diagnosis: string;
}

const corpus = '../shared/corpora/email-addresses.json';
const cases: Case[] = existsSync(corpus) ? JSON.parse(readFileSync(corpus, 'utf8')) : [];
if (cases.length === 0) console.log(`skipped: address-syntax cases (${corpus} is absent)`);

describe('an email address', () => {
  it('is kept as typed and compared folded', () => {
    expect(parseEmailAddress('  Rina.W+News@Example.COM ')).toEqual({
      email: 'Rina.W+News@example.com',
      key: 'rina.w+news@example.com',
      domain: 'example.com',
      limitKey: 'rinaw@example.com',
    });
    expect(parseEmailAddress('rina@BÜCHER.example')?.email).toBe('rina@xn--bcher-kva.example');
    expect(parseEmailAddress('ri\u0301na@example.com')?.key).toBe('r\u00edna@example.com');
    expect(parseEmailAddress('+@example.com')?.limitKey).toBe('+@example.com');
  });

  it('outside ASCII needs SMTPUTF8', () => {
    expect(needsSmtpUtf8('rína@example.com')).toBe(true);
    expect(needsSmtpUtf8('rina@xn--bcher-kva.example')).toBe(false);
  });

  it('is one mailbox and nothing that a mail library would repair into someone else’s', () => {
    for (const wrong of [
      'a@x.example, c@z.example',
      '<a@x.example> b@y.example',
      'Rina <rina@example.com>',
      'rina@example.com\r\nBcc: all@example.com',
      'rina@example.com\0',
      // What a form in another encoding leaves of a letter.
      'j\ufffdrgen@example.com',
      '"rina w"@example.com',
      'rina(comment)@example.com',
      'rina@[127.0.0.1]',
      'rina@localhost',
      'rina@example.123',
      'rina@example.com.',
      'rina@-example.com',
      `${'a'.repeat(65)}@example.com`,
      `a@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}.${'e'.repeat(60)}.example`,
      'rina@exam ple.com',
      'rina@example.com?subject=x',
      'rina\u202e@example.com',
      '',
      '@',
    ]) {
      expect(parseEmailAddress(wrong), JSON.stringify(wrong)).toBeUndefined();
    }
  });

  it.skipIf(cases.length === 0)('refuses every address that isemail calls an error', () => {
    const accepted = cases.filter(
      ({ address, category }) => category === 'ISEMAIL_ERR' && parseEmailAddress(address),
    );
    expect(accepted.map((one) => one.address)).toEqual([]);
  });

  it.skipIf(cases.length === 0)('accepts of what isemail calls valid all but dotless and quoted ones', () => {
    const valid = cases.filter(({ category }) => category === 'ISEMAIL_VALID_CATEGORY');
    const refused = valid.filter(({ address }) => !parseEmailAddress(address));
    expect(valid.length).toBeGreaterThan(10);
    expect(refused.map((one) => one.address)).toEqual(['test@io']);
  });

  it('read twice is the same address, whatever was typed', () => {
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.string({ unit: 'binary', maxLength: 40 })), (typed) => {
        const once = parseEmailAddress(typed);
        if (!once) return;
        expect(parseEmailAddress(once.email)).toEqual(once);
        expect(parseEmailAddress(once.key)?.key).toBe(once.key);
      }),
      { numRuns: 2_000 },
    );
  });
});
