import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

const startMsMax = 20_000;
const endMsMax = 25_000;

/** A program that runs beside the bench until it is ended. */
export interface Beside {
  pid: number;
  /** What it has said so far, on both outputs. */
  said(): string;
  /** Its exit code; rejects when it takes longer. */
  ended(timeoutMs: number): Promise<number | null>;
  /** Asks it to end and waits; insists after 25 s. Safe to call twice. */
  end(): Promise<void>;
  /** A line to its standard input. */
  tell(line: string): void;
}

export interface Command {
  file: string;
  args: readonly string[];
  /** The whole environment of the program; left out: ours. */
  env?: Record<string, string>;
}

/** What still runs, so that nothing is left behind however the bench ends. */
const running = new Set<Beside>();

/**
 * Starts a program and waits until it has said `readyWord`, if one is given.
 *
 * @throws Error with what it said when it ends first, is not found, or is not ready within 20 s.
 */
export async function start({ file, args, env }: Command, readyWord?: RegExp): Promise<Beside> {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], ...(env ? { env } : {}) });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-100_000);
    });
  }
  child.stdin.on('error', () => {});
  let failed: Error | undefined;
  child.on('error', (error) => {
    failed = error;
  });
  const beside = besideOf(child, () => words);
  if (child.pid !== undefined) running.add(beside);
  child.once('exit', () => running.delete(beside));
  if (readyWord) {
    const late = performance.now() + startMsMax;
    while (!readyWord.test(words)) {
      if (failed) throw new Error(`${file} could not be started: ${failed.message}`);
      if (isOver(child)) throw new Error(`${file} ended at its start: ${words.trim()}`);
      if (performance.now() > late)
        throw new Error(`${file} was not ready within ${startMsMax} ms: ${words}`);
      await pause(5);
    }
  }
  return beside;
}

/** Ends whatever is left, the youngest first. */
export async function endAll(): Promise<void> {
  await Promise.all([...running].reverse().map((one) => one.end()));
}

function besideOf(child: ChildProcess, said: () => string): Beside {
  const over = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const within = async (timeoutMs: number): Promise<number | null | 'late'> => {
    const timer = new AbortController();
    const late = pause(timeoutMs, 'late' as const, { signal: timer.signal }).catch(() => 'late' as const);
    const first = await Promise.race([over, late]);
    timer.abort();
    return first;
  };
  return {
    pid: child.pid ?? 0,
    said,
    tell: (line) => void child.stdin?.write(`${line}\n`),
    ended: async (timeoutMs) => {
      const code = await within(timeoutMs);
      if (code !== 'late') return code;
      throw new Error(`process ${child.pid} did not end within ${timeoutMs} ms: ${said().slice(-2_000)}`);
    },
    end: async () => {
      if (child.pid === undefined || isOver(child)) return;
      child.kill('SIGTERM');
      if ((await within(endMsMax)) !== 'late') return;
      child.kill('SIGKILL');
      await over;
    },
  };
}

function isOver(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
