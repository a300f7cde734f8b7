import { connect, type Socket } from 'node:net';

/** What a web server gave back for the requests that it was sent. */
export interface Load {
  seconds: number;
  /** How often each status came. */
  statuses: Map<number, number>;
  /** From the moment at which each request was due until its answer was there whole, in ms, ascending. */
  waitsMs: number[];
  /** Of the answers with status 200, with their headers. */
  bytesMax: number;
}

/**
 * Sends requests over connections that stay open, one at a time on each: `perSecond` as the clock has it, whether answers come
 * or not, or (undefined) each as soon as the one before is answered. Requests are written as they stand, so that the
 * load costs little beside the server.
 *
 * @throws Error when a connection breaks, or an answer takes longer than 30 s.
 */
export async function sendLoad(
  to: { port: number; connections: number; seconds: number; perSecond?: number },
  request: (n: number) => string,
): Promise<Load> {
  const { port, connections, seconds, perSecond } = to;
  const statuses = new Map<number, number>();
  const waitsMs: number[] = [];
  let bytesMax = 0;
  let sent = 0;
  const startedMs = performance.now();
  const endsMs = startedMs + seconds * 1000;
  /** When the next request is due; undefined when there is none any more. */
  const nextDueMs = (): number | undefined => {
    const dueMs = perSecond === undefined ? performance.now() : startedMs + (sent * 1000) / perSecond;
    return dueMs < endsMs ? dueMs : undefined;
  };
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const line = await openLine(port);
      try {
        for (let dueMs = nextDueMs(); dueMs !== undefined; dueMs = nextDueMs()) {
          const text = request(sent);
          sent += 1;
          const earlyMs = dueMs - performance.now();
          if (earlyMs > 0) await new Promise((resolve) => setTimeout(resolve, earlyMs));
          const answer = await line.ask(text);
          waitsMs.push(performance.now() - dueMs);
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          if (answer.status === 200) bytesMax = Math.max(bytesMax, answer.bytes);
        }
      } finally {
        line.close();
      }
    }),
  );
  waitsMs.sort((a, b) => a - b);
  return { seconds: (performance.now() - startedMs) / 1000, statuses, waitsMs, bytesMax };
}

interface Line {
  ask(request: string): Promise<{ status: number; bytes: number }>;
  close(): void;
}

const answerMsMax = 30_000;

async function openLine(port: number): Promise<Line> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  let heard = '';
  let wake = () => {};
  let broken: Error | undefined;
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1');
    wake();
  });
  const fail = (error: Error) => {
    broken ??= error;
    wake();
  };
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  socket.setTimeout(answerMsMax, () => fail(new Error(`no answer within ${answerMsMax} ms`)));
  return {
    ask: async (request) => {
      heard = '';
      socket.write(request, 'latin1');
      for (;;) {
        const bytes = wholeBytes(heard);
        if (bytes !== undefined) return { status: Number(heard.slice(9, 12)), bytes };
        if (broken) throw broken;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close: () => socket.destroy(),
  };
}

/** How long an HTTP/1.1 answer is once all of it is there (RFC 9112 §6.3). */
function wholeBytes(heard: string): number | undefined {
  const headEnd = heard.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = heard.slice(0, headEnd).toLowerCase();
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  if (length !== undefined) {
    const bytes = headEnd + 4 + Number(length);
    return heard.length >= bytes ? bytes : undefined;
  }
  if (head.includes('\r\ntransfer-encoding: chunked'))
    return heard.endsWith('0\r\n\r\n') ? heard.length : undefined;
  return headEnd + 4;
}
