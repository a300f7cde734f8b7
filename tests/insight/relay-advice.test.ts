import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { relayAdvice } from '../../src/insight/relay-advice.ts';
import { parseRelayUrl } from '../../src/platform/mail/relay.ts';
import { verifyRelay } from '../../src/platform/mail/verify-relay.ts';
import { type Script, scriptedSmtp } from '../support/scripted-smtp.ts';

/** What `doctor` says to do about the relay at this URL. */
async function adviceFor(url: string): Promise<string> {
  const relay = parseRelayUrl(url);
  const timeouts = { greetingMs: 200 };
  const verdict = await verifyRelay(relay, { ehloName: 'news.example.org', timeouts });
  return verdict.kind === 'ready' ? 'ready' : relayAdvice(relay, verdict.phase, verdict.reason);
}

async function advice(script: Script, url: (port: number) => string): Promise<string> {
  const smtp = await scriptedSmtp(script);
  try {
    return await adviceFor(url(smtp.port));
  } finally {
    await smtp.close();
  }
}

it('tells which part of SMTP_URL to mend: port, encryption, certificate, password', async () => {
  expect(await advice({}, (port) => `smtp://127.0.0.1:${port}`)).toBe('ready');
  expect(await advice({}, (port) => `smtps://127.0.0.1:${port}`)).toMatch(/write smtp:\/\/ in SMTP_URL/);
  const silent: Script = { greeting: { after: 'never' } };
  expect(await advice(silent, (port) => `smtp://127.0.0.1:${port}`)).toMatch(/write smtps:\/\//);
  expect(await advice({}, (port) => `smtp://127.0.0.1:${port}?tls=required`)).toMatch(/tls in SMTP_URL/);
  const refusing: Script = { ehlo: '250-scripted|250 AUTH PLAIN', auth: '535 5.7.8 no' };
  expect(await advice(refusing, (port) => `smtp://u:p@127.0.0.1:${port}`)).toMatch(/user and password/);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  expect(await adviceFor(`smtp://127.0.0.1:${port}`)).toMatch(/host and port/);
  const selfSigned = 'the server’s certificate was not accepted (SELF_SIGNED_CERT_IN_CHAIN)';
  expect(relayAdvice({ secure: true }, 'connect', selfSigned)).toMatch(/ca=FILE/);
});
