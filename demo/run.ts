import { CommanderError } from 'commander';
import { openNarrator } from './narrator.ts';
import { type Options, readOptions } from './options.ts';

process.exitCode = await run();

/** Exit codes: 0 all was as it should be, 1 something was not, 2 usage, 130 interrupted. */
async function run(): Promise<number> {
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  // The program behind the story takes a second or two to load; a wrong option is told at once.
  const { tell } = await import('./tell.ts');
  return tell(options, openNarrator(process.stdout), interrupted());
}

/** Resolves at Ctrl-C or SIGTERM. A second one, a moment later, ends the process at once. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const heard = () => {
      firstMs ??= performance.now();
      // A terminal and npm may both pass the same Ctrl-C on.
      if (performance.now() - firstMs > 500) process.exit(130);
      resolve();
    };
    process.on('SIGINT', heard);
    process.on('SIGTERM', heard);
  });
}
