import { describe, expect, it } from 'vitest';
import { askingSite } from '../../src/subscribers/asking-site.ts';
import { confirmationLimit } from '../../src/subscribers/confirmation-limit.ts';
import { likelyDomain } from '../../src/subscribers/likely-domain.ts';
import { type MailBarrier, mailBarrier } from '../../src/subscribers/mail-barrier.ts';
import type { StandingSuppression } from '../../src/subscribers/mail-state.ts';
import { mailboxOf } from '../../src/subscribers/mailbox-links.ts';
import { mergeForms } from '../../src/subscribers/merge-forms.ts';
import { originAllowed } from '../../src/subscribers/origin-allowed.ts';
import { pageUrl } from '../../src/subscribers/page-url.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const now = new Date('2026-07-14T10:00:00Z');
const ago = (ms: number) => new Date(now.getTime() - ms);

describe('how often an address may be asked to confirm', () => {
  const limit = (sent: number[], covered = true) =>
    confirmationLimit({ sentAt: sent.map(ago), covered, now });

  it('once in ten minutes, three times a day, ten times in 30 days', () => {
    expect(limit([])).toEqual({ kind: 'send' });
    expect(limit([10 * minute])).toEqual({ kind: 'send' });
    expect(limit([10 * minute - 1])).toEqual({ kind: 'drop', reason: 'same' });
    expect(limit([20 * minute, 2 * 60 * minute])).toEqual({ kind: 'send' });
    expect(limit([20 * minute, 2 * 60 * minute, day - 1])).toEqual({ kind: 'drop', reason: 'day' });
    expect(limit([20 * minute, 2 * 60 * minute, day])).toEqual({ kind: 'send' });
    const nine = Array.from({ length: 9 }, (_, n) => (n + 2) * day);
    expect(limit(nine)).toEqual({ kind: 'send' });
    expect(limit([...nine, 11 * day])).toEqual({ kind: 'drop', reason: 'month' });
    expect(limit([...nine, 30 * day])).toEqual({ kind: 'send' });
  });

  it('something new within the ten minutes waits for their end', () => {
    expect(limit([4 * minute], false)).toEqual({
      kind: 'put_off',
      until: new Date(now.getTime() + 6 * minute),
    });
  });
});

describe('what a suppression lets a form do', () => {
  const standing = (...list: [StandingSuppression['reason'], number, (string | undefined)?, number?][]) =>
    list.map(([reason, daysAgo, evidence, newsletterId], id) => ({
      id,
      reason,
      at: ago(daysAgo * day),
      evidence,
      newsletterId,
    }));

  it.each([
    [standing(), 'open'],
    [standing(['complaint', 999]), 'closed'],
    [standing(['never', 999]), 'closed'],
    [standing(['manual', 999]), 'closed'],
    [standing(['soft', 0]), 'soft'],
    [standing(['hard', 29, 'disabled 5.2.1']), 'closed'],
    [standing(['hard', 31, 'disabled 5.2.1']), 'hard'],
    [standing(['hard', 31, 'dead 5.1.1 550 5.1.1 unknown']), 'closed'],
    [standing(['hard', 31, 'dead 5.1.2 no such host']), 'hard'],
    [standing(['hard', 31, 'disabled'], ['soft', 1]), 'hard'],
    [standing(['hard', 31, 'disabled'], ['complaint', 1]), 'closed'],
    [standing(['manual', 1, undefined, 7]), 'open'],
  ] as [StandingSuppression[], MailBarrier][])('%j → %s', (list, barrier) => {
    expect(mailBarrier(list, now)).toBe(barrier);
  });
});

describe('several forms in one letter', () => {
  it('lists what is wanted, each with its newest words, and takes marketing from the newest form', () => {
    const words = (id: number, purpose: 'newsletter' | 'marketing', newsletterId: number) => ({
      id,
      purpose,
      newsletterId,
      version: '2026-07-14',
      lang: 'en',
      text: '',
    });
    const wordings = [
      words(1, 'newsletter', 10),
      words(2, 'marketing', 10),
      words(3, 'newsletter', 20),
      words(4, 'newsletter', 10),
      words(5, 'marketing', 20),
    ];
    const forms = [
      { id: 1, newsletterIds: [10], marketing: true, wordingIds: [1, 2] },
      { id: 2, newsletterIds: [20, 30], marketing: true, wordingIds: [3, 5] },
      { id: 3, newsletterIds: [10], marketing: false, wordingIds: [4] },
    ];
    expect(mergeForms(forms, wordings, new Set([10, 20]))).toEqual({
      newsletterIds: [10, 20],
      marketing: false,
      wordingIds: [4, 3],
    });
    expect(mergeForms(forms.slice(0, 2), wordings, new Set([10, 20]))).toEqual({
      newsletterIds: [20, 10],
      marketing: true,
      wordingIds: [3, 1, 5],
    });
  });
});

describe('small rules', () => {
  it('a record keeps origin and path of a page and nothing else', () => {
    expect(pageUrl('https://user:pass@www.example.org/a/b?token=1#c')).toBe('https://www.example.org/a/b');
    for (const wrong of ['javascript:alert(1)', 'data:text/html,x', 'no url', '', undefined]) {
      expect(pageUrl(wrong)).toBeUndefined();
    }
  });

  it('a letter names the form’s site only when the newsletter lists it', () => {
    const own = 'https://news.example.org';
    expect(askingSite('https://www.example.org/story', ['https://www.example.org'], own)).toBe(
      'www.example.org',
    );
    expect(askingSite('https://evil.example/story', ['https://www.example.org'], own)).toBe(
      'news.example.org',
    );
    expect(askingSite(undefined, [], own)).toBe('news.example.org');
  });

  it('a script may post from listed origins only, a plain form from anywhere while none is listed', () => {
    const asked = (origin: string | undefined, listed: string[], scripted: boolean) =>
      originAllowed({ origin, allowedOrigins: listed, baseUrl: 'https://news.example.org', scripted });
    expect(asked(undefined, ['https://a.example'], true)).toBe(true);
    expect(asked('https://news.example.org', ['https://a.example'], true)).toBe(true);
    expect(asked('https://b.example', [], false)).toBe(true);
    expect(asked('https://b.example', [], true)).toBe(false);
    expect(asked('https://b.example', ['https://a.example'], false)).toBe(false);
    expect(asked('null', ['https://a.example'], false)).toBe(false);
    expect(asked('https://a.example.evil.example', ['https://a.example'], true)).toBe(false);
  });

  it('knows slips of the finger and leaves other domains alone', () => {
    expect(likelyDomain('gmial.com')).toBe('gmail.com');
    for (const fine of ['gmail.com', 'yahoo.co.id', 'example.com', 'mail.example']) {
      expect(likelyDomain(fine)).toBeUndefined();
    }
  });

  it('links to known mailboxes over https, the address only in the provider’s own URL', () => {
    for (const domain of [
      'gmail.com',
      'outlook.com',
      'yahoo.co.id',
      'aol.com',
      'proton.me',
      'icloud.com',
      'hey.com',
      'mail.ru',
    ]) {
      const mailbox = mailboxOf({ address: `rina+x&y@${domain}`, from: 'news@example.org' });
      expect(mailbox?.url, domain).toMatch(/^https:\/\//);
      expect(mailbox?.url).not.toContain('rina+x&y');
    }
    expect(mailboxOf({ address: 'rina@example.com', from: 'news@example.org' })).toBeUndefined();
  });
});
