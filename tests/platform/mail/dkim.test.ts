import { describe, expect, it } from 'vitest';
import { openSigner } from '../../../src/platform/mail/dkim.ts';
import { signedHeaders } from '../../../src/platform/mail/dkim-headers.ts';
import { lintMessage } from '../../../src/platform/mail/lint-message.ts';
import { composeMessage, type MessageParts } from '../../../src/platform/mail/message.ts';
import { openSplicer } from '../../../src/platform/mail/open-splicer.ts';
import { byDkimpy, byMailauth, testIdentity, zoneOf } from '../../support/dkim.ts';
import { digest, rina } from './sample-message.ts';

const identity = testIdentity();
const zone = zoneOf(identity);
const at = new Date('2026-07-14T07:00:00Z');
const signer = openSigner(identity, { now: () => at });

function write(parts: Partial<MessageParts> = {}): string {
  return openSplicer(composeMessage({ ...digest, ...parts }))(rina);
}

function header(message: string, name: string, index = 0): string {
  const block = message.slice(0, message.indexOf('\r\n\r\n')).replace(/\r\n(?=[ \t])/g, '');
  return (
    block.split('\r\n').filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))[index] ?? ''
  );
}

const signed = await signer.sign(write());
const namesSigned =
  /; h=([^;]*);/.exec(header(signed, 'DKIM-Signature'))?.[1]?.replace(/\s/g, '').split(':') ?? [];

/** Both signatures, by every verifier that is here. */
async function verify(messages: readonly string[]): Promise<boolean[][]> {
  const first = await Promise.all(messages.map(async (message) => (await byMailauth(message, zone)).dkim));
  if (byDkimpy) expect(byDkimpy(messages, zone)).toEqual(first);
  return first;
}

describe('a signed message', () => {
  it('has two signatures that independent verifiers find good, and passes DMARC by them alone', async () => {
    expect(await verify([signed])).toEqual([[true, true]]);
    expect(await byMailauth(signed, zone)).toEqual({ dkim: [true, true], dmarc: true });
    expect(signed.endsWith(write())).toBe(true);
    expect(lintMessage(signed)).toEqual([]);
    expect(header(signed, 'DKIM-Signature', 0)).toMatch(
      / a=rsa-sha256; c=relaxed\/simple; d=example\.org; s=r1; t=1784012400;/,
    );
    expect(header(signed, 'DKIM-Signature', 1)).toMatch(
      / a=ed25519-sha256; c=relaxed\/simple; d=example\.org; s=e1; t=1784012400;/,
    );
  });

  it('R26 names every header once more than it stands there, and covers both of leaving', () => {
    const headers = signed.slice(0, signed.indexOf('\r\n\r\n'));
    for (const name of new Set(namesSigned)) {
      const standing = headers.match(new RegExp(`^${name}:`, 'gim'))?.length ?? 0;
      expect(
        namesSigned.filter((one) => one === name),
        name,
      ).toHaveLength(standing + 1);
    }
    for (const name of [
      'from',
      'to',
      'cc',
      'subject',
      'date',
      'reply-to',
      'message-id',
      'content-type',
      'mime-version',
      'list-unsubscribe',
      'list-unsubscribe-post',
      'list-id',
      'feedback-id',
      'precedence',
    ]) {
      expect(namesSigned).toContain(name);
    }
    expect(signed).not.toMatch(/[; ]l=/);
  });

  it('folds its own headers, in lines of at most 78 characters, and says what it has when it has less', async () => {
    const block = signed.slice(0, signed.indexOf('\r\nDate:'));
    expect(Math.max(...block.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(78);
    const bare = await signer.sign('From: a@example.org\r\n\r\nHello\r\n');
    expect(await verify([bare])).toEqual([[true, true]]);
    expect(header(bare, 'DKIM-Signature')).toMatch(/h=from:from:to:cc:subject:date:/);
  });

  it('is good whatever the words, the languages and the ends of the text are', async () => {
    const texts = [
      '.\r\n..\r\n.a',
      'ends\n\n\n\n',
      ' \t blanks \t\n \n',
      'Türkçe 日本語 🗞',
      '',
      `${'x'.repeat(3_000)}.`,
    ];
    const messages = await Promise.all(
      texts.map((text) =>
        signer.sign(
          write({
            text: `${text}[[name]]`,
            html: `<pre>${text}</pre>`,
            subject:
              `Berita hari ini: “naïve” — ${'日本の新聞 '.repeat(12)}${text.slice(0, 3).trim()}`.replace(
                /[\r\n]/g,
                '',
              ),
            from: { name: 'Ünïcode, “quoted” \\ News', address: 'iw@example.org' },
          }),
        ),
      ),
    );
    expect(await verify(messages)).toEqual(texts.map(() => [true, true]));
  });

  it('is good with an address outside ASCII, with a header given twice, and with no body at all', async () => {
    const write8 = openSplicer(composeMessage(digest))({ ...rina, to: 'rinaé@exämple.org', smtpUtf8: true });
    const twice = 'Received: one\r\nFrom: a@example.org\r\nTo: x@example.org\r\nTo: y@example.org\r\n';
    const messages = [write8, `${twice}\r\nBody`, `${twice}\r\n`, `${twice}\r\n\r\n\r\n`];
    const all = await Promise.all(messages.map((message) => signer.sign(message)));
    expect(await verify(all)).toEqual(messages.map(() => [true, true]));
  });

  it('cannot be made of what has no From or no headers: nothing of it leaves', async () => {
    await expect(signer.sign('Subject: none\r\n\r\nBody\r\n')).rejects.toThrow('without From');
    await expect(signer.sign('no headers')).rejects.toThrow('without headers');
    await expect(signer.sign('From: a@example.org\r\nnonsense\r\n\r\nBody\r\n')).rejects.toThrow(
      'without a name',
    );
  });

  it('is not made when a key cannot sign', async () => {
    const [rsa, ed] = identity.keys;
    if (!rsa || !ed) throw new Error('there are two keys');
    const unfit = openSigner(
      { domain: 'example.org', keys: [rsa, { ...rsa, privateKey: ed.privateKey }] },
      { now: () => at },
    );
    await expect(unfit.sign(write())).rejects.toThrow();
  });

  // mailauth takes the byte A0 for a blank, in which the UTF-8 of this address ends; RFC 6376 §2.8 does not.
  it.skipIf(!byDkimpy)('is good with an address whose last byte is A0', async () => {
    const message = openSplicer(composeMessage(digest))({
      ...rina,
      to: 'rina@example.voilà',
      smtpUtf8: true,
    });
    expect(byDkimpy?.([await signer.sign(message)], zone)).toEqual([[true, true]]);
  });
});

describe('a message changed after signing', () => {
  const [top = '', ...rest] = signed.split(/(?=^Date: )/m);
  const message = rest.join('');

  it('fails when any signed header is changed, removed, or put there a second time', async () => {
    const cases: [string, string][] = [];
    for (const name of new Set(namesSigned)) {
      const line = new RegExp(`^(${name}:) ((?:.|\\r\\n[ \\t])*)\\r\\n`, 'im');
      if (line.test(message)) {
        cases.push([`${name} changed`, top + message.replace(line, '$1 x$2\r\n')]);
        cases.push([`${name} removed`, top + message.replace(line, '')]);
      }
      const added = `${name}: x@example.com\r\n`;
      cases.push([`${name} added on top`, added + signed]);
      cases.push([`${name} added at the end`, signed.replace('\r\n\r\n', `\r\n${added}\r\n`)]);
    }
    expect(cases.length).toBeGreaterThan(50);
    for (const [, changed] of cases) expect(changed).not.toBe(signed);
    const verdicts = await verify(cases.map(([, changed]) => changed));
    for (const [index, verdict] of verdicts.entries())
      expect(verdict, cases[index]?.[0]).toEqual([false, false]);
  });

  it('fails when the body is changed, cut or continued, or a signature is', async () => {
    const middle = signed.indexOf('Good morning');
    const changed = [
      `${signed.slice(0, middle)}g${signed.slice(middle + 1)}`,
      `${signed}One line more\r\n`,
      signed.slice(0, -10),
      signed.replaceAll('d=example.org', 'd=example.net'),
      signed.replaceAll('t=1784012400', 't=1784012401'),
      signed.replaceAll(/bh=./g, 'bh=A'),
    ];
    expect(await verify(changed)).toEqual(changed.map(() => [false, false]));
  });

  it('is still good after what relays do: new headers on top, other folding, another name’s case, empty lines at the end', async () => {
    const kept = [
      `Received: from here by there\r\nX-Spam: no\r\nReturn-Path: <b@bounces.example.org>\r\n${signed}`,
      signed.replace('Subject: The Senate votes', 'SUBJECT:  The \r\n\tSenate   votes'),
      signed.replace('\r\n\r\n', '\r\nX-Relay: seen\r\n\r\n'),
      `${signed}\r\n\r\n`,
    ];
    for (const one of kept) expect(one).not.toBe(signed);
    expect(await verify(kept)).toEqual(kept.map(() => [true, true]));
  });

  it('keeps the one signature that was not touched', async () => {
    const [rsa = '', ed = ''] = signed.split(/(?=^DKIM-Signature: v=1; a=ed25519)/m);
    const withoutRsa = ed;
    const rsaOnly = rsa + message;
    expect(await verify([withoutRsa, rsaOnly])).toEqual([[true], [true]]);
  });
});

describe('the headers that are signed', () => {
  it('are taken from the bottom up where one stands more than once (RFC 6376 §5.4.2)', () => {
    const { canonical, names } = signedHeaders(
      'To: first@x\r\nFROM : A  B\r\n\t<a@x> \r\nTo: second@x\r\nX-Other: y',
    );
    expect(canonical).toBe('from:A B <a@x>\r\nto:second@x\r\nto:first@x\r\n');
    expect(names).toMatch(/^from:from:to:to:to:cc:subject:/);
  });
});
