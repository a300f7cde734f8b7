import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below those that systems hand out by themselves (Linux from 32768 on), so that no connection takes one meanwhile.
const lowest = 20_000;
const highest = 32_000;

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
  throw new Error('no port');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
