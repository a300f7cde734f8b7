import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fitted, redrawn } from '../src/shell.ts';

describe('a command whose reader has seen enough', () => {
  it('ends without a word, as in `dateline send failures --csv | head`', async () => {
    const cli = fileURLToPath(new URL('../dist/src/cli.js', import.meta.url));
    const child = spawn(process.execPath, [cli, '--version'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let words = '';
    child.stderr.on('data', (chunk) => {
      words += chunk;
    });
    child.stdout.destroy();
    const [code] = await once(child, 'close');
    expect({ code, words }).toEqual({ code: 0, words: '' });
  });
});

describe('a command that fails with --json', () => {
  it.each([
    [['--json', 'sned'], {}, 2, { code: 'usage', detail: expect.stringMatching(/^unknown command 'sned'/) }],
    [
      ['status', '--json'],
      { PORT: 'abc' },
      2,
      { code: 'configuration', detail: expect.stringContaining('PORT') },
    ],
    [
      ['migrate', '--check', '--json'],
      { DATABASE_URL: 'postgres://127.0.0.1:1/x', SECRET_KEY: '0123456789abcdef'.repeat(2) },
      1,
      { code: 'failed', detail: expect.stringMatching(/^The database at DATABASE_URL does not answer/) },
    ],
    [['--json', 'edition'], {}, 2, { code: 'usage', detail: expect.stringContaining('--help') }],
  ])('says so in one document: %j', async (args, env, exit, error) => {
    const cli = fileURLToPath(new URL('../dist/src/cli.js', import.meta.url));
    const child = spawn(process.execPath, [cli, ...args], {
      stdio: 'pipe',
      env: { PATH: process.env.PATH, ...env },
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    const [code] = await once(child, 'close');
    expect({ code, said: JSON.parse(said) }).toEqual({ code: exit, said: { error } });
  });
});

describe('drawing over what was drawn', () => {
  it('goes up to the first of the old lines and clears what is below', () => {
    expect(redrawn(['one', 'two'], 0)).toBe('\r\x1b[0Jone\ntwo');
    expect(redrawn(['three'], 2)).toBe('\x1b[1A\r\x1b[0Jthree');
    expect(redrawn(['four'], 1)).toBe('\r\x1b[0Jfour');
  });

  it('keeps within the screen: sentences go on in the next line, tables are cut, and what is below is left out', () => {
    const screen = { columns: 12, rows: 5 };
    expect(fitted(['accepted 5 + queued 1 = 6 planned'], screen)).toEqual([
      'accepted 5',
      '  + queued',
      '  1 = 6',
      '  planned',
    ]);
    expect(fitted(['LANE   ACCEPTED', 'gmail  5'], screen)).toEqual(['LANE   ACCE', 'gmail  5']);
    expect(fitted(['a', '', 'b', 'c', 'd'], screen)).toEqual(['a', '', 'b', 'c']);
    expect(fitted(['incomprehensibilities'], screen)).toEqual(['incomprehen']);
  });
});
