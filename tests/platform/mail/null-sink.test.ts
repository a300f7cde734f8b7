import { connect } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { openBulk } from '../../../src/platform/mail/bulk.ts';
import { openNullSink } from '../../../src/platform/mail/null-sink.ts';
import { until } from '../../support/until.ts';

const sink = await openNullSink();
const pool = openBulk([sink.relay], { ehloName: 'news.example.org', connections: 3 });
afterAll(async () => {
  await pool.close();
  await sink.close();
});

const envelope = { from: 'news@example.org', to: 'reader@readers.example' };

describe('the null sink', () => {
  it('takes every message, counts what came over the wire, and keeps nothing', async () => {
    const before = sink.swallowed();
    const mail = `Subject: x\r\n\r\n${'y'.repeat(900)}\r\n..\r\nend\r\n`;
    const outcomes = await Promise.all(Array.from({ length: 250 }, () => pool.deliver(envelope, () => mail)));
    expect(outcomes.every((one) => one.kind === 'reply' && one.phase === 'dot')).toBe(true);
    const after = sink.swallowed();
    expect(after).toMatchObject({ mails: before.mails + 250, longestLine: 900 });
    expect(after.bytes - before.bytes).toBe(250 * mail.length);
  });

  it('understands a talk in pieces of any size', async () => {
    const before = sink.swallowed();
    const talk =
      'EHLO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nSubject: 1\r\n\r\nfirst\r\n.\r\n' +
      'MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nSubject: 2\r\n\r\nsecond\r\n.\r\nQUIT\r\n';
    for (const size of [1, 3, 7, talk.length]) {
      const socket = connect({ host: sink.relay.host, port: sink.relay.port });
      let heard = '';
      socket.setEncoding('latin1').on('data', (text: string) => {
        heard += text;
      });
      socket.setNoDelay(true);
      for (let at = 0; at < talk.length; at += size) socket.write(talk.slice(at, at + size));
      await until(() => heard.includes('221 '), { what: `a talk in pieces of ${size}` });
      expect(heard.match(/^354 /gm)).toHaveLength(2);
      socket.destroy();
    }
    expect(sink.swallowed().mails - before.mails).toBe(8);
    expect(sink.swallowed().bytes - before.bytes).toBe(4 * ('Subject: 1\r\n\r\nfirst\r\n'.length * 2 + 1));
  });
});
