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
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: [
          'email',
          '*.email',
          'to',
          '*.to',
          'token',
          '*.token',
          'password',
          '*.password',
          'authorization',
          '*.authorization',
        ],
        censor: '[redacted]',
      },
    },
    options.destination ?? byTurn(pino.destination({ fd: 1, sync: true })),
  );
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
