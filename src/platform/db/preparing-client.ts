import type { Socket } from 'node:net';
import pg from 'pg';
import { Deadline } from '../../lib/deadline.ts';
import { keptName } from './prepared.ts';

type Answered = (error: Error | undefined, result: unknown) => void;

/** The server ends a statement that takes longer. */
export const statementTimeoutMs = 60_000;
/** An answer that is this much later will not come. */
const silenceMs = 5_000;

/**
 * A connection that keeps the plans of statements which ask for it. It breaks when the server is gone without a word: 5 s after
 * the limit of a statement (`statement_timeout`).
 *
 * It asks `pg` to call back, and minds the time itself: with the promises and the timer that `pg` makes for each query, its rows outlive
 * every collection of young objects, and a worker holds those of all its windows until the first full one (pg 8.23 on Node 20, one
 * statement in a loop, by `--trace-gc-nvp`: 18 % of what was allocated grew old, and 0.1 % this way).
 */
export class PreparingClient extends pg.Client {
  #unanswered = 0;
  #deadline = new Deadline(() => this.#breakOff());

  constructor(config: pg.ClientConfig = {}) {
    super(config);
    const answerMsMax = Number(config.statement_timeout ?? statementTimeoutMs) + silenceMs;
    this.once('end', () => this.#deadline.end());
    const query = this.query.bind(this) as (...given: unknown[]) => unknown;
    this.query = ((first: unknown, values: unknown, ...rest: unknown[]) => {
      if (typeof first !== 'string' || typeof values === 'function' || rest.length > 0) {
        return query(first, values, ...rest);
      }
      const name = keptName(first);
      const asked = { text: first, values, ...(name === undefined ? {} : { name }) };
      return new Promise((resolve, reject) => {
        const answered: Answered = (error, result) => {
          this.#unanswered -= 1;
          if (this.#unanswered === 0) this.#deadline.lift();
          if (error) reject(error);
          else resolve(result);
        };
        this.#unanswered += 1;
        this.#deadline.set(answerMsMax);
        query(asked, answered);
      });
    }) as typeof this.query;
  }

  /** Whoever waits is told that the connection has ended, and the pool opens another. */
  #breakOff(): void {
    (this as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
  }
}
