import type { Line } from './line.ts';
import type { MessageBytes } from './slab.ts';
import { type Envelope, lostOutcome, type Outcome, type SmtpLost } from './smtp-outcome.ts';

/** A message whose outcome is open. */
export type Job = {
  envelope: Envelope;
  compose: () => MessageBytes;
  resolve: (outcome: Outcome) => void;
  reject: (error: unknown) => void;
  /** How often its connection had ended before it came to it. */
  repeats: number;
  /** On the process's own clock: when a connection took it. */
  begunAtMs: number;
  /** When the turn was drawn that it took; undefined = none was needed. */
  drawnAt?: Date | undefined;
};

/** After this many repeats a message only begins a connection or an idle one: it never again follows another's body. */
const repeatsBehindOthersMax = 2;

/** The messages of a pool that no connection has taken, oldest first. */
export class Waiting {
  #jobs: Job[] = [];

  get length(): number {
    return this.#jobs.length;
  }

  push(job: Job): void {
    this.#jobs.push(job);
  }

  pushFirst(job: Job): void {
    this.#jobs.unshift(job);
  }

  /** The oldest that this connection may take. */
  next(line: Line): Job | undefined {
    if (line.taken === 0 || line.idle) return this.#jobs.shift();
    const at = this.#jobs.findIndex((job) => job.repeats <= repeatsBehindOthersMax);
    return at < 0 ? undefined : this.#jobs.splice(at, 1)[0];
  }

  giveUp(lost: SmtpLost): void {
    for (const job of this.#jobs.splice(0)) job.resolve(lostOutcome(lost));
  }

  /** Sends the newest away. */
  reject(count: number, error: Error): void {
    for (const job of this.#jobs.splice(this.#jobs.length - Math.min(count, this.#jobs.length)))
      job.reject(error);
  }
}
