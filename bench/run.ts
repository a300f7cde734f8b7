import { writeFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { endAll } from './child.ts';
import { type Options, readOptions } from './options.ts';

process.exitCode = await run();

/** Exit codes: 0 measured, whatever the bars say; 1 could not be measured, 2 usage, 130 interrupted. */
async function run(): Promise<number> {
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());
  // The program behind it takes a second or two to load; a wrong option is told at once.
  const { measure } = await import('./measure.ts');
  const say = (line: string) => process.stderr.write(`${line}\n`);
  try {
    const { outcome, text } = await measure(options, say, interrupted.signal);
    process.stdout.write(`${text}\n`);
    const document = `${JSON.stringify(outcome, null, 2)}\n`;
    if (options.json) writeFileSync(options.json, document);
    else process.stdout.write(document);
    return 0;
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    say(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    await endAll();
    // The row that was broken off may still wait for what is gone.
    if (interrupted.signal.aborted) setTimeout(() => process.exit(130), 0);
  }
}
