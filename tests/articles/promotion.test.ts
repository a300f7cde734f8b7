import { describe, expect, it } from 'vitest';
import { withoutPromotion } from '../../src/articles/promotion.ts';

const text =
  'The Senate voted on Monday to extend the funding of the government until the end of the year, after weeks of talks.';

describe('what a page puts into its text', () => {
  it.each([
    'Sign up for the daily Inside Washington email for exclusive US coverage and analysis sent to your inbox',
    'Get our free Inside Washington email',
    'Subscribe to our morning newsletter',
    'Sign up to our newsletter and never miss a story.',
    'Want more? Get our weekly newsletter, free, in your inbox every Friday.',
    'Join thousands of readers: get the day’s news in your inbox.',
    'Mendaftarlah untuk menerima email harian Inside Washington untuk mendapatkan liputan dan analisis eksklusif AS yang dikirimkan ke kotak masuk Anda',
    'Dapatkan email Inside Washington gratis kami',
    'Daftar untuk buletin kami',
    'Berlanggananlah buletin harian kami, gratis.',
  ])('a promotion goes: %s', (line) => {
    expect(withoutPromotion([text, line, text])).toEqual([text, text]);
  });

  it('goes with the box around it: its headline, field and small print', () => {
    const box = [
      'The Inside Washington newsletter',
      'Sign up for the day’s news in your inbox',
      'Email*',
      'By signing up you agree to our terms of use and our privacy policy',
    ];
    expect(withoutPromotion([text, ...box, text])).toEqual([text, text]);
  });

  it.each(['- 0', '– 12', '• 3', '12 comments', '1 Comment', 'Comments (4)', '0 komentar', 'Komentar: 7'])(
    'a comment count goes: %s',
    (line) => {
      expect(withoutPromotion([line, text])).toEqual([text]);
    },
  );
});

describe('what is text', () => {
  it.each([
    'The email was sent to all employees on Monday, and most of them deleted it unread.',
    '“Sign up for email alerts from the county,” the governor said.',
    'Sign up for your county’s email alerts, then check the forecast before you drive.',
    'Subscribers to the newsletter had their data stolen in March, the company said.',
    'Get ready: the committee publishes the emails of the former secretary on Friday.',
    'Join the army, said the poster in the hall.',
    'Kampanye itu mengirim email kepada jutaan pemilih, kata juru bicaranya.',
    'Daftar pemilih akan diumumkan pada hari Jumat.',
    'Dapatkah email palsu mengubah pemilu? Para ahli ragu.',
    'Kotak masuk para senator penuh dengan surat protes.',
    'Email',
    'The newsletter boom',
    'Their privacy policy changed last year.',
  ])('stays: %s', (paragraph) => {
    expect(withoutPromotion([text, paragraph, text])).toEqual([text, paragraph, text]);
  });

  it('stays next to a promotion too', () => {
    const promotion = 'Get our free Inside Washington email';
    const genuine = 'The stolen emails were published in June, and nobody has been charged since then.';
    expect(withoutPromotion([genuine, promotion, genuine])).toEqual([genuine, genuine]);
  });

  it('keeps numbers in the middle of it', () => {
    expect(withoutPromotion([text, '- 5', 'The 12 comments were read.'])).toEqual([
      text,
      '- 5',
      'The 12 comments were read.',
    ]);
  });
});
