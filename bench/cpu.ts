import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts processor time in hundredths of a second for every program (USER_HZ, proc(5)). */
const usPerTick = 10_000;

interface Stat {
  pid: number;
  parent: number;
  /** Its own processor time in µs, of all its threads. */
  ownUs: number;
  /** That of its children which have ended and were waited for, and of theirs. */
  endedUs: number;
}

/** Processor time of one process in µs, of all its threads. 0 when it is gone. */
export function cpuUs(pid: number): number {
  return statOf(pid)?.ownUs ?? 0;
}

/** Processor time in µs of a process and its children, the ended ones included: a Postgres with all its backends. */
export function familyCpuUs(pid: number): number {
  const head = statOf(pid);
  if (!head) return 0;
  const children = pids()
    .map(statOf)
    .filter((one) => one?.parent === pid);
  return children.reduce((sum, one) => sum + (one?.ownUs ?? 0), head.ownUs + head.endedUs);
}

/** The largest resident set that a process has had, in MB; undefined when it is gone. */
export function peakRssMb(pid: number): number | undefined {
  const kb = /^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1];
  return kb === undefined ? undefined : Number(kb) / 1024;
}

/** The process that started this one. */
export function parentOf(pid: number): number | undefined {
  return statOf(pid)?.parent;
}

export function nameOf(pid: number): string {
  return read(`/proc/${pid}/comm`).trim();
}

function statOf(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`);
  // The name stands in brackets and may hold anything; the rest are numbers.
  const [, parent, , , , , , , , , , own, system, ended, endedSystem] = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  if (parent === undefined || own === undefined || system === undefined) return undefined;
  const endedUs = ((ended ?? 0) + (endedSystem ?? 0)) * usPerTick;
  return { pid, parent, ownUs: (own + system) * usPerTick, endedUs };
}

function pids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}
