import { describe, expect, it } from 'vitest';
import { openKeyring } from '../../../src/lib/signed-token.ts';
import { messageId, readMessageId } from '../../../src/platform/mail/message-id.ts';

const keyring = openKeyring(['a secret of at least thirty-two characters']);
const mail = {
  editionId: 412,
  subscriberId: 77,
  domain: 'news.example.org',
  keyring,
};

describe('the Message-ID of a delivery', () => {
  it('is the same on every retry and another for each reader, edition and key', () => {
    const ids = [
      messageId(mail),
      messageId({ ...mail, subscriberId: 78 }),
      messageId({ ...mail, editionId: 413 }),
      messageId({ ...mail, keyring: openKeyring(['another secret of thirty-two characters']) }),
    ];
    expect(messageId(mail)).toBe(ids[0]);
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^<e41[23]\.[0-9a-v]{26}@news\.example\.org>$/);
  });

  it('names its reader to us and to nobody else', () => {
    const id = messageId(mail);
    expect(readMessageId(id, keyring)).toEqual({ editionId: 412, subscriberId: 77 });
    expect(readMessageId(id.toUpperCase(), keyring)).toEqual({ editionId: 412, subscriberId: 77 });
    expect(readMessageId(id, openKeyring(['another secret of thirty-two characters']))).toBeUndefined();
    for (let reader = 1; reader <= 200; reader += 1) {
      const each = messageId({ ...mail, subscriberId: reader });
      expect(readMessageId(each, keyring)).toEqual({ editionId: 412, subscriberId: reader });
      expect(each).not.toContain(`.${reader}@`);
    }
  });

  it('is still read after a new key was put in front', () => {
    const rotated = openKeyring([
      'a newer secret of thirty-two characters',
      'a secret of at least thirty-two characters',
    ]);
    expect(readMessageId(messageId(mail), rotated)).toEqual({ editionId: 412, subscriberId: 77 });
    expect(messageId({ ...mail, keyring: rotated })).not.toBe(messageId(mail));
  });

  it('is not believed when forged', () => {
    const id = messageId(mail);
    for (const forged of [
      '',
      '<x@y>',
      id.replace('e412', 'e413'),
      id.replace(/\.(.)/, (_, digit: string) => `.${digit === '0' ? '1' : '0'}`),
      `<e412.${'v'.repeat(26)}@news.example.org>`,
      `<e412.${'0'.repeat(26)}@news.example.org>`,
    ]) {
      expect(readMessageId(forged, keyring)).toBeUndefined();
    }
  });
});
