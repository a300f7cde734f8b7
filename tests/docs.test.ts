import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

const documents = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...inDocs('docs')];

it.each(documents)('%s leads nowhere that is not there', (name) => {
  const text = readFileSync(join(root, name), 'utf8');
  const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)|<img src="([^"]+)"/g)].map(
    (one) => one[1] ?? one[2],
  );
  for (const link of links) {
    if (link && !/^[a-z]+:/.test(link)) {
      expect(existsSync(join(root, dirname(name), link)), link).toBe(true);
    }
  }
});

it('docs/compliance.md names only tests, and words in them, that are there', () => {
  const text = readFileSync(join(root, 'docs/compliance.md'), 'utf8');
  const files = [...text.matchAll(/`((?:tests|workers|src)\/[\w./-]+)`/g)].map((one) => one[1] ?? '');
  expect(files.length).toBeGreaterThan(20);
  for (const file of files) expect(existsSync(join(root, file)), file).toBe(true);
  for (const line of text.split('\n')) {
    // "R41 and R40 in `file`, “a name” in `file`": each numbered or quoted test is in the file named next.
    for (const [, said = '', file = ''] of line.matchAll(/((?:R\d+|"[^"]+")[^`|]*?) in `(tests\/[^`]+)`/g)) {
      const tests = readFileSync(join(root, file), 'utf8');
      for (const [, number] of said.matchAll(/\b(R\d+)\b/g))
        expect(tests, file).toMatch(new RegExp(`${number}\\b`));
      for (const [, name] of said.matchAll(/"([^"]+)"/g)) expect(tests, file).toContain(name);
    }
  }
});

it('docs/images holds at most 16 pictures of at most 150 KB', () => {
  const pictures = readdirSync(join(root, 'docs/images'));
  expect(pictures.length).toBeLessThanOrEqual(16);
  for (const picture of pictures) {
    expect(readFileSync(join(root, 'docs/images', picture)).length, picture).toBeLessThanOrEqual(150_000);
  }
});

function inDocs(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}
