import { describe, expect, it } from 'vitest';
import { openBulk } from '../../../src/platform/mail/bulk.ts';
import { composeMessage } from '../../../src/platform/mail/message.ts';
import { openFiller, openSplicer, type Reader } from '../../../src/platform/mail/open-splicer.ts';
import { Slab, slabMessageBytesMax } from '../../../src/platform/mail/slab.ts';
import { digest, rina } from './sample-message.ts';
import { server } from './talk.ts';

const reader = (n: number): Reader => ({
  ...rina,
  to: `reader${n}@example.com`,
  messageId: `<e1.${n}@news.example.org>`,
  values: { ...rina.values, name: `Reader ${'ñ'.repeat(n % 7)} ${n}` },
});
const readers = Array.from({ length: 40 }, (_, n) => reader(n));
const long = { ...digest, html: `${digest.html}${'<p>Ten thousand words.</p>\n'.repeat(3_000)}` };

describe('a message in a slab', () => {
  it.each([
    ['a short one', digest],
    ['one of 90 KB', long],
  ])('%s has the bytes that the spliced string has', (_, parts) => {
    const composed = composeMessage(parts);
    const fill = openFiller(composed);
    const splice = openSplicer(composed);
    for (const one of readers) {
      const filled = fill(one);
      expect(filled).toBeInstanceOf(Slab);
      expect(String(filled)).toBe(splice(one));
      if (filled instanceof Slab) filled.giveBack();
    }
  });

  it('is a string instead when it is too large', () => {
    const huge = composeMessage({ ...digest, html: '<p>word</p>\n'.repeat(slabMessageBytesMax / 12) });
    expect(openFiller(huge)(rina)).toBe(openSplicer(huge)(rina));
  });

  it('takes commands before and behind it until there is no room, and is then as it was', () => {
    const slab = new Slab();
    slab.add('body\r\n');
    expect(slab.prepend('DATA\r\n')).toBe(true);
    expect(slab.append('.\r\n')).toBe(true);
    expect(slab.prepend('x'.repeat(5_000))).toBe(false);
    expect(slab.append('x'.repeat(slabMessageBytesMax + 5_000))).toBe(false);
    expect(String(slab)).toBe('DATA\r\nbody\r\n.\r\n');
  });

  it.each([
    ['chunked', '250-scripted|250-PIPELINING|250-8BITMIME|250 CHUNKING'],
    ['full', undefined],
    ['envelope', undefined],
    ['off', '250 scripted'],
  ] as const)(
    'arrives as it was written, each reader their own, with pipelining %s',
    async (pipelining, ehlo) => {
      const smtp = await server(ehlo ? { ehlo } : {});
      const bulk = openBulk([smtp.relay], { ehloName: 'client.example.org', connections: 3, pipelining });
      const composed = composeMessage(long);
      const fill = openFiller(composed);
      const splice = openSplicer(composed);
      try {
        const outcomes = await Promise.all(
          readers.map((one) => bulk.deliver({ from: 'news@example.org', to: one.to }, () => fill(one))),
        );
        expect(outcomes.map((one) => one.kind === 'reply' && one.reply.code)).toEqual(readers.map(() => 250));
        const got = new Map(smtp.accepted.map((to, at) => [to.replace(/[<>]/g, ''), smtp.bodies[at]]));
        for (const one of readers) expect(got.get(one.to)).toBe(splice(one));
      } finally {
        await bulk.close();
      }
    },
  );
});
