import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer } from '../../src/deliveries/answer.ts';
import { nextTryAt } from '../../src/deliveries/back-off.ts';
import type { Claimed } from '../../src/deliveries/claim.ts';
import { addsUp, type Counts } from '../../src/deliveries/delivery.ts';
import { Permits } from '../../src/deliveries/permits.ts';
import {
  envelopeFor,
  personalise,
  type Sender,
  type Signed,
  signFor,
} from '../../src/deliveries/personalise.ts';
import { openKeyring, openToken } from '../../src/lib/signed-token.ts';
import { readMessageId } from '../../src/platform/mail/message-id.ts';
import type { Outcome } from '../../src/platform/mail/smtp-outcome.ts';
import type { Phase } from '../../src/platform/mail/smtp-reply.ts';

const now = new Date('2026-07-14T11:00:00Z');
const claimed: Claimed = {
  subscriberId: 7,
  claim: 1,
  attempts: 0,
  variantId: 1,
  email: 'rina@readers.example',
  confirmedAt: new Date('2026-07-03T02:00:00Z'),
};

function read(outcome: Outcome, more: { stopping?: boolean; attempts?: number; email?: string } = {}) {
  const { stopping = false, ...changed } = more;
  return readAnswer({ ...claimed, ...changed }, outcome, { editionId: 1, now, stopping });
}

function reply(
  phase: 'mail' | 'rcpt' | 'data' | 'dot',
  code: number,
  text: string,
  status?: string,
): Outcome {
  return { kind: 'reply', phase, reply: { code, text, status } };
}

function lost(phase: Phase, afterDot = false): Outcome {
  return { kind: 'lost', phase, afterDot, reason: 'the server closed the connection' };
}

describe('what an outcome means for the books', () => {
  it('is accepted only with a 2xx to the final dot', () => {
    const { settlement } = read(reply('dot', 250, 'queued as 1 for rina@readers.example', '2.0.0'));
    expect(settlement).toMatchObject({ state: 'accepted', smtpCode: 250, class: null, textMasked: null });
  });

  it('is unknown only when the connection was lost after the final dot', () => {
    expect(read(lost('dot', true)).settlement).toMatchObject({ state: 'unknown', class: 'in-doubt' });
    expect(read(lost('dot', true), { stopping: true }).settlement.state).toBe('unknown');
    expect(read(lost('data')).settlement).toMatchObject({ state: 'deferred', class: 'network', burnt: true });
    expect(read(lost('data'), { stopping: true }).settlement.state).toBe('queued');
    expect(read(lost('connect')).relayAway).toBe(true);
    expect(read(lost('connect'), { stopping: true }).relayAway, 'we cut it ourselves').toBe(false);
  });

  it('is nothing at all, and uses up no try, when the server never spoke of the message', () => {
    for (const phase of ['connect', 'greeting', 'ehlo', 'starttls', 'auth', 'mail'] as const) {
      const answer = read(lost(phase));
      expect(answer.settlement).toMatchObject({ state: 'queued', burnt: false });
      expect(answer.relayAway).toBe(true);
    }
  });

  it('keeps no address, whatever the server quotes', () => {
    const { settlement, bounce } = read(reply('rcpt', 550, '<rina@readers.example>: no such user', '5.1.1'));
    expect(settlement).toMatchObject({ state: 'refused', class: 'dead', burnt: true });
    expect(settlement.textMasked).toBe('550 5.1.1 <r•••@readers.example>: no such user');
    expect(bounce).toBe('dead');
  });

  it('says nothing about the mailbox when the sender was refused, or the address is too international', () => {
    expect(read(reply('mail', 550, 'sender denied', '5.7.1')).bounce).toBeUndefined();
    const utf8 = read(reply('rcpt', 553, 'the relay does not offer SMTPUTF8', '5.6.7'), {
      email: 'grüße@example.org',
    });
    expect(utf8).toMatchObject({ bounce: undefined, settlement: { state: 'refused', class: 'smtputf8' } });
  });
});

describe('the time of the next try', () => {
  it('is within 20 % of the plan, the same every time, and not the same for everyone', () => {
    const plan = [5, 10, 20, 40, 80, 160, 240, 240, 240];
    fc.assert(
      fc.property(fc.nat(8), fc.nat(1e9), fc.nat(1e6), (attempts, subscriberId, editionId) => {
        const at = nextTryAt({ editionId, subscriberId, claim: attempts + 1 }, attempts, now);
        const minutes = (at.getTime() - now.getTime()) / 60_000;
        const planned = plan[attempts] ?? 240;
        expect(minutes).toBeGreaterThanOrEqual(planned * 0.8 - 0.001);
        expect(minutes).toBeLessThanOrEqual(planned * 1.2 + 0.001);
        expect(nextTryAt({ editionId, subscriberId, claim: attempts + 1 }, attempts, now)).toEqual(at);
      }),
    );
    const times = Array.from({ length: 50 }, (_, id) =>
      nextTryAt({ editionId: 1, subscriberId: id, claim: 1 }, 0, now).getTime(),
    );
    expect(new Set(times).size).toBeGreaterThan(45);
  });
});

describe('permits', () => {
  it('are never more than there are, and wake who waits', () => {
    const permits = new Permits(5);
    expect(permits.take(3)).toBe(3);
    expect(permits.take(3)).toBe(2);
    expect(permits.take(1)).toBe(0);
    expect(permits.take(-4)).toBe(0);
    let woken = 0;
    permits.onceFreed(() => {
      woken += 1;
    });
    permits.release(2);
    permits.release(1);
    expect(woken).toBe(1);
    expect(permits.take(9)).toBe(3);
    expect(() => permits.release(9)).toThrow('more permits came back');
  });
});

describe('the seven counts', () => {
  it('add up, or do not', () => {
    const counts: Counts = {
      planned: 7,
      accepted: 1,
      deferred: 1,
      refused: 1,
      skipped: 1,
      unknown: 1,
      cancelled: 1,
      queued: 1,
    };
    expect(addsUp(counts)).toBe(true);
    expect(addsUp({ ...counts, queued: 2 })).toBe(false);
  });
});

describe('what one reader adds to the mail', () => {
  const keyring = openKeyring(['a secret that only tests ever use and that is long enough']);
  const edition = {
    editionId: 12,
    newsletterId: 3,
    fromEmail: 'washington@news.example.org',
    timeZone: 'America/New_York',
    frozenAt: now,
  };
  const sender: Sender = { keyring, baseUrl: 'https://news.example.org', bounceDomain: undefined };

  const written = (reader: Claimed, at: { lang: string; now: Date }, from = sender) =>
    personalise(reader, signFor([reader], edition, from)[0] as Signed, {
      ...at,
      timeZone: edition.timeZone,
      baseUrl: sender.baseUrl,
    });

  it('is the same on every retry, but for the Date', () => {
    const first = written(claimed, { lang: 'id', now });
    const later = written(claimed, { lang: 'id', now: new Date(now.getTime() + 3_600_000) });
    expect({ ...later, date: now }).toEqual(first);
    expect(first.messageId).toMatch(/^<e12\.[0-9a-v]{26}@news\.example\.org>$/);
  });

  it('shows the day of the confirmation as the newsletter’s zone and the reader’s language have it', () => {
    expect(written(claimed, { lang: 'id', now }).values.signed_up_on).toBe('2 Juli 2026');
    expect(written(claimed, { lang: 'en', now }).values.signed_up_on).toBe('2 July 2026');
  });

  it('sends reports to an address of the delivery, and asks them to name it', () => {
    const from = { ...sender, bounceDomain: 'bounces.example.org' };
    const [signed] = signFor([claimed], edition, from) as [Signed];
    const envelope = envelopeFor(claimed, signed, edition.editionId);
    expect(envelope).toMatchObject({ to: claimed.email, envelopeId: 'dlv_12_7' });
    expect(envelope.from).toMatch(/^b\+\w+@bounces\.example\.org$/);
    expect(signed.unsubscribeMail).toMatch(/^u\+\w+@bounces\.example\.org$/);
    const [plain] = signFor([claimed], edition, sender) as [Signed];
    expect(envelopeFor(claimed, plain, edition.editionId).from).toBe(edition.fromEmail);
    expect(plain.unsubscribeMail).toBe('');
  });

  it('differs for every reader, and signed in a window is what it is alone', () => {
    const readers = Array.from({ length: 200 }, (_, id) => ({ ...claimed, subscriberId: id * 997 + 1 }));
    const from = { ...sender, bounceDomain: 'bounces.example.org' };
    const together = signFor(readers, edition, from);
    for (const name of ['messageId', 'unsubscribe', 'everyday', 'unsubscribeMail', 'bouncesTo'] as const) {
      expect(new Set(together.map((signed) => signed[name])).size, name).toBe(200);
    }
    expect(together).toEqual(readers.map((reader) => signFor([reader], edition, from)[0]));
    for (const [nth, { unsubscribe, messageId }] of together.entries()) {
      const { subscriberId } = readers[nth] as Claimed;
      expect(openToken(keyring, 'unsubscribe', unsubscribe, now)).toEqual({
        kind: 'valid',
        numbers: [subscriberId, edition.newsletterId],
      });
      expect(readMessageId(messageId, keyring)).toEqual({ editionId: edition.editionId, subscriberId });
    }
  });
});
