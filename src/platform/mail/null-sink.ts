import { type AddressInfo, createServer, type Socket } from 'node:net';
import { parseRelayUrl, type Relay } from './relay.ts';

/** What a null sink has been handed. */
export interface Swallowed {
  mails: number;
  /** As they came over the wire, without the final dots. */
  bytes: number;
  /** The longest line in bytes, without its line end. */
  longestLine: number;
}

export interface NullSink {
  relay: Relay;
  swallowed(): Swallowed;
  close(): Promise<void>;
}

/**
 * Opens an SMTP server on loopback that accepts every message and forgets it: nothing is kept and nothing goes further. It
 * offers PIPELINING, 8BITMIME and SMTPUTF8, and reads a message in place, so that it costs little beside what is sent to it.
 */
export async function openNullSink(): Promise<NullSink> {
  const swallowed: Swallowed = { mails: 0, bytes: 0, longestLine: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client that goes away in mid-talk has lost nothing here.
    socket.on('error', () => undefined);
    const talk = new Talk(swallowed);
    socket.write('220 localhost null sink\r\n');
    socket.on('data', (chunk: Buffer) => {
      const answers = talk.hear(chunk);
      if (talk.over) socket.end(answers);
      else if (answers) socket.write(answers);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    relay: parseRelayUrl(`smtp://127.0.0.1:${port}?tls=off`),
    swallowed: () => ({ ...swallowed }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const endOfData = Buffer.from('\r\n.\r\n');
const greeting = '250-localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n';

/** One client's talk (RFC 5321 §4.1), pipelined or not. */
class Talk {
  over = false;
  #swallowed: Swallowed;
  #rest: Buffer = Buffer.alloc(0);
  #inData = false;
  #lineBytes = 0;

  constructor(swallowed: Swallowed) {
    this.#swallowed = swallowed;
  }

  /** @returns what is to be answered, perhaps nothing yet. */
  hear(chunk: Buffer): string {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let answers = '';
    for (let answer = this.#next(); answer !== undefined; answer = this.#next()) answers += answer;
    return answers;
  }

  #next(): string | undefined {
    if (this.over) return undefined;
    if (this.#inData) return this.#swallow();
    const end = this.#rest.indexOf('\r\n');
    if (end < 0) return undefined;
    const verb = this.#rest.toString('latin1', 0, Math.min(end, 4)).toUpperCase();
    this.#rest = this.#rest.subarray(end + 2);
    switch (verb) {
      case 'EHLO':
        return greeting;
      case 'DATA':
        this.#inData = true;
        return '354 go on\r\n';
      case 'QUIT':
        this.over = true;
        return '221 2.0.0 bye\r\n';
      default:
        return '250 2.0.0 ok\r\n';
    }
  }

  /** Counts what is here of the message; a mark may lie across two chunks, so its length less one byte stays. */
  #swallow(): string | undefined {
    const end = this.#rest.indexOf(endOfData);
    const upTo = end < 0 ? Math.max(0, this.#rest.length - endOfData.length + 1) : end + 2;
    this.#measure(this.#rest.subarray(0, upTo));
    this.#rest = this.#rest.subarray(end < 0 ? upTo : end + endOfData.length);
    if (end < 0) return undefined;
    this.#inData = false;
    this.#swallowed.mails += 1;
    return '250 2.0.0 forgotten\r\n';
  }

  #measure(piece: Buffer): void {
    this.#swallowed.bytes += piece.length;
    let from = 0;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
      this.#longest(this.#lineBytes + end - from - 1);
      this.#lineBytes = 0;
      from = end + 1;
    }
    this.#lineBytes += piece.length - from;
  }

  #longest(bytes: number): void {
    if (bytes > this.#swallowed.longestLine) this.#swallowed.longestLine = bytes;
  }
}
