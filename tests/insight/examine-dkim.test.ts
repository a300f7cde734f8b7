import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examineDkim } from '../../src/insight/examine-dkim.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { identityEnv, testIdentity, zoneOf } from '../support/dkim.ts';
import { type NameServer, nameServer } from '../support/name-server.ts';
import { openNewsroom } from '../support/newsroom.ts';

const keyDir = mkdtempSync(join(tmpdir(), 'dateline-keys-'));
const identity = testIdentity('mail.example.org');
const zone = zoneOf(identity);
const [rsaName, edName] = ['r1._domainkey.mail.example.org', 'e1._domainkey.mail.example.org'];
let names: NameServer;
let ctx: TestContext;

beforeAll(async () => {
  names = await nameServer();
  ctx = await testContext({
    env: {
      ...identityEnv(identity, keyDir),
      SMTP_URL: 'smtp://127.0.0.1:25?tls=off',
      DNS_SERVERS: names.address,
    },
  });
});
afterAll(async () => {
  await ctx.close();
  await names.close();
  rmSync(keyDir, { recursive: true, force: true });
});

describe('the doctor, where mail is signed', () => {
  it('gives the record to publish while it is not there, is another’s, or not alone', async () => {
    const missing = await examineDkim(ctx);
    expect(missing.map((one) => [one.what, one.ok])).toEqual([
      ['dkim', true],
      ['dkim r1', false],
      ['dkim e1', false],
    ]);
    expect(missing[1]).toMatchObject({
      found: `${rsaName} has no TXT record`,
      mend: `Publish ${rsaName} TXT "${zone[rsaName]}"`,
    });
    names.txt.set(rsaName, [zoneOf(testIdentity('mail.example.org'))[rsaName] ?? '']);
    names.txt.set(edName, [zone[edName] ?? '', 'v=spf1 -all']);
    const [, rsa, ed] = await examineDkim(ctx);
    expect(rsa).toMatchObject({ ok: false, found: `${rsaName} publishes another key` });
    expect(ed).toMatchObject({ ok: false, found: `${edName} has several TXT records` });
  });

  it('is content when each key is published, in strings of 255 bytes as DNS has them', async () => {
    for (const name of [rsaName, edName]) names.txt.set(name, [zone[name] ?? '']);
    expect(await examineDkim(ctx)).toEqual([
      { what: 'dkim', ok: true, found: 'mail.example.org signs for every sender', mend: null },
      { what: 'dkim r1', ok: true, found: `${rsaName} is published`, mend: null },
      { what: 'dkim e1', ok: true, found: `${edName} is published`, mend: null },
    ]);
  });

  it('names the senders that DMARC would not pass by this signature', async () => {
    await openNewsroom(ctx);
    expect((await examineDkim(ctx))[0]?.ok).toBe(true);
    await openNewsroom(ctx, { slug: 'elsewhere', from_email: 'hello@badexample.org' });
    expect((await examineDkim(ctx))[0]).toMatchObject({
      ok: false,
      found: 'mail.example.org signs, but mail comes from badexample.org (elsewhere)',
    });
  });

  it('shows the record and asks nobody when MX_CHECK is off', async () => {
    const quiet = { ...ctx, config: { ...ctx.config, mxCheck: false, dnsServers: ['127.0.0.1:1'] } };
    expect((await examineDkim(quiet))[1]).toEqual({
      what: 'dkim r1',
      ok: true,
      found: `DNS is not asked. Publish ${rsaName} TXT "${zone[rsaName]}"`,
      mend: null,
    });
  });

  it('says when DNS does not answer, and nothing at all when mail is not signed here', async () => {
    const lost = { ...ctx, config: { ...ctx.config, dnsServers: ['127.0.0.1:1'] } };
    expect((await examineDkim(lost))[1]).toMatchObject({
      ok: false,
      found: `DNS did not answer for ${rsaName}`,
    });
    expect(await examineDkim({ ...ctx, config: { ...ctx.config, dkim: undefined } })).toEqual([]);
  });
});
