import { type RawBuilder, sql } from 'kysely';
import pg from 'pg';

const mark = '/* prepared ';

/**
 * Stands at the beginning of a statement that runs thousands of times: each connection then plans it once and keeps the plan
 * under this name. The statement's text must always be the same; what varies is given as parameters. Worth it where
 * planning costs more than running, as it does for the claim of a window (3 ms against 0.8 ms).
 */
export function prepared(name: string): RawBuilder<unknown> {
  return sql.raw(`${mark}${name} */`);
}

/** A connection that keeps the plans of statements which ask for it. */
export class PreparingClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const query = this.query.bind(this) as (...given: unknown[]) => unknown;
    this.query = ((first: unknown, values: unknown, ...rest: unknown[]) => {
      const name = typeof first === 'string' && first.startsWith(mark) ? nameOf(first) : undefined;
      return name ? query({ name, text: first, values }, ...rest) : query(first, values, ...rest);
    }) as typeof this.query;
  }
}

function nameOf(text: string): string | undefined {
  return text.slice(mark.length).split(' ', 1)[0];
}
