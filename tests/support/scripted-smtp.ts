import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseRelayUrl, type Relay } from '../../src/platform/mail/relay.ts';

export type Step =
  | 'greeting'
  | 'ehlo'
  | 'starttls'
  | 'auth'
  | 'mail'
  | 'rcpt'
  | 'data'
  /** The end of a message: the reply to the final dot, or to the last chunk. */
  | 'dot'
  | 'rset'
  | 'quit';

/** What the server says; `|` separates the lines. `never`: it falls silent. `after`: what it does next. */
export type Answer =
  | string
  | { say?: string; waitMs?: number; after?: 'drop' | 'end' | 'never'; unsaid?: boolean };
export type Turn = { connection: number; nth: number; line: string };

export type Script = { [step in Step]?: Answer | ((turn: Turn) => Answer | undefined) } & {
  /** The port to listen on; a free one if it is left out. */
  listenOn?: number;
  /** Drops the connection once this much of a body has come. */
  dropInBodyAtBytes?: number;
  /** Reads no further once a body begins. */
  deafInBody?: boolean;
  /** Splits everything the server writes into pieces of these sizes, in turn. */
  pieceBytes?: readonly number[];
};

export interface ScriptedSmtp {
  relay: Relay;
  port: number;
  /** Each recipient of a message that the server took, in order, said or `unsaid`. */
  accepted: string[];
  bodies: string[];
  /** What arrived, chunk by chunk, and from which connection. */
  chunks: { connection: number; bytes: string }[];
  connections: number;
  close(): Promise<void>;
}

const usual: Record<Step, string> = {
  greeting: '220 scripted ESMTP',
  ehlo: '250-scripted|250-PIPELINING|250-8BITMIME|250 SMTPUTF8',
  starttls: '502 no',
  auth: '502 no',
  mail: '250 2.1.0 sender ok',
  rcpt: '250 2.1.5 recipient ok',
  data: '354 go ahead',
  dot: '250 2.0.0 queued',
  rset: '250 2.0.0 reset',
  quit: '221 2.0.0 bye',
};

/** A server that answers as it is told, phase by phase, and logs whom it took mail for. */
export async function scriptedSmtp(script: Script = {}): Promise<ScriptedSmtp> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    self.connections += 1;
    void talk(socket, self.connections);
  });
  server.listen(script.listenOn ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const self: ScriptedSmtp = {
    relay: parseRelayUrl(`smtp://127.0.0.1:${port}`),
    port,
    accepted: [],
    bodies: [],
    chunks: [],
    connections: 0,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return self;

  async function talk(socket: Socket, connection: number): Promise<void> {
    const counts = new Map<Step, number>();
    let heard = '';
    let wake = () => {};
    socket.on('data', (chunk) => {
      const bytes = chunk.toString('latin1');
      self.chunks.push({ connection, bytes });
      heard += bytes;
      wake();
    });
    socket.on('close', () => wake());
    const more = () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      });
    const cutOff = (length: number): string => {
      const text = heard.slice(0, length);
      heard = heard.slice(length);
      return text;
    };
    const upTo = async (mark: string, orAtBytes = Number.POSITIVE_INFINITY): Promise<string | undefined> => {
      // What was looked through is put aside, so that a long body is not searched again for each of its chunks.
      const seen: string[] = [];
      let seenBytes = 0;
      let at = heard.indexOf(mark);
      while (at < 0 && seenBytes + heard.length < orAtBytes && !socket.destroyed) {
        const looked = cutOff(Math.max(0, heard.length - mark.length));
        seen.push(looked);
        seenBytes += looked.length;
        await more();
        at = heard.indexOf(mark);
      }
      return at < 0 || seenBytes + at > orAtBytes ? undefined : seen.join('') + cutOff(at + mark.length);
    };
    const take = async (bytes: number): Promise<string | undefined> => {
      const { dropInBodyAtBytes = Number.POSITIVE_INFINITY } = script;
      while (heard.length < Math.min(bytes, dropInBodyAtBytes) && !socket.destroyed) await more();
      return heard.length < bytes ? undefined : cutOff(bytes);
    };
    /** The code that was said, or undefined once the connection is no longer spoken on. */
    const answer = async (
      step: Step,
      line: string,
      onSay = (_code: string) => {},
    ): Promise<string | undefined> => {
      const nth = (counts.get(step) ?? 0) + 1;
      counts.set(step, nth);
      const nested = step === 'mail' && inTransaction ? '503 5.5.1 nested MAIL command' : undefined;
      const sensible = nested ?? transaction[step] ?? usual[step];
      const told = script[step] ?? sensible;
      const given = (typeof told === 'function' ? told({ connection, nth, line }) : told) ?? sensible;
      const { say = sensible, waitMs, after, unsaid } = typeof given === 'string' ? { say: given } : given;
      if (waitMs) await pause(waitMs);
      onSay(say);
      if (!unsaid && after !== 'never')
        await write(socket, `${say.split('|').join('\r\n')}\r\n`, script.pieceBytes);
      if (after === 'drop') socket.resetAndDestroy();
      if (after === 'end') socket.end();
      return after === undefined && !socket.destroyed ? say.slice(0, 3) : undefined;
    };

    /** A body has come whole: what the server says of it. */
    const end = (body: string): Promise<string | undefined> =>
      answer('dot', '', (say) => {
        if (!say.startsWith('2') || recipient === '') return;
        self.accepted.push(recipient);
        self.bodies.push(body);
      });

    let recipient = '';
    let inTransaction = false;
    /** The answers that a command gets which comes too early, unless the script says otherwise. */
    let transaction: { [step in Step]?: string } = {};
    let step: Step = 'greeting';
    for (let line = ''; ; ) {
      const code = await answer(step, line);
      if (code === undefined) return;
      if (step === 'quit') return void socket.end();
      if (step === 'rset' && code.startsWith('2')) inTransaction = false;
      if (step === 'mail') {
        recipient = '';
        inTransaction ||= code.startsWith('2');
        transaction = {
          data: '554 5.5.1 no valid recipients',
          dot: '503 5.5.1 no valid recipients',
          ...(code.startsWith('2') ? {} : { rcpt: '503 5.5.1 MAIL first' }),
        };
      }
      if (step === 'rcpt' && code.startsWith('2')) {
        recipient = line.slice(9, line.indexOf('>'));
        transaction = {};
      }
      if (step === 'data' && code === '354') {
        if (script.deafInBody) return void socket.pause();
        // The line break before a lone dot is the one that ended DATA.
        heard = `\r\n${heard}`;
        const body = await upTo('\r\n.\r\n', script.dropInBodyAtBytes);
        if (body === undefined) return void socket.resetAndDestroy();
        if ((await end(body.slice(2, -3).replace(/^\.\./gm, '.'))) === undefined) return;
        inTransaction = false;
      }
      let next = await upTo('\r\n');
      // Whatever its answer, a chunk is read to its end (RFC 3030 §2); a refused one leaves the transaction open.
      for (let size = chunkBytes(next); size !== undefined; size = chunkBytes(next)) {
        if (script.deafInBody) return void socket.pause();
        const body = await take(size);
        if (body === undefined) return void socket.resetAndDestroy();
        const said = await end(body);
        if (said === undefined) return;
        if (said.startsWith('2')) inTransaction = false;
        next = await upTo('\r\n');
      }
      if (next === undefined) return;
      line = next.trim();
      const verb = line.split(/[ :]/)[0]?.toLowerCase() ?? '';
      step = (verb === 'helo' ? 'ehlo' : verb in usual ? verb : 'auth') as Step;
    }
  }
}

async function write(socket: Socket, bytes: string, pieceBytes: readonly number[] = []): Promise<void> {
  socket.setNoDelay(true);
  if (pieceBytes.length === 0) return void socket.write(bytes, 'latin1');
  for (let at = 0, turn = 0; at < bytes.length && !socket.destroyed; turn += 1) {
    const size = Math.max(1, pieceBytes[turn % pieceBytes.length] ?? 1);
    socket.write(bytes.slice(at, at + size), 'latin1');
    at += size;
    await new Promise(setImmediate);
  }
}

function chunkBytes(line: string | undefined): number | undefined {
  const size = /^BDAT (\d+) LAST\r\n$/.exec(line ?? '')?.[1];
  return size === undefined ? undefined : Number(size);
}
