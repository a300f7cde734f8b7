import { describe, expect, it } from 'vitest';
import { parseRelayUrl, parseRelayUrls, relaysFor } from '../../../src/platform/mail/relay.ts';

describe('a relay URL', () => {
  it('names host, port and how to encrypt', () => {
    expect(parseRelayUrl('smtp://mx.example.com')).toEqual({
      name: 'mx.example.com:25',
      host: 'mx.example.com',
      port: 25,
      secure: false,
      requireTls: false,
      plain: false,
    });
    expect(parseRelayUrl('smtps://mx.example.com')).toMatchObject({ port: 465, secure: true });
    expect(parseRelayUrl('smtp://u:p@mx.example.com')).toMatchObject({
      port: 587,
      auth: { user: 'u', pass: 'p' },
    });
    expect(parseRelayUrl('smtp://mx.example.com:2525/?tls=required')).toMatchObject({
      port: 2525,
      requireTls: true,
    });
    expect(parseRelayUrl('smtp://mx.example.com?tls=off')).toMatchObject({ plain: true });
    expect(parseRelayUrl('smtp://[::1]:2525')).toMatchObject({ host: '::1', name: '[::1]:2525' });
    expect(parseRelayUrl('smtp://bücher.example')).toMatchObject({ host: 'xn--bcher-kva.example' });
  });

  it('carries purpose, weight, rates and connections', () => {
    expect(
      parseRelayUrl('smtp://a.example?purpose=bulk&weight=3&connections=20&rate=100/s&rate=50000/d'),
    ).toMatchObject({
      purpose: 'bulk',
      weight: 3,
      connections: 20,
      rates: [
        { count: 100, per: 'second' },
        { count: 50_000, per: 'day' },
      ],
    });
  });

  it('carries since when it is warmed up, and with how many on the first day', () => {
    expect(parseRelayUrl('smtp://a.example?warm-up=2026-07-14').warmUp).toEqual({ startsOn: '2026-07-14' });
    expect(parseRelayUrl('smtp://a.example?warm-up=2026-07-14:200').warmUp).toEqual({
      startsOn: '2026-07-14',
      firstDay: 200,
    });
  });

  it('lets a password hold what is percent-encoded, and commas as they are', () => {
    const list = 'smtp://user%40example.com:p%2Fq%3F%23,r@a.example, smtps://b.example?weight=2';
    const [first, second] = parseRelayUrls(list);
    expect(first?.auth).toEqual({ user: 'user@example.com', pass: 'p/q?#,r' });
    expect(first?.name).toBe('a.example:587');
    expect(second).toMatchObject({ host: 'b.example', secure: true, weight: 2 });
  });

  it.each([
    ['http://a.example', 'smtp://'],
    ['a.example:25', 'smtp'],
    ['', 'not a URL'],
    ['smtp://', 'host name'],
    ['smtp://u@a.example', 'come together'],
    ['smtp://a.example:99999', 'not a URL'],
    ['smtp://a.example:0', 'port'],
    ['smtp://a.example/inbox', '%2F'],
    ['smtp://a.example#x', '%23'],
    ['smtp://a.example?colour=red', 'options are'],
    ['smtp://a.example?weight=0', '1 to 1000'],
    ['smtp://a.example?connections=ten', '1 to 500'],
    ['smtp://a.example?rate=fast', '100/s'],
    ['smtp://a.example?rate=0.5/s', '100/s'],
    ['smtp://a.example?warm-up=monday', '2026-07-14'],
    ['smtp://a.example?warm-up=2026-02-30', '2026-07-14'],
    ['smtp://a.example?warm-up=2026-07-14:0', '2026-07-14'],
    ['smtp://a.example?purpose=fun', 'bulk'],
    ['smtp://a.example?tls=maybe', 'required'],
    ['smtps://a.example?tls=off', 'contradicts'],
  ])('%j is refused with what to do', (url, words) => {
    expect(() => parseRelayUrl(url)).toThrow(words);
  });

  it('never shows its password in an error', () => {
    const broken = [
      'smtp://user:s3cretword@a.example:port',
      'smtp://user:s3cretword@a.example?weight=x',
      'smtp://user:s3cret%word@a.example',
      'smtp://user:ab?s3cretword=1@a.example',
      'smtp://user:12?s3cretword=1@a.example',
      'smtp://user:12/s3cretword@a.example',
      'smtp://user:12#s3cretword@a.example',
      'imap://user:s3cretword@a.example',
    ];
    for (const url of broken) {
      const error = thrown(() => parseRelayUrls(`smtp://fine.example,${url}`));
      expect(error.message).toContain('relay 2 of 2');
      expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toMatch(/s3cret/);
    }
  });
});

describe('the relays for a purpose', () => {
  const urls =
    'smtp://any.example,smtp://bulk.example?purpose=bulk,smtp://letters.example?purpose=transactional';

  it('are those that name it or none', () => {
    const relays = parseRelayUrls(urls);
    expect(relaysFor('transactional', relays).map(({ host }) => host)).toEqual([
      'any.example',
      'letters.example',
    ]);
    expect(relaysFor('bulk', relays).map(({ host }) => host)).toEqual(['any.example', 'bulk.example']);
  });

  it('are all where none would be left', () => {
    expect(relaysFor('transactional', parseRelayUrls('smtp://bulk.example?purpose=bulk'))).toHaveLength(1);
  });
});

function thrown(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}
