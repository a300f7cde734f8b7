import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { openTrap, type Trap } from './trap.ts';

const answerTimeoutMs = 1_000;

/**
 * Finds the trap of a directory: joins the one that another process keeps there, such as a running `dateline start` beside a
 * command, or opens it. `trap` is there only for the process that keeps it.
 */
export async function joinTrap(options: {
  dir: string;
  clock: () => Date;
}): Promise<{ smtpUrl: string; trap: Trap | undefined }> {
  const sign = join(options.dir, 'smtp-port');
  await mkdir(options.dir, { recursive: true });
  const port = Number(await readFile(sign, 'utf8').catch(() => ''));
  if (port > 0 && (await isTrap(port))) return { smtpUrl: `smtp://127.0.0.1:${port}`, trap: undefined };
  const trap = await openTrap(options);
  await writeFile(sign, `${new URL(trap.smtpUrl).port}\n`);
  return {
    smtpUrl: trap.smtpUrl,
    trap: {
      ...trap,
      close: async () => {
        await rm(sign, { force: true });
        await trap.close();
      },
    },
  };
}

/** A port that was announced may have passed to another program since. */
async function isTrap(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(answerTimeoutMs, () => end(false));
    socket.once('error', () => end(false));
    socket.once('data', (greeting) => end(greeting.toString('latin1').includes('Dateline mail trap')));
  });
}
