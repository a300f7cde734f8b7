import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openBulk } from '../../../src/platform/mail/bulk.ts';
import { openSmtp } from '../../../src/platform/mail/open-smtp.ts';
import { parseRelayUrl, type Relay } from '../../../src/platform/mail/relay.ts';
import type { Pipelining } from '../../../src/platform/mail/smtp-command.ts';
import { SmtpLost } from '../../../src/platform/mail/smtp-outcome.ts';
import { freePort } from '../../support/free-port.ts';
import { until } from '../../support/until.ts';
import { body, brief, connect, envelope, send } from './talk.ts';

const program = '/usr/sbin/smtp-sink';
const open: ChildProcess[] = [];
afterEach(async () => {
  for (const child of open.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill();
    await once(child, 'exit');
  }
});

/** Postfix's own test server, with its fault options. */
async function sink(...options: string[]): Promise<Relay> {
  const port = await freePort();
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  open.push(spawn(program, [...user, ...options, `127.0.0.1:${port}`, '100'], { stdio: 'ignore' }));
  await until(
    () =>
      new Promise<boolean>((resolve) => {
        const socket = dial(port, '127.0.0.1', () => resolve(socket.destroy() !== undefined));
        socket.on('error', () => resolve(false));
      }),
  );
  return parseRelayUrl(`smtp://127.0.0.1:${port}`);
}

const modes: Pipelining[] = ['chunked', 'full', 'envelope', 'off'];

describe.skipIf(!existsSync(program))('against smtp-sink (skipped where Postfix is not installed)', () => {
  it.each(modes)('messages are handed over, pipelining at most %s', async (pipelining) => {
    const connection = await connect({ relay: await sink() }, { pipelining });
    expect(connection.capabilities).toMatchObject({ pipelining: true, dsn: true });
    const outcomes = await send(connection, 'ayu', 'budi', 'citra', 'dewi');
    expect(outcomes.map(brief)).toEqual(Array(4).fill('dot 250'));
    await connection.quit();
  });

  it('messages are handed over through a pool, with either client', async () => {
    for (const client of [{}, { client: 'nodemailer' as const }]) {
      const bulk = openBulk([{ ...(await sink('-p')), ...client }], { ehloName: 'client.example.org' });
      const names = Array.from({ length: 60 }, (_, at) => `reader${at}`);
      const outcomes = await Promise.all(names.map((name) => bulk.deliver(envelope(name), () => body(name))));
      expect(outcomes.map(brief)).toEqual(Array(60).fill('dot 250'));
      await bulk.close();
    }
  });

  it.each([
    ['MAIL', '-f', 'mail 500'],
    ['RCPT', '-f', 'rcpt 500'],
    ['DATA', '-f', 'data 500'],
    ['.', '-f', 'dot 500'],
    ['MAIL', '-r', 'mail 450'],
    ['RCPT', '-r', 'rcpt 450'],
    ['DATA', '-r', 'data 450'],
    ['.', '-r', 'dot 450'],
  ])('%s rejected by %s is each message’s own', async (command, option, expected) => {
    const connection = await connect({ relay: await sink(option, command) });
    const outcomes = await send(connection, 'ayu', 'budi', 'citra');
    expect(outcomes.map(brief)).toEqual([expected, expected, expected]);
    expect(connection.closed).toBe(false);
  });

  it.each([
    ['MAIL', '-Q', 'mail 421'],
    ['RCPT', '-Q', 'rcpt 421'],
    ['DATA', '-Q', 'data 421'],
    ['.', '-Q', 'dot 421'],
    ['MAIL', '-q', 'lost mail'],
    ['RCPT', '-q', 'lost rcpt'],
    ['DATA', '-q', 'lost data'],
    ['.', '-q', 'lost dot in doubt'],
  ])('%s answered by hanging up (%s) says what was lost', async (command, option, expected) => {
    // Without pipelining: what stands unread when smtp-sink hangs up would take its last words with it.
    const connection = await connect({ relay: await sink(option, command) }, { pipelining: 'off' });
    const outcomes = await send(connection, 'ayu', 'budi');
    expect(outcomes.map(brief)).toEqual([expected, 'lost mail']);
    expect(connection.closed).toBe(true);
  });

  it.each([
    ['CONNECT', '-f', 'greeting'],
    ['CONNECT', '-Q', 'greeting'],
    ['EHLO', '-Q', 'ehlo'],
    ['EHLO', '-q', 'ehlo'],
  ])('%s refused by %s ends the handshake there', async (command, option, phase) => {
    const relay = await sink(option, command);
    const lost = await openSmtp(relay, { ehloName: 'client.example.org' }).catch((error) => error);
    expect(lost).toBeInstanceOf(SmtpLost);
    expect(lost).toMatchObject({ phase });
  });

  it('a server without ESMTP is spoken to in its own words', async () => {
    const connection = await connect({ relay: await sink('-e') });
    expect((await send(connection, 'ayu', 'budi')).map(brief)).toEqual(['dot 250', 'dot 250']);
  });

  it('a 550 in the middle of a long body is its answer, and the end of the connection', async () => {
    const connection = await connect({ relay: await sink('-A', '0') });
    const long = `Subject: long\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(100_000)}`;
    const outcome = await connection.deliver(envelope('ayu'), long);
    expect(brief(outcome)).toMatch(/^dot 550$|^lost data$/);
    expect(connection.closed).toBe(true);
  });
});
