import type { IncomingMessage, ServerResponse } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressKind } from '../../src/lib/network-address.ts';
import { type FetchOptions, safeFetch } from '../../src/platform/safe-fetch.ts';
import { type Loopback, openLoopback } from '../support/loopback.ts';

const megabyte = 1024 * 1024;
let server: Loopback;

beforeAll(async () => {
  server = await openLoopback();
});
afterAll(() => server.close());

function fetchAllowed(path: string, options: Partial<FetchOptions> = {}) {
  return safeFetch(`${server.url}${path}`, { allow: [server.pair], timeoutMs: 5_000, ...options });
}

describe('what may be fetched', () => {
  it('gets a page with its status, headers and body', async () => {
    server.answer((request, response) => {
      response
        .writeHead(200, { 'content-type': 'text/plain', etag: '"1"' })
        .end(`for ${request.headers['user-agent']}`);
    });
    const got = await fetchAllowed('/a', { headers: { 'user-agent': 'Dateline' } });
    expect(got).toMatchObject({ kind: 'ok', status: 200, headers: { etag: '"1"' }, url: `${server.url}/a` });
    expect(got.kind === 'ok' && got.body.toString()).toBe('for Dateline');
  });

  it('hands back any status, since only the caller knows what it means', async () => {
    server.answer((_request, response) => void response.writeHead(503, { 'retry-after': '60' }).end('later'));
    expect(await fetchAllowed('/')).toMatchObject({
      kind: 'ok',
      status: 503,
      headers: { 'retry-after': '60' },
    });
    server.answer((_request, response) => void response.writeHead(304).end());
    expect(await fetchAllowed('/')).toMatchObject({ kind: 'ok', status: 304 });
  });

  it.each([
    ['ftp://news.example.org/feed', 'only http and https are fetched, not ftp'],
    ['file:///etc/passwd', 'only http and https are fetched, not file'],
    ['http://rina:secret@news.example.org/', 'the URL carries a user name or password'],
    ['news', 'not a URL: news'],
  ])('refuses %s', async (url, reason) => {
    expect(await safeFetch(url, { allow: [], timeoutMs: 1_000 })).toEqual({
      kind: 'refused',
      why: 'url',
      reason,
    });
  });
});

describe('private networks', () => {
  it.each([
    '127.0.0.1',
    '127.1.2.3',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '198.18.0.1',
    '::',
    '::1',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '::7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:db8::1',
    'fec0::1',
    'not an address',
  ])('O8 %s is no public address', (address) => {
    expect(addressKind(address)).toBe('private');
  });

  it.each(['169.254.169.254', 'fe80::1', '::ffff:169.254.169.254'])('O8 %s is link-local', (address) => {
    expect(addressKind(address)).toBe('link-local');
  });

  it.each(['93.184.216.34', '8.8.8.8', '2606:4700::1111'])('%s is public', (address) => {
    expect(addressKind(address)).toBe('public');
  });

  it.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.1:8080/',
    'http://localhost/',
  ])('O8 refuses %s', async (url) => {
    expect(await safeFetch(url, { allow: [], timeoutMs: 2_000 })).toMatchObject({
      kind: 'refused',
      why: 'private-address',
    });
  });

  it('O8 refuses a name when any one of its addresses is private', async () => {
    const dns = async () => ['93.184.216.34', '10.0.0.1'];
    const got = await safeFetch('http://news.example.org/', { allow: [], timeoutMs: 1_000, dns });
    expect(got).toMatchObject({ kind: 'refused', why: 'private-address' });
  });

  it('permits exactly the pair that is listed', async () => {
    server.answer((_request, response) => void response.end('here'));
    expect(await fetchAllowed('/')).toMatchObject({ kind: 'ok' });
    const otherPort = [`127.0.0.1:${server.port + 1}`];
    expect(await fetchAllowed('/', { allow: otherPort })).toMatchObject({ why: 'private-address' });
    const otherName = [`localhost:${server.port}`];
    expect(await fetchAllowed('/', { allow: otherName })).toMatchObject({ why: 'private-address' });
  });

  it('O8 never permits link-local, listed or not', async () => {
    const got = await safeFetch('http://169.254.169.254/', {
      allow: ['169.254.169.254:80'],
      timeoutMs: 1_000,
    });
    expect(got).toMatchObject({ kind: 'refused', why: 'private-address' });
    const dns = async () => ['169.254.169.254'];
    const named = await safeFetch('http://meta.example.org/', {
      allow: ['meta.example.org:80'],
      timeoutMs: 1_000,
      dns,
    });
    expect(named).toMatchObject({ kind: 'refused', why: 'private-address' });
  });

  it('O8 connects to the address it looked at and asks for the name once', async () => {
    server.answer((request, response) => void response.end(request.headers.host));
    const answers = [['127.0.0.1'], ['10.0.0.1']];
    let asked = 0;
    const got = await safeFetch(`http://changes.invalid:${server.port}/`, {
      allow: [`changes.invalid:${server.port}`],
      timeoutMs: 2_000,
      dns: async () => answers[asked++] ?? [],
    });
    expect(got.kind === 'ok' && got.body.toString()).toBe(`changes.invalid:${server.port}`);
    expect(asked).toBe(1);
  });
});

describe('redirects', () => {
  it('follows three and says where it ended', async () => {
    server.answer(countdown);
    expect(await fetchAllowed('/3')).toMatchObject({ kind: 'ok', status: 200, url: `${server.url}/0` });
  });

  it('O8 refuses the fourth', async () => {
    server.answer(countdown);
    expect(await fetchAllowed('/4')).toEqual({
      kind: 'refused',
      why: 'redirects',
      reason: 'more than 3 redirects',
    });
  });

  it.each(['http://169.254.169.254/latest/', 'http://10.0.0.1/', '//127.0.0.1:1/', 'http://[::1]/'])(
    'O8 refuses a redirect to %s',
    async (location) => {
      server.answer((_request, response) => void response.writeHead(302, { location }).end());
      expect(await fetchAllowed('/')).toMatchObject({ kind: 'refused', why: 'private-address' });
    },
  );

  it('refuses a redirect to another scheme', async () => {
    server.answer(
      (_request, response) => void response.writeHead(301, { location: 'file:///etc/passwd' }).end(),
    );
    expect(await fetchAllowed('/')).toMatchObject({ kind: 'refused', why: 'url' });
  });
});

describe('bodies', () => {
  it.each(['gzip', 'br'] as const)('unpacks %s', async (encoding) => {
    const pack = encoding === 'gzip' ? gzipSync : brotliCompressSync;
    server.answer((_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(pack('the whole story'));
    });
    const got = await fetchAllowed('/');
    expect(got.kind === 'ok' && got.body.toString()).toBe('the whole story');
  });

  it('O8 refuses more than 5 MB before reading it, where the length is told', async () => {
    server.answer((_request, response) => {
      response.writeHead(200, { 'content-length': 5 * megabyte + 1 });
      response.flushHeaders();
    });
    expect(await fetchAllowed('/')).toEqual({
      kind: 'refused',
      why: 'too-large',
      reason: 'larger than 5 MB',
    });
  });

  it('O8 refuses more than 5 MB while it streams', async () => {
    let sentBytes = 0;
    server.answer((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024))) sentBytes += 64 * 1024;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    expect(await fetchAllowed('/')).toMatchObject({ kind: 'refused', why: 'too-large' });
    expect(sentBytes).toBeLessThan(50 * megabyte);
  });

  it('takes exactly 5 MB', async () => {
    server.answer((_request, response) => void response.end(Buffer.alloc(5 * megabyte)));
    const got = await fetchAllowed('/');
    expect(got.kind === 'ok' && got.body.length).toBe(5 * megabyte);
  });

  it.each([
    ['gzip', gzipSync(Buffer.alloc(200 * megabyte))],
    ['br', brotliCompressSync(Buffer.alloc(200 * megabyte))],
  ] as const)('O8 a %s bomb is given up at the limit', async (encoding, bomb) => {
    expect(bomb.length).toBeLessThan(megabyte);
    server.answer((_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(bomb);
    });
    expect(await fetchAllowed('/')).toMatchObject({ kind: 'refused', why: 'too-large' });
  });

  it('says when a body cannot be unpacked or breaks off', async () => {
    server.answer(
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip'),
    );
    expect(await fetchAllowed('/')).toEqual({
      kind: 'failed',
      reason: `${server.pair} sent a body that cannot be unpacked`,
    });
    server.answer((_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    });
    expect(await fetchAllowed('/')).toEqual({
      kind: 'failed',
      reason: `${server.pair} broke off the connection`,
    });
  });
});

describe('a network that does not answer', () => {
  it.each(['headers', 'body'])('gives up when the %s never end', async (part) => {
    server.answer((_request, response) => {
      if (part === 'body') response.write('a beginning');
    });
    const begun = performance.now();
    expect(await fetchAllowed('/', { timeoutMs: 300 })).toEqual({
      kind: 'failed',
      reason: '127.0.0.1 did not answer in full within 0.3 s',
    });
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  it('gives up when the name server never answers', async () => {
    const got = await safeFetch('http://slow.example.org/', {
      allow: [],
      timeoutMs: 200,
      dns: () => new Promise(() => {}),
    });
    expect(got).toMatchObject({ kind: 'failed', reason: expect.stringContaining('did not answer') });
  });

  it('says that nobody listens there, and that a name is unknown', async () => {
    const gone = await openLoopback();
    await gone.close();
    expect(await safeFetch(gone.url, { allow: [gone.pair], timeoutMs: 1_000 })).toEqual({
      kind: 'failed',
      reason: `${gone.pair} refused the connection`,
    });
    const dns = async () => {
      throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
    };
    expect(await safeFetch('http://nobody.example.org/', { allow: [], timeoutMs: 1_000, dns })).toEqual({
      kind: 'failed',
      reason: 'no address is known for nobody.example.org',
    });
  });
});

function countdown(request: IncomingMessage, response: ServerResponse): void {
  const left = Number(request.url?.slice(1));
  if (left === 0) response.end('arrived');
  else response.writeHead(302, { location: `/${left - 1}` }).end();
}
