import { setTimeout as pause } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';
import { signUp } from '../src/subscribers/sign-up.ts';
import { runEngine } from './engine.ts';
import type { Ground } from './ground.ts';
import type { Newsroom } from './newsroom.ts';
import type { Run } from './result.ts';
import { until } from './until.ts';

const everyMs = 100;
const arriveMsMax = 60_000;

export interface Letters {
  run: Run;
  /** Of 100 confirmation mails 95 were in the reader's server by then, counted from the sign-up. */
  p95Ms: number;
  letters: number;
}

/** Sends an edition while ten people a second sign up: how long do they wait for the mail that asks them back? */
export async function runLetters(
  ground: Ground,
  newsroom: Newsroom,
  row: { name: string; workers: number; readers: number },
): Promise<Letters> {
  const { newsletter } = await newsroom.edition(100);
  const mailbox = await openMailbox();
  const askedAtMs = new Map<string, number>();
  try {
    const run = await runEngine(ground, newsroom, {
      ...row,
      sink: {
        ...ground.sink,
        url: `${ground.sink.url}&purpose=bulk,smtp://127.0.0.1:${mailbox.port}?tls=off&purpose=transactional`,
      },
      meanwhile: async (over) => {
        for (let n = 1; !over(); n += 1) {
          const email = `new-${row.readers}-${n}@late-${n}.example`;
          askedAtMs.set(email, performance.now());
          const form = { email, newsletters: [newsletter.slug], marketing: false, lang: 'en' };
          const outcome = await signUp(ground.ctx, form, { clientAddress: addressOf(n), scripted: true });
          if (outcome.kind !== 'accepted') throw new Error(`a sign-up was answered ${outcome.kind}`);
          await pause(everyMs);
        }
        await until(() => mailbox.arrivedAtMs.size >= askedAtMs.size, {
          timeoutMs: arriveMsMax,
          what: 'every confirmation mail has come',
        });
      },
    });
    const waits = [...askedAtMs].map(
      ([email, askedMs]) => (mailbox.arrivedAtMs.get(email) ?? Number.NaN) - askedMs,
    );
    waits.sort((a, b) => a - b);
    return { run, p95Ms: waits[Math.ceil(waits.length * 0.95) - 1] ?? Number.NaN, letters: waits.length };
  } finally {
    await mailbox.close();
  }
}

/** Each from a network of its own, since one network that signs up so often is asked for one more step. */
function addressOf(n: number): string {
  return `10.${(n >> 8) & 255}.${n & 255}.1`;
}

/** A mail server for the letters, which remembers when each reader's first one was there. */
async function openMailbox(): Promise<{
  port: number;
  arrivedAtMs: Map<string, number>;
  close(): Promise<void>;
}> {
  const arrivedAtMs = new Map<string, number>();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData: (stream, session, callback) => {
      stream.resume();
      stream.on('end', () => {
        for (const { address } of session.envelope.rcptTo) {
          if (!arrivedAtMs.has(address)) arrivedAtMs.set(address, performance.now());
        }
        callback();
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('there is no free port');
  return {
    port: address.port,
    arrivedAtMs,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
