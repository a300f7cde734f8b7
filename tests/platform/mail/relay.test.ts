import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { parseRelayUrl, parseRelayUrls, relaysFor } from '../../../src/platform/mail/relay.ts';
import { makeCertificates } from '../../support/certificates.ts';

const certificates = makeCertificates();
afterAll(() => certificates.remove());

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

  it('says how to hand mail over: token, source, messages, chunking and client', () => {
    expect(
      parseRelayUrl(
        'smtp://u:t0ken@[2001:db8::1]:2525?auth=xoauth2&source=[2001:db8::7]&messages=20&chunking=off&client=nodemailer',
      ),
    ).toMatchObject({
      host: '2001:db8::1',
      auth: { user: 'u', pass: 't0ken', mechanism: 'xoauth2' },
      source: '2001:db8::7',
      messages: 20,
      chunking: false,
      client: 'nodemailer',
    });
    expect(parseRelayUrl('smtp://a.example?source=192.0.2.7')).toMatchObject({ source: '192.0.2.7' });
  });

  it('names certificates, which are read at once and imply TLS', () => {
    const { ca, cert, key } = certificates;
    const files = `ca=${ca}&cert=${cert}&key=${key}`;
    expect(parseRelayUrl(`smtp://a.example?${files}`)).toMatchObject({
      requireTls: true,
      tls: { ca: readFileSync(ca, 'utf8'), cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') },
    });
    expect(parseRelayUrl(`smtps://a.example?ca=${ca}`)).toMatchObject({ secure: true, requireTls: false });
    expect(() => parseRelayUrl(`smtp://a.example?tls=off&ca=${ca}`)).toThrow('leave tls=off out');
    expect(() => parseRelayUrl(`smtp://a.example?cert=${cert}`)).toThrow('come together');
    expect(() => parseRelayUrl(`smtp://a.example?ca=${ca}.gone`)).toThrow(
      `ca: ${ca}.gone cannot be read (ENOENT)`,
    );
    expect(() => parseRelayUrl(`smtp://a.example?ca=${key}`)).toThrow(`ca: ${key} holds no PEM certificate`);
    expect(() => parseRelayUrl(`smtp://a.example?cert=${ca}&key=${key}`)).toThrow(
      `key: ${key} is no unencrypted PEM key of the certificate in ${ca}`,
    );
  });

  it('is one of the problems of the configuration when it names a file that is not there', () => {
    const env = { SMTP_URL: 'smtp://a.example?ca=/nowhere/ca.pem', PORT: 'x', SECRET_KEY: 'x'.repeat(64) };
    expect(() => readConfig({ ...env, BASE_URL: 'https://news.example.org' })).toThrow(
      /PORT must be a whole number from 0 to 65535[\s\S]*SMTP_URL: ca: .nowhere.ca\.pem cannot be read/,
    );
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
    ['smtp://a.example?auth=xoauth2', 'user and a token'],
    ['smtp://u:p@a.example?auth=plain', 'xoauth2'],
    ['smtp://a.example?source=here', 'IP address of this machine'],
    ['smtp://[::1]?source=192.0.2.7', 'IPv4'],
    ['smtp://a.example?messages=0', '1 to 100000'],
    ['smtp://a.example?chunking=on', '"off"'],
    ['smtp://a.example?client=curl', '"nodemailer"'],
    ['smtp://a.example?tls=off&tls=required', 'tls is said twice'],
    ['smtp://a.example?weight=2&weight=3', 'weight is said twice'],
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
