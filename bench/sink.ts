import { execFileSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { start } from './child.ts';
import { root } from './root.ts';

/** Connections stay open in every row, as those of the usual pipeline and of smtp-source do: what is compared is the mail. */
export const messagesPerConnection = 100_000;

export interface Figures {
  messages: number;
  bytes: number;
  connections: number;
  /** By the system's clock; 0 = none has come. */
  firstAtMs: number;
  lastAtMs: number;
}

export interface Sink {
  /** For `SMTP_URL`. */
  url: string;
  port: number;
  pid: number;
  count(): Promise<Figures>;
  /** Counts anew from here. @returns the figures so far. */
  reset(): Promise<Figures>;
  close(): Promise<void>;
}

/** Compiles the sink into a folder. @throws Error that says what to install when there is no C compiler. */
export function compileSink(dir: string): string {
  const program = join(dir, 'sink');
  try {
    execFileSync('cc', ['-O2', '-std=gnu11', '-o', program, join(root, 'bench/sink.c')], { stdio: 'pipe' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error('The bench needs a C compiler, `cc`, for its sink (Debian: apt install gcc libc6-dev).', {
      cause: error,
    });
  }
  return program;
}

/** Starts a sink. `queueMs` is how long it thinks about each message, `rttMs` how far away it is. */
export async function openSink(
  program: string,
  delay: { queueMs?: number; rttMs?: number } = {},
): Promise<Sink> {
  const args = [String(delay.queueMs ?? 0), String(delay.rttMs ?? 0), '1'];
  const server = await start({ file: program, args }, /\n/);
  const { port, control } = JSON.parse(server.said()) as { port: number; control: number };
  const socket = connect(control, '127.0.0.1');
  const ask = asker(socket);
  return {
    url: `smtp://127.0.0.1:${port}?tls=off&messages=${messagesPerConnection}`,
    port,
    pid: server.pid,
    count: () => ask('count'),
    reset: () => ask('reset'),
    close: async () => {
      socket.destroy();
      await server.end();
    },
  };
}

/** Answers come in the order of the questions. */
function asker(socket: Socket): (question: string) => Promise<Figures> {
  const waiting: { resolve: (figures: Figures) => void; reject: (error: Error) => void }[] = [];
  createInterface({ input: socket }).on('line', (line) =>
    waiting.shift()?.resolve(JSON.parse(line) as Figures),
  );
  const fail = () => {
    for (const { reject } of waiting.splice(0)) reject(new Error('the sink is gone'));
  };
  socket.on('error', fail);
  socket.on('close', fail);
  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      socket.write(`${question}\n`);
    });
}
