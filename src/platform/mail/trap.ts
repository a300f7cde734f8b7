import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { claimTrap, findRunningTrap, releaseTrap } from './trap-claim.ts';
import { openTrapStore, type TrapPage } from './trap-store.ts';
import { envelopeHeaders } from './trapped-headers.ts';

/** A mailbox for everyone: what is sent to it is kept on this machine and goes no further. */
export type Trap = {
  /** Where to send to: `smtp://127.0.0.1:<port>`. */
  smtpUrl: string;
  /** A word in its greeting that no other trap has. */
  run: string;
  /** How many mails are kept. */
  size(): number;
  /** Newest first; `after` is the `next` of the page before, `q` searches recipients and subjects. */
  list(page: { after?: string | undefined; limit: number; q?: string | undefined }): Promise<TrapPage>;
  /** The whole mail, under the two headers that hold its envelope; undefined when there is none of that id. */
  read(id: string): Promise<Buffer | undefined>;
  close(): Promise<void>;
};

/** What the inbox page shows. */
export type Inbox = Pick<Trap, 'size' | 'list' | 'read'>;

export type TrapOptions = {
  dir: string;
  clock: () => Date;
  port?: number | undefined;
  host?: string | undefined;
};

const messageBytesMax = 25 * 1024 * 1024;
const closeTimeoutMs = 2_000;
const idleTimeoutMs = 60_000;
const joinAttemptsMax = 10;

/**
 * Finds the trap that already serves `dir`, or opens one. Of several processes that start at once on one directory,
 * one keeps the trap, and the others get its address only. A trap that died without a word is replaced.
 */
export async function joinTrap(options: TrapOptions): Promise<{ trap: Trap | undefined; smtpUrl: string }> {
  for (let attempt = 0; attempt < joinAttemptsMax; attempt += 1) {
    const running = await findRunningTrap(options.dir);
    if (running) return { trap: undefined, smtpUrl: running.smtpUrl };
    const trap = await openTrap(options);
    const mine = await claimTrap(options.dir, trap);
    if (mine) return { trap: released(options.dir, trap), smtpUrl: trap.smtpUrl };
    await trap.close();
  }
  throw new Error(`no mail trap could be opened or joined in ${options.dir}`);
}

function released(dir: string, trap: Trap): Trap {
  return {
    ...trap,
    async close() {
      await releaseTrap(dir, trap);
      await trap.close();
    },
  };
}

/**
 * Opens a real SMTP server on loopback that takes any sender and recipient, and stores each mail as an `.eml` file in
 * `dir` before it answers 250. No login, no TLS; PIPELINING, 8BITMIME, SMTPUTF8 and SIZE (25 MB). Mails of an earlier
 * run are found again. Nobody else may open the directory meanwhile; where somebody might, `joinTrap` is the way in.
 */
export async function openTrap(options: TrapOptions): Promise<Trap> {
  const { dir, clock, port = 0, host = '127.0.0.1' } = options;
  const store = await openTrapStore(dir);
  const run = randomBytes(8).toString('hex');

  async function keep(stream: SMTPServerDataStream, { envelope }: SMTPServerSession): Promise<string> {
    const sender = envelope.mailFrom ? envelope.mailFrom.address : '';
    const head = envelopeHeaders(
      sender,
      envelope.rcptTo.map(({ address }) => address),
    );
    const body = await collect(stream);
    if (stream.sizeExceeded) throw reply(552, 'the message is larger than 25 MB');
    return store.keep(Buffer.concat([Buffer.from(head, 'utf8'), ...body]), clock());
  }

  const server = new SMTPServer({
    name: 'localhost',
    banner: `Dateline mail trap ${run}`,
    disabledCommands: ['AUTH', 'STARTTLS'],
    hideENHANCEDSTATUSCODES: false,
    disableReverseLookup: true,
    size: messageBytesMax,
    socketTimeout: idleTimeoutMs,
    closeTimeout: closeTimeoutMs,
    onData(stream, session, answer) {
      keep(stream, session).then(
        (id) => answer(null, `kept as ${id}`),
        (error) =>
          answer('responseCode' in error ? error : reply(451, 'the mail could not be stored, try again')),
      );
    },
  });
  // A client that goes away in mid-talk has lost its own mail only; without a listener it would end the process.
  server.on('error', () => {});

  const listening = await new Promise<AddressInfo>((resolve, reject) => {
    server.server.once('error', reject);
    const listener = server.listen(port, host, () => resolve(listener.address() as AddressInfo));
  });

  return {
    smtpUrl: `smtp://${host}:${listening.port}`,
    run,
    size: store.size,
    list: store.list,
    read: store.read,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Reads a message to its end, also one that is too large, so that the client gets its answer; keeps 25 MB of it. */
async function collect(stream: SMTPServerDataStream): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) if (!stream.sizeExceeded) chunks.push(chunk);
  return chunks;
}

function reply(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
