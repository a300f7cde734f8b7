import { describe, expect, it } from 'vitest';
import { lintMessage } from '../../../src/platform/mail/lint-message.ts';
import { composeMessage } from '../../../src/platform/mail/message.ts';
import { openSplicer } from '../../../src/platform/mail/open-splicer.ts';
import { digest, rina } from './sample-message.ts';

const good = openSplicer(composeMessage(digest))(rina);

describe('the linter', () => {
  it('finds nothing in a good message, as string and as bytes', () => {
    expect(lintMessage(good)).toEqual([]);
    expect(lintMessage(Buffer.from(good, 'latin1'))).toEqual([]);
  });

  const faults: [string, (raw: string) => string, string][] = [
    ['a bare CR', (raw) => raw.replace('Good', 'Go\rod'), 'a CR without LF'],
    ['a bare LF', (raw) => raw.replace('Good', 'Go\nod'), 'an LF without CR'],
    ['a NUL', (raw) => raw.replace('Good', 'Go\0od'), 'a NUL'],
    ['a long line', (raw) => raw.replace('Good', 'x'.repeat(999)), 'line 20 has more than 998 characters'],
    ['a dot at the start of a line', (raw) => raw.replace('Good', '.Good'), 'line 20 starts with a dot'],
    ['a missing last line end', (raw) => raw.slice(0, -2), 'no line end at the end'],
    ['no Date', (raw) => raw.replace(/^Date:.*\r\n/m, ''), 'no date'],
    ['no From', (raw) => raw.replace(/^From:.*\r\n/m, ''), 'no from'],
    ['no Message-ID', (raw) => raw.replace(/^Message-ID:.*\r\n/m, ''), 'no message-id'],
    ['a second Subject', (raw) => `Subject: x\r\n${raw}`, 'subject stands 2 times'],
    [
      'a second List-Unsubscribe',
      (raw) => `List-Unsubscribe: <x:y>\r\n${raw}`,
      'list-unsubscribe stands 2 times',
    ],
    [
      'a bad Message-ID',
      (raw) => raw.replace('<e412', 'e412'),
      'message-id is not one identifier in angle brackets',
    ],
    ['a bad Date', (raw) => raw.replace('Date: Tue', 'Date: someday, Tue'), 'date is no date'],
    [
      '8-bit headers',
      (raw) => raw.replace('Subject: The', 'Subject: Thé'),
      'Subject has characters outside printable ASCII',
    ],
    [
      'a blank at the end',
      (raw) => raw.replace('votes tonight', 'votes tonight '),
      'Subject ends in a blank',
    ],
    [
      'a long encoded word',
      (raw) => raw.replace('The Senate', `=?UTF-8?Q?${'x'.repeat(70)}?=`),
      'Subject has too long an encoded word',
    ],
    [
      'one-click without https',
      (raw) => raw.replace('<https:', '<http:'),
      'list-unsubscribe-post without an https address in list-unsubscribe',
    ],
    [
      'html before text',
      (raw) =>
        raw.replace('text/plain', 'text/x').replace('text/html', 'text/plain').replace('text/x', 'text/html'),
      'the parts are not text/plain, then text/html',
    ],
    ['a cut-off message', (raw) => raw.slice(0, raw.lastIndexOf('--=_')), 'the last boundary is missing'],
    ['a line that is no header', (raw) => `oops\r\n${raw}`, 'a header line without a name'],
  ];

  it.each(faults)('finds %s', (_, spoil, problem) => {
    const spoilt = spoil(good);
    expect(spoilt).not.toBe(good);
    expect(lintMessage(spoilt)).toContain(problem);
  });

  it('says so when there is no end of the headers', () => {
    expect(lintMessage('From: a@b.example\r\n')).toContain('no blank line ends the headers');
  });
});
