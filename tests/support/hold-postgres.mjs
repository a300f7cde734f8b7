// Opens the built-in Postgres of a folder from the compiled program, says so in one line of JSON and holds it until
// standard input ends. Usage: node hold-postgres.mjs <dataDir>
import { openEmbeddedPostgres } from '../../dist/src/platform/db/embedded.js';

try {
  const { config, owner, close } = await openEmbeddedPostgres({ dataDir: process.argv[2] });
  process.stdout.write(`${JSON.stringify({ kind: 'open', config, owner })}\n`);
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.once('end', resolve));
  await close();
} catch (error) {
  process.stdout.write(`${JSON.stringify({ kind: 'refused', message: error.message })}\n`);
}
