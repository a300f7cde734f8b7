/**
 * What the caller did wrong or cannot have: an HTTP status, a stable code and a sentence that says what to do.
 * One place turns it into problem+json, a page or an exit code (`platform/http/answer.ts`, `cli.ts`).
 */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  /** The input field at fault, when there is one. */
  readonly field: string | undefined;

  constructor(status: number, code: string, message: string, field?: string) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/** Closes a switch over a union: a new case that nobody handles breaks the build. */
export function never(value: never): never {
  throw new Error(`unexpected case: ${JSON.stringify(value)}`);
}
