import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ParsedMail, simpleParser } from 'mailparser';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../dist/demo/run.js', import.meta.url));
const demoTimeoutMs = 150_000;

interface Outcome {
  newsletter: string;
  readers: { email: string; lang: string }[];
  edition: Record<string, number>;
  mails: { file: string; to: string; subject: string; kind: string }[];
}

describe('the demo, told once', () => {
  let dir: string;
  let ended: Ended;
  let outcome: Outcome;

  beforeAll(async () => {
    expect(existsSync(program), 'dist/ is there: run `npm run build` first').toBe(true);
    dir = await mkdtemp(join(tmpdir(), 'dateline-demo-test-'));
    ended = await run('--once', '--mail-dir', join(dir, 'mails'), '--json', join(dir, 'outcome.json'));
    outcome = JSON.parse(await readFile(join(dir, 'outcome.json'), 'utf8'));
  }, demoTimeoutMs);
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('ends well, and says so step by step with a URL to look at', () => {
    expect(ended.code, ended.out + ended.err).toBe(0);
    expect(ended.out).toContain('All was as it should be');
    expect(ended.out).not.toContain('✕');
    expect(ended.out.match(/^ +\d+ {2}\S/gm)?.length).toBeGreaterThanOrEqual(10);
    expect(ended.out.match(/^ +http:\/\/localhost:\d+\/\S*$/gm)?.length).toBeGreaterThanOrEqual(10);
  });

  it('writes no colours into a pipe', () => {
    expect(ended.out).not.toContain('\x1b');
  });

  it('closes the books: what was planned was accepted', () => {
    const { accepted, deferred, refused, skipped, unknown, cancelled, queued, planned } = outcome.edition;
    expect([accepted, deferred, refused, skipped, unknown, cancelled, queued]).toEqual([2, 0, 0, 0, 0, 0, 0]);
    expect(planned).toBe(2);
    expect(String(outcome.edition.id)).toMatch(/^ed_\d+$/);
  });

  it('leaves every mail of the story as a file: three letters of each kind and two digests', async () => {
    expect(outcome.mails.map((mail) => `${mail.kind} ${mail.to}`).sort()).toEqual([
      'confirmation lee@example.net',
      'confirmation rina@example.com',
      'confirmation tom@example.org',
      'digest rina@example.com',
      'digest tom@example.org',
      'welcome lee@example.net',
      'welcome rina@example.com',
      'welcome tom@example.org',
    ]);
    const files = await readdir(join(dir, 'mails'));
    expect(files.sort()).toEqual(outcome.mails.map((mail) => mail.file).sort());
  });

  it('makes mails that two independent parsers read alike, text first, with nobody else’s address', async () => {
    for (const { file, to, subject, kind } of outcome.mails) {
      const raw = await readFile(join(dir, 'mails', file));
      const parsed = await simpleParser(raw);
      const other = await PostalMime.parse(raw);
      expect([parsed.subject, other.subject]).toEqual([subject, subject]);
      expect(addressOf(parsed)).toEqual([to]);
      expect(other.to?.map((one) => one.address)).toEqual([to]);
      expect(parsed.text?.trim().length).toBeGreaterThan(100);
      expect(other.html).toContain('</html>');
      const kinds = [...raw.toString().matchAll(/^content-type: ([\w/]+)/gim)].map((match) => match[1]);
      expect(kinds).toEqual(['multipart/alternative', 'text/plain', 'text/html']);
      const leaving = parsed.headerLines.filter((line) => line.key === 'list-unsubscribe');
      expect(leaving, kind).toHaveLength(kind === 'confirmation' ? 0 : 1);
      const others = outcome.readers.map((reader) => reader.email).filter((email) => email !== to);
      for (const email of others) expect(raw.includes(email), `${file} holds ${email}`).toBe(false);
    }
  });

  it('writes to each reader in the reader’s language', async () => {
    const subjects = outcome.mails
      .filter((mail) => mail.to === 'rina@example.com')
      .map((mail) => mail.subject);
    expect(subjects).toEqual([
      'Selesaikan pendaftaran Inside Washington',
      'Selamat datang di Inside Washington',
      'Senat AS bawa RUU klinik pedesaan ke pemungutan suara akhir',
    ]);
  });
});

describe('the command line of the demo', () => {
  it('refuses an option that there is not, and shows how it is used', async () => {
    const { code, err } = await run('--twice');
    expect(code).toBe(2);
    expect(err).toContain('--mail-dir <dir>');
  });

  it('refuses a port that is none', async () => {
    expect((await run('--port', 'http')).code).toBe(2);
  });
});

interface Ended {
  code: number;
  out: string;
  err: string;
}

function run(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { timeout: demoTimeoutMs }, (error, out, err) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
      resolve({ code, out, err });
    });
  });
}

function addressOf(mail: ParsedMail): string[] {
  return [mail.to ?? []]
    .flat()
    .flatMap((one) => one.value)
    .map((one) => one.address ?? '');
}
