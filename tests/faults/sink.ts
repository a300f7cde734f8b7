import { fork } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Certificates } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';
import type { Behaviour } from './behaviour.ts';
import type { Order, SinkState } from './sink-process.ts';

/** One message that the sink took. */
export interface Taken {
  at: number;
  recipient: string;
  messageId: string;
}

export interface Sink {
  url: string;
  /** Forgets what was, behaves well, and writes into this log from now on. */
  begin(log: string): Promise<void>;
  /** Writes into the log of another sink from now on, as if they were one. */
  join(other: Sink): Promise<void>;
  /** Where it writes. */
  log(): string;
  behave(behaviour: Partial<Behaviour>): Promise<void>;
  /** Cuts every connection and refuses new ones, until it is back. */
  away(): Promise<void>;
  back(): Promise<void>;
  state(): Promise<SinkState>;
  /** Waits until it has taken so many messages. */
  until(accepted: number): Promise<SinkState>;
  /** All messages that it took, in order: with duplicates, if there are any. */
  taken(): Promise<Taken[]>;
  close(): void;
}

const program = fileURLToPath(new URL('./sink-process.js', import.meta.url));

/**
 * Starts a relay that is a process of its own; once begun, it writes every message that it takes into a log. With certificates
 * it speaks TLS.
 */
export async function openSink(tls?: Certificates): Promise<Sink> {
  const port = await freePort();
  const words = [String(port), ...(tls ? [tls.serverCert, tls.serverKey] : [])];
  const child = fork(program, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const waiting = new Map<number, { resolve: (state: SinkState) => void; reject: (error: Error) => void }>();
  let orders = 0;
  let log = '';
  const answer = (id: number) =>
    new Promise<SinkState>((resolve, reject) => waiting.set(id, { resolve, reject }));
  const ready = answer(0);
  child.on('message', ({ id, state }: { id: number; state: SinkState }) => {
    waiting.get(id)?.resolve(state);
    waiting.delete(id);
  });
  child.once('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the sink has ended'));
  });
  await ready;
  const order = (what: Omit<Order, 'id'>): Promise<SinkState> => {
    orders += 1;
    const answered = answer(orders);
    child.send({ id: orders, ...what });
    return answered;
  };
  return {
    url: tls ? `smtps://127.0.0.1:${port}?ca=${tls.ca}` : `smtp://127.0.0.1:${port}?tls=off`,
    begin: async (into) => {
      log = into;
      await writeFile(log, '');
      await order({ log });
    },
    join: async (other) => {
      log = other.log();
      await order({ log });
    },
    log: () => log,
    behave: async (behave) => void (await order({ behave })),
    away: async () => void (await order({ away: true })),
    back: async () => void (await order({ away: false })),
    state: () => order({}),
    until: (accepted) =>
      until(
        async () => {
          const state = await order({});
          return state.accepted >= accepted ? state : undefined;
        },
        { timeoutMs: 300_000, everyMs: 25, what: `the sink has taken ${accepted} messages` },
      ),
    taken: async () =>
      (await readFile(log, 'utf8'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const [at = '', recipient = '', messageId = ''] = line.split(' ');
          return { at: Number(at), recipient, messageId };
        }),
    close: () => {
      child.disconnect();
    },
  };
}
