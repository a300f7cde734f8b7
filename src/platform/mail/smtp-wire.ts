import { isIP, type OnReadOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

import type { Slab } from './slab.ts';

const lineBytesMax = 4_096;
const replyLinesMax = 128;
const repliesWaitingMax = 64;
const pieceBytesMax = 128 * 1024;
/** Replies are short. A connection reads them into memory of its own: left to it, Node takes 64 KB anew for each. */
const readBytes = 4_096;

/** Cuts a byte stream into SMTP replies, however the bytes are split. Bounded; throws on what is no reply. */
export class ReplyReader {
  #rest = '';
  #lines: string[] = [];
  #replies: string[][] = [];

  push(chunk: Buffer): void {
    const bytes = this.#rest + chunk.toString('latin1');
    let start = 0;
    for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', start)) {
      const line = bytes.slice(start, bytes.charCodeAt(end - 1) === 13 && end > start ? end - 1 : end);
      start = end + 1;
      this.#take(line);
    }
    this.#rest = bytes.slice(start);
    if (this.#rest.length > lineBytesMax) throw new Error('the server sent a line of more than 4 KB');
  }

  /** The lines of the oldest complete reply. */
  shift(): string[] | undefined {
    return this.#replies.shift();
  }

  /** Something has arrived that was not taken yet, be it half a line. */
  get holdsBytes(): boolean {
    return this.#rest !== '' || this.#lines.length > 0 || this.#replies.length > 0;
  }

  #take(line: string): void {
    if (line.length > lineBytesMax) throw new Error('the server sent a line of more than 4 KB');
    if (!/^[2-5]\d\d(?:[ -]|$)/.test(line)) throw new Error('the server sent a line that is no SMTP reply');
    this.#lines.push(/[\x80-\xff]/.test(line) ? Buffer.from(line, 'latin1').toString('utf8') : line);
    if (this.#lines.length > replyLinesMax)
      throw new Error(`the server sent a reply of over ${replyLinesMax} lines`);
    if (line[3] === '-') return;
    this.#replies.push(this.#lines);
    this.#lines = [];
    if (this.#replies.length > repliesWaitingMax)
      throw new Error('the server sent replies that nobody asked for');
  }
}

/** One socket, plain or TLS, that yields whole replies to `onReply` until `onLost` is called, once, with a reason. */
export class Wire {
  onReply: (lines: string[]) => void = () => {};
  onLost: (reason: string) => void = () => {};
  /** Why the connection is gone. */
  lost: string | undefined;
  #socket: Socket;
  #reader = new ReplyReader();

  constructor(connect: (onread: OnReadOpts) => Socket) {
    const buffer = Buffer.allocUnsafeSlow(readBytes);
    const callback = (bytes: number) => {
      this.#hear(buffer.subarray(0, bytes));
      return true;
    };
    this.#socket = connect({ buffer, callback });
    this.#socket.setNoDelay(true);
    this.#listen();
  }

  /** The server has said something that no command of ours asked for. */
  get holdsBytes(): boolean {
    return this.#reader.holdsBytes;
  }

  /** Bytes as a latin1 string. */
  write(bytes: string): void {
    if (this.lost === undefined) this.#socket.write(bytes, 'latin1');
  }

  /**
   * Writes in one go, or in pieces of 128 KB, each when the socket has drained the one before. `onPiece` hears,
   * just before a piece is handed to the socket, where it ends.
   */
  pour(bytes: string, onPiece: (end: number) => void, from = 0): void {
    let start = from;
    let room = true;
    while (room && start < bytes.length && this.lost === undefined) {
      const piece = bytes.length <= pieceBytesMax ? bytes : bytes.slice(start, start + pieceBytesMax);
      start += piece.length;
      onPiece(start);
      room = this.#socket.write(piece, 'latin1');
    }
    if (start < bytes.length) this.#socket.once('drain', () => this.pour(bytes, onPiece, start));
  }

  /** Writes a slab in one go with the text around it; it is given back when the socket has let go of it. */
  pourSlab(before: string, slab: Slab, behind: string): void {
    if (this.lost !== undefined) return;
    if (!slab.prepend(before)) this.write(before);
    const whole = slab.append(behind);
    this.#socket.write(slab.bytes, (error) => {
      if (!error) slab.giveBack();
    });
    if (!whole) this.write(behind);
  }

  destroy(reason: string): void {
    if (this.lost !== undefined) return;
    this.lost = reason;
    this.#socket.destroy();
    this.onLost(reason);
  }

  /**
   * Puts TLS over the connection; resolves when the certificate is accepted, never if the wire is lost first.
   * What the server had sent in the clear is the caller's to check with `holdsBytes` before.
   */
  startTls(host: string, options: ConnectionOptions): Promise<void> {
    const plain = this.#socket;
    // Errors of the plain socket stay heard; its end is told by the TLS socket, after the last bytes.
    for (const event of ['end', 'close']) plain.removeAllListeners(event);
    plain.pause();
    this.#socket = connectTls({ ...tlsNames(host), minVersion: 'TLSv1.2', ...options, socket: plain });
    this.#socket.on('data', (chunk: Buffer) => this.#hear(chunk));
    this.#listen();
    return new Promise((resolve) => this.#socket.once('secureConnect', resolve));
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('error', (error: NodeJS.ErrnoException) => this.destroy(sentence(error)));
    socket.on('end', () => this.destroy('the server closed the connection'));
    socket.on('close', () => this.destroy('the server closed the connection'));
  }

  #hear(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#pass();
      this.destroy(error instanceof Error ? error.message : 'the server sent what is no reply');
      return;
    }
    this.#pass();
  }

  #pass(): void {
    while (this.lost === undefined) {
      const lines = this.#reader.shift();
      if (!lines) return;
      this.onReply(lines);
    }
  }
}

/** Server names for the certificate check: an IP address is compared, but never sent as SNI (RFC 6066 §3). */
export function tlsNames(host: string): ConnectionOptions {
  return isIP(host) ? { host } : { host, servername: host };
}

function sentence(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'the connection was refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the server closed the connection';
    case 'ENOTFOUND':
      return 'the host name was not found';
    case 'EAI_AGAIN':
      return 'the name server did not answer';
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `the server cannot be reached (${error.code})`;
    default:
      if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(error.code ?? '')) {
        return `the server’s certificate was not accepted (${error.code})`;
      }
      return `the connection failed (${error.code ?? error.message})`;
  }
}
