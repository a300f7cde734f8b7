/** Codes of Node's sockets and resolver, and the SQL states of a server that is not there (PostgreSQL appendix A). */
const unreachableCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  '08000',
  '08001',
  '08003',
  '08004',
  '08006',
  '53300',
  '57P01',
  '57P02',
  '57P03',
]);

/** What the drivers of Postgres and Redis say without a code. */
const unreachableWords =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Connection is closed|Stream isn't writeable|the queue did not answer|Query read timeout/i;

/** Whether the error, or one that caused it, says that the database or the queue cannot be reached. */
export function unreachable(error: unknown): boolean {
  return some(error, ({ code, syscall, message }) => {
    // A missing file has the code of a missing socket.
    if (code === 'ENOENT') return syscall === 'connect';
    return (typeof code === 'string' && unreachableCodes.has(code)) || unreachableWords.test(message);
  });
}

/** Whether Postgres refused a text: U+0000 has no place in `text` or `jsonb`. */
export function invalidText(error: unknown): boolean {
  return some(error, ({ code }) => code === '22021' || code === '22P05');
}

type Fault = Error & { code?: unknown; syscall?: unknown };

const depthMax = 6;

function some(error: unknown, holds: (fault: Fault) => boolean, depth = 0): boolean {
  if (!(error instanceof Error) || depth > depthMax) return false;
  if (holds(error)) return true;
  const parts = error instanceof AggregateError ? error.errors : [];
  return [error.cause, ...parts].some((inner) => some(inner, holds, depth + 1));
}
