import { describe, expect, it } from 'vitest';
import { wellKnownLane } from '../../src/deliveries/lane-names.ts';

describe('the lane of a well-known domain', () => {
  it('is its provider’s, whatever the brand or country', () => {
    const lanes = {
      gmail: ['gmail.com', 'googlemail.com'],
      outlook: ['outlook.com', 'hotmail.co.uk', 'live.fr', 'msn.com'],
      yahoo: ['yahoo.com', 'yahoo.co.id', 'yahoo.de', 'aol.com', 'ymail.com', 'rocketmail.com'],
      icloud: ['icloud.com', 'me.com', 'mac.com'],
      gmx: ['gmx.net'],
      orange: ['orange.fr'],
      qq: ['qq.com'],
      mailru: ['mail.ru'],
      yandex: ['yandex.ru', 'ya.ru'],
      proton: ['proton.me'],
      zoho: ['zoho.com'],
    };
    for (const [lane, domains] of Object.entries(lanes)) {
      expect(domains.map(wellKnownLane)).toEqual(domains.map(() => lane));
    }
  });

  it('is nobody’s for any other, however alike it looks', () => {
    for (const domain of ['example.org', 'notgmail.com', 'gmail.com.example.org', 'yahoo.example', '']) {
      expect(wellKnownLane(domain)).toBeUndefined();
    }
  });
});
