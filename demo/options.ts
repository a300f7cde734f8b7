import { Command, InvalidArgumentError } from 'commander';
import { version } from '../src/lib/version.ts';

export interface Options {
  /** Tell the story and end, instead of staying for a look around. */
  once: boolean;
  /** Where every mail is left as an `.eml` file. */
  mailDir: string | undefined;
  /** Where the outcome is written as JSON. */
  json: string | undefined;
  /** Where the program listens; undefined: 3000, or any that is free. */
  port: number | undefined;
  /** A folder to work in and leave behind; `true` leaves the one that was made. */
  keepData: string | boolean;
}

/** Reads the command line. @throws CommanderError for an option that there is not, after saying how it is used. */
export function readOptions(argv: readonly string[]): Options {
  const program = new Command('npm run demo --')
    .description('The life of three readers of a newsletter, from the box in an article to one click')
    .version(version)
    .option('--once', 'tell the story and end: 0 when all was as it should be, 1 when not')
    .option('--mail-dir <dir>', 'leave every mail as an .eml file there')
    .option('--json <file>', 'write the outcome there')
    .option('--port <n>', 'where the program listens (default: 3000, or any that is free)', readPort)
    .option('--keep-data [dir]', 'leave the data folder behind, or use this one and leave it')
    .allowExcessArguments(false)
    .showHelpAfterError()
    .exitOverride();
  program.parse(argv, { from: 'user' });
  const { once, mailDir, json, port, keepData } = program.opts<Partial<Options>>();
  return { once: once ?? false, mailDir, json, port, keepData: keepData ?? false };
}

function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError('A port is a number from 1 to 65535.');
}
