import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyReply, type Phase, parseReply, replyText } from '../../../src/platform/mail/smtp-reply.ts';

/** Replies of the corpus that are not about a blocked sender, by words that only they have. */
const exceptions: [words: string, judged: string][] = [
  ['Greylisting in action', 'deferred greylist'],
  ['OFR005_104', 'deferred rate'],
  ['DNS error', 'deferred network'],
  ['OFR_417', 'refused full'],
  ['OFR_416', 'refused dead'],
  ['recipient rejected', 'refused dead'],
  ['Recipient Unknown', 'refused dead'],
  ['Not a valid recipient', 'refused dead'],
  ['uribl.com', 'refused content'],
  ['dbl.spamhaus.org', 'refused content'],
  ['rejected by this user', 'refused policy'],
  ['allowed rcpthosts', 'refused policy'],
  ['Anti-Spoofing policy', 'refused policy'],
  ['Zodiac', 'refused protocol'],
  // No word of a block list, unlike its twin that ends in "(BL)".
  ['554 IP:', 'refused unknown'],
];

const corpus = '../shared/corpora/smtp-replies.jsonl';
const phases: Phase[] = ['connect', 'greeting', 'ehlo', 'starttls', 'auth', 'mail', 'rcpt', 'data', 'dot'];

function judge(phase: Phase, ...lines: string[]): string {
  const outcome = classifyReply({ phase, ...parseReply(lines) });
  return `${outcome.disposition} ${outcome.class}`;
}

describe('a reply is read', () => {
  it('with the status of the first line that carries one, on any of its lines', () => {
    expect(
      parseReply(['550-5.1.1 The email account', '550-5.1.1 that you tried', '550 5.1.1 does not exist']),
    ).toEqual({
      code: 550,
      status: '5.1.1',
      text: 'The email account that you tried does not exist',
    });
    expect(parseReply(['421-mx.example.com busy', '421 4.7.0 later']).status).toBe('4.7.0');
    expect(parseReply(['553 sorry (#5.7.1)']).status).toBe('5.7.1');
    expect(parseReply(['550 #5.7.1 rejected']).status).toBe('5.7.1');
    expect(parseReply(['550 5.7.1.9 is listed']).status).toBeUndefined();
    expect(parseReply(['250'])).toEqual({ code: 250, status: undefined, text: '' });
  });

  it('without control characters, and kept to 500 characters', () => {
    const reply = parseReply(['550-5.7.1 a\x00b\x1b[31m', `550 5.7.1 ${'é'.repeat(900)}`]);
    expect(reply.text).toMatch(/^a b \[31m é/);
    expect(replyText(reply)).toHaveLength(500);
    expect(replyText(reply)).toMatch(/^550 5\.7\.1 a b/);
    expect(replyText(parseReply([`550 ${'😀'.repeat(300)}`])).isWellFormed?.() ?? true).toBe(true);
  });

  it('whatever it says, without throwing', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 5 }), fc.constantFrom(...phases), (lines, phase) => {
        const reply = parseReply(lines);
        expect(replyText(reply).length).toBeLessThanOrEqual(500);
        expect(['deferred', 'refused', 'accepted']).toContain(classifyReply({ phase, ...reply }).disposition);
      }),
    );
  });
});

describe('a reply is judged', () => {
  it.each<[string, Phase, string[]]>([
    ['accepted accepted', 'dot', ['250 2.0.0 Ok: queued as 4B6']],
    // Gmail
    [
      'refused dead',
      'rcpt',
      [
        '550-5.1.1 The email account that you tried to reach does not exist. Please try',
        '550 5.1.1 double-checking',
      ],
    ],
    ['refused disabled', 'rcpt', ['550 5.2.1 The email account that you tried to reach is inactive']],
    ['deferred full', 'rcpt', ["452 4.2.2 The recipient's inbox is out of storage space"]],
    ['refused disabled', 'rcpt', ["552 5.2.2 The recipient's inbox is out of storage space and inactive"]],
    [
      'deferred rate',
      'dot',
      [
        '421-4.7.28 Gmail has detected an unusual rate of unsolicited email originating',
        '421 4.7.28 from your IP address. Please try again later',
      ],
    ],
    [
      'deferred rate',
      'dot',
      ['421 4.7.28 Gmail has detected an unusual rate of email originating from your DKIM domain'],
    ],
    [
      'deferred rate',
      'dot',
      ['421 4.7.28 Gmail has detected an unusual rate of email containing one of your URL domains'],
    ],
    [
      'deferred reputation',
      'dot',
      ['421 4.7.0 This message is suspicious due to the very low reputation of the sending IP address'],
    ],
    [
      'refused reputation',
      'dot',
      [
        '550-5.7.1 This message is likely suspicious due to the very low',
        '550 5.7.1 reputation of the sending domain',
      ],
    ],
    [
      'refused content',
      'dot',
      [
        '550 5.7.1 Our system has detected that this message is likely unsolicited email. It has been blocked.',
      ],
    ],
    ['deferred auth', 'dot', ['421 4.7.23 The IP address sending this message does not have a PTR record']],
    ['deferred auth', 'dot', ['421 4.7.26 This mail is unauthenticated']],
    ['deferred auth', 'mail', ['421 4.7.29 must use TLS']],
    ['deferred auth', 'dot', ['421 4.7.40 DMARC missing']],
    ['deferred auth', 'dot', ['421 5.7.32 From header is not aligned']],
    [
      'refused auth',
      'dot',
      [
        "550-5.7.26 Unauthenticated email from x is not accepted due to domain's DMARC policy",
        '550 5.7.26 blocked',
      ],
    ],
    ['refused protocol', 'dot', ['550 5.7.1 This message is not RFC 5322 compliant: duplicate headers']],
    ['refused protocol', 'dot', ['550 5.7.1 Messages missing a valid Message-ID header are not accepted']],
    ['refused protocol', 'dot', ['550 5.7.1 Encoded-word syntax is not permitted in message header From']],
    [
      'deferred recipient-rate',
      'rcpt',
      ['450 4.2.1 The user you are trying to contact is receiving mail too quickly. Please try again'],
    ],
    [
      'deferred recipient-rate',
      'rcpt',
      ['550 5.2.1 The user is receiving mail at a rate that prevents additional messages'],
    ],
    // Outlook.com and Exchange Online
    [
      'deferred rate',
      'mail',
      ['421 RP-001 The mail server IP connecting to server has exceeded the rate limit allowed'],
    ],
    [
      'deferred rate',
      'mail',
      [
        '451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation (S775)',
      ],
    ],
    ['deferred rate', 'mail', ['451 4.7.651 The mail server has been limited (S3114)']],
    [
      'refused reputation',
      'mail',
      [
        "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Part of their network is on our block list (S3150).",
      ],
    ],
    ['refused reputation', 'mail', ['550 SC-001 (COL004) Unfortunately, messages weren’t sent']],
    ['refused reputation', 'mail', ['550 DY-002 dynamic address']],
    ['refused reputation', 'mail', ['550 OU-001 mail rejected']],
    [
      'refused auth',
      'dot',
      ['550 5.7.515 Access denied, sending domain x does not meet the required authentication level'],
    ],
    ['refused reputation', 'rcpt', ['550 5.7.606 Access denied, banned sending IP [192.0.2.1]']],
    ['refused reputation', 'rcpt', ['550 5.7.511 Access denied, banned sender[192.0.2.1]']],
    [
      'refused dead',
      'rcpt',
      ['550 5.4.1 Recipient address rejected: Access denied. [x.protection.outlook.com]'],
    ],
    [
      'refused dead',
      'rcpt',
      ['550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup'],
    ],
    // Yahoo and AOL
    [
      'deferred rate',
      'mail',
      [
        '421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints',
      ],
    ],
    ['deferred rate', 'mail', ['421 4.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred']],
    ['deferred rate', 'greeting', ['421 [IPTS04] Connections not accepted']],
    ['deferred rate', 'mail', ['421 Max message per connection reached, closing transmission channel']],
    ['refused reputation', 'mail', ['553 5.7.1 [BL21] Connections will not be accepted']],
    ['refused auth', 'dot', ['554 5.7.9 Message not accepted for policy reasons']],
    ['refused content', 'dot', ['554 Message not allowed - [PH01] Email not accepted for policy reasons']],
    ['refused dead', 'rcpt', ['552 1 Requested mail action aborted, mailbox not found']],
    [
      'refused dead',
      'dot',
      ["554 delivery error: dd This user doesn't have a yahoo.com account (x@yahoo.com) [0]"],
    ],
    // Others
    ['deferred rate', 'mail', ['451 4.7.1 [BS02] blocked for now']],
    ['deferred rate', 'mail', ['421 [HCM1] Your mail from 192.0.2.1 was deferred']],
    ['refused dead', 'rcpt', ['550 5.1.1 Adresse invalide. Invalid recipient. OFR_416 [416]']],
    ['refused full', 'rcpt', ['552 5.1.1 Boite du destinataire pleine. Recipient overquota. OFR_417 [417]']],
    [
      'deferred rate',
      'greeting',
      ['421 mwinf5c63 ME Trop de connexions. Too many connections, slow down. OFR005_104'],
    ],
    ['deferred rate', 'mail', ['550 Connection frequency limited']],
    ['refused policy', 'dot', ['554 Transaction failed. Reject due to policy restrictions.']],
    // The rest of the table
    ['deferred greylist', 'rcpt', ['451 4.7.1 Greylisted, please come back in 300 seconds']],
    ['deferred greylist', 'rcpt', ['450 4.7.1 x: Recipient address rejected: try again']],
    ['deferred rate', 'greeting', ['421 4.3.2 The service is not available, please try again later']],
    ['deferred rate', 'rcpt', ['452 4.5.3 Too many recipients']],
    ['refused auth', 'auth', ['535 5.7.8 Authentication failed']],
    ['refused auth', 'mail', ['530 5.7.0 Must issue a STARTTLS command first']],
    ['deferred auth', 'auth', ['454 4.7.0 Temporary authentication failure']],
    ['refused content', 'dot', ['554 5.7.1 blocked using multi.uribl.com']],
    [
      'refused content',
      'dot',
      ['552 5.7.0 This message was blocked because its content presents a potential security issue'],
    ],
    ['refused content', 'mail', ['552 5.3.4 Message size exceeds fixed limit']],
    ['refused content', 'dot', ['550 5.6.0 Lone CR or LF in body']],
    ['refused protocol', 'rcpt', ['553 5.6.7 the relay does not offer SMTPUTF8']],
    ['refused protocol', 'mail', ['553 5.1.7 The sender’s address syntax is wrong']],
    ['refused protocol', 'mail', ['555 5.5.4 unsupported parameter']],
    ['refused dead', 'rcpt', ['550 No such user here']],
    ['refused dead', 'rcpt', ['556 5.1.10 Recipient address has null MX']],
    ['refused dead', 'rcpt', ['550 5.4.4 Host unknown']],
    ['refused disabled', 'rcpt', ['525 5.7.13 User account disabled']],
    ['refused full', 'rcpt', ['552 5.2.2 Mailbox full']],
    ['refused full', 'rcpt', ['550 5.1.1 User is over quota']],
    ['refused expired', 'rcpt', ['451 4.4.7 Message expired']],
    ['deferred network', 'dot', ['421 4.4.2 mx.example.com Error: timeout exceeded']],
    ['deferred network', 'starttls', ['454 4.7.0 TLS not available']],
    ['refused policy', 'rcpt', ['550 5.7.1 Message rejected']],
    ['refused policy', 'rcpt', ['554 5.7.1 x: Relay access denied']],
    ['deferred unknown', 'rcpt', ['450 mailbox busy']],
    ['refused unknown', 'rcpt', ['550 5.0.0 failed']],
  ])('%s at %s: %j', (expected, phase, lines) => {
    expect(judge(phase, ...lines)).toBe(expected);
  });

  it('never as acceptance before the final dot', () => {
    for (const phase of phases.filter((each) => each !== 'dot')) {
      expect(classifyReply({ phase, code: 250, text: 'ok' }).disposition).not.toBe('accepted');
    }
  });

  it('never as a dead address where it cannot be about the recipient', () => {
    for (const phase of ['connect', 'greeting', 'ehlo', 'starttls', 'auth', 'mail'] as const) {
      expect(judge(phase, '550 5.1.1 User unknown')).not.toContain('dead');
      expect(judge(phase, '550 nope')).not.toContain('unknown');
    }
    expect(judge('rcpt', '450 4.1.1 user unknown')).toBe('deferred unknown');
  });
});

describe.skipIf(!existsSync(corpus))(`the ${corpus} replies (skipped where that file is absent)`, () => {
  const replies = existsSync(corpus)
    ? readFileSync(corpus, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { response: string; category: string })
    : [];

  it('are judged without throwing, in every phase', () => {
    expect(replies.length).toBeGreaterThan(100);
    for (const { response } of replies) for (const phase of phases) judge(phase, response);
  });

  it('are each judged as the policy table has it', () => {
    for (const { response } of replies) {
      const hard = /^5/.test(response) ? 'refused' : 'deferred';
      const exception = exceptions.find(([words]) => response.includes(words));
      // All that is not named otherwise is about a blocked sender.
      expect(judge('rcpt', response), response).toBe(exception?.[1] ?? `${hard} reputation`);
    }
    for (const [words] of exceptions) {
      expect(
        replies.some(({ response }) => response.includes(words)),
        words,
      ).toBe(true);
    }
  });

  it('cut off no reader for what was said about the sender', () => {
    for (const { response, category } of replies) {
      if (category === 'recipient') continue;
      expect(judge('rcpt', response), response).not.toMatch(/dead|disabled/);
    }
  });

  it('that block the sender are seen as such, nearly all', () => {
    const blocks = replies.filter(({ category }) => category === 'blacklist');
    const missed = blocks.filter(
      ({ response }) => !/reputation|content|policy|protocol|greylist/.test(judge('rcpt', response)),
    );
    const exact = blocks.filter(({ response }) => judge('rcpt', response).endsWith('reputation'));
    expect(missed.map(({ response }) => response)).toEqual([]);
    expect(exact.length / blocks.length).toBeGreaterThan(0.9);
  });
});
