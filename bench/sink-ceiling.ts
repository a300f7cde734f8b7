import { readFileSync } from 'node:fs';
import { openBulk } from '../src/platform/mail/bulk.ts';
import { parseRelayUrl } from '../src/platform/mail/relay.ts';

/** Fills a sink as fast as can be, for `ceiling.ts`, and prints how many messages it took per second. */

const given = JSON.parse(process.argv[2] ?? '') as { url: string; messages: number; file: string };
const body = readFileSync(given.file, 'latin1');
const envelope = { from: 'news@example.org', to: 'reader@mail-1.example' };
const connections = 20;

const bulk = openBulk([parseRelayUrl(given.url)], {
  ehloName: 'news.example.org',
  connections,
  messagesPerConnection: 0,
});

await send(2_000);
const startedMs = performance.now();
await send(given.messages);
console.log(given.messages / ((performance.now() - startedMs) / 1000));
await bulk.close();

/** Enough in hand to keep the connections busy, and no more. */
async function send(messages: number): Promise<void> {
  let begun = 0;
  const hand = async (): Promise<void> => {
    while (begun < messages) {
      begun += 1;
      const outcome = await bulk.deliver(envelope, () => body);
      if (outcome.kind !== 'reply' || outcome.reply.code !== 250)
        throw new Error('the sink refused a message');
    }
  };
  await Promise.all(Array.from({ length: 3 * connections }, hand));
}
