import { type DestinationStream, type Logger, pino } from 'pino';

/** One JSON line per deed. Ids, never addresses; tokens never. */
export type Log = Logger;

/**
 * Opens the program's log. Whatever key might hold an address or a secret is redacted as a last line of defence: the first
 * is not to log it.
 */
export function openLog(options: { level: string; destination?: DestinationStream }): Log {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redact },
    },
    options.destination ?? byTurn(pino.destination({ fd: 1, sync: true })),
  );
}

const secrets = new Set(['email', 'to', 'token', 'password', 'authorization']);

/** In the line itself and in what lies in it. By hand, since every request writes a line and most a second. */
function redact(line: Record<string, unknown>): Record<string, unknown> {
  const shown = withoutSecrets(line);
  for (const key in shown) {
    const value = shown[key];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    const inside = withoutSecrets(value as Record<string, unknown>);
    if (inside !== value) return redact({ ...shown, [key]: inside });
  }
  return shown;
}

/** The same object, unless it has one of them. */
function withoutSecrets(one: Record<string, unknown>): Record<string, unknown> {
  for (const key in one) {
    if (secrets.has(key) && one[key] !== '[redacted]') return withoutSecrets({ ...one, [key]: '[redacted]' });
  }
  return one;
}

/** What one turn of the loop says is written at its end, in one piece; at the end of the process whatever is left. */
function byTurn(out: DestinationStream): DestinationStream {
  let said = '';
  const write = (): void => {
    const words = said;
    said = '';
    if (words !== '') out.write(words);
  };
  process.on('exit', write);
  return {
    write: (line) => {
      if (said === '') setImmediate(write);
      said += line;
    },
  };
}
