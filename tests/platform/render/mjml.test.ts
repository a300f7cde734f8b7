import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { endMjml, renderMjml } from '../../../src/platform/render/mjml.ts';

afterAll(endMjml);

function mail(body: string): string {
  return `<mjml lang="en" dir="ltr"><mj-head><mj-title>Mail</mj-title></mj-head><mj-body>
<mj-section><mj-column>
${body}
</mj-column></mj-section></mj-body></mjml>`;
}

test('MJML becomes HTML without indentation, its texts unharmed', async () => {
  const { html } = await renderMjml(mail('<mj-text>two  spaces,\n  an indented line, \u00a0</mj-text>'));
  expect(html).toContain('two  spaces,\nan indented line,');
  expect(html).not.toMatch(/^[ \t]|[ \t]$/m);
  expect(html).toContain('<html lang="en" dir="ltr"');
});

test('every fault is listed in one error, with its line', async () => {
  const faulty = mail(
    '<mj-text colour="red">x</mj-text>\n<mj-button align="middle">y</mj-button>\n<mj-txt>z</mj-txt>',
  );
  const error: Error = await renderMjml(faulty).then(
    () => expect.fail('it was rendered'),
    (reason) => reason,
  );
  expect(error.message).toMatch(
    /line 3 \(mj-text\): Attribute colour is illegal\n {4}<mj-text colour="red">/,
  );
  expect(error.message).toMatch(/line 4 \(mj-button\): Attribute align/);
  expect(error.message).toMatch(/line 5 \(mj-txt\): Element mj-txt doesn't exist/);
});

test.each([
  [
    'a component that is never closed',
    mail('<mj-text>x'),
    /line 4: <\/mj-column> stands inside <mj-text> of line 3/,
  ],
  [
    'a component that closes twice',
    mail('<mj-text>x</mj-text></mj-text>'),
    /line 3: <\/mj-text> stands inside <mj-column>/,
  ],
  ['a mail that stops half-way', '<mjml><mj-body>', /line 1: <mj-body> is never closed/],
  ['an include', mail('<mj-include path="/etc/passwd" type="html" />'), /line 3: mj-include is refused/],
  ['no MJML at all', 'hello', /MJML failed: /],
  ['a script', mail('<mj-text><script>alert(1)</script></mj-text>'), /the mail holds <script>/i],
  ['an event attribute', mail('<mj-text><b onclick="x()">b</b></mj-text>'), /event attribute/],
  [
    'a link that runs',
    mail('<mj-text><a href="javascript:alert(1)">x</a></mj-text>'),
    /must be https.*"javascript:/,
  ],
  [
    'an image in the link',
    mail('<mj-text><img src="data:image/png;base64,AAAA" alt=""></mj-text>'),
    /must be https/,
  ],
  ['far too much', mail('x'.repeat(1_000_001)), /longer than 1000000/],
])('%s is refused with a clear sentence', async (_, mjml, message) => {
  await expect(renderMjml(mjml)).rejects.toThrow(message);
});

test('renders asked for at once come back each to its own asker', async () => {
  const words = Array.from({ length: 12 }, (_, index) => `mail-${index}-`);
  const mails = await Promise.all(words.map((word) => renderMjml(mail(`<mj-text>${word}</mj-text>`))));
  expect(mails.map(({ html }) => /mail-\d+-/.exec(html)?.[0])).toEqual(words);
});

test('after its process is gone the next render starts another', async () => {
  const before = renderMjml(mail('<mj-text>cut short</mj-text>'));
  await Promise.resolve();
  endMjml();
  const [first, second] = await Promise.allSettled([before, renderMjml(mail('<mj-text>again</mj-text>'))]);
  expect(first.status === 'fulfilled' || /MJML process/.test(String(first.reason))).toBe(true);
  expect(second).toMatchObject({ status: 'fulfilled', value: { html: expect.stringContaining('again') } });
});

test.skipIf(process.platform !== 'linux')(
  'a process that does not answer is ended and replaced',
  async () => {
    await renderMjml(mail('<mj-text>well</mj-text>'));
    const [stuck] = mjmlProcesses();
    process.kill(Number(stuck), 'SIGSTOP');
    await expect(renderMjml(mail('<mj-text>x</mj-text>'), 300)).rejects.toThrow(
      'MJML did not answer in 300 ms',
    );
    expect((await renderMjml(mail('<mj-text>well again</mj-text>'))).html).toContain('well again');
    expect(mjmlProcesses()).not.toContain(stuck);
  },
);

test.skipIf(process.platform !== 'linux')('one process serves many renders and ends when idle', async () => {
  await renderMjml(mail('<mj-text>one</mj-text>'));
  const [child] = mjmlProcesses();
  await renderMjml(mail('<mj-text>two</mj-text>'));
  expect(mjmlProcesses()).toEqual([child]);
  await expect.poll(mjmlProcesses, { interval: 200 }).toEqual([]);
});

function mjmlProcesses(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => isMjmlChild(pid));
}

function isMjmlChild(pid: string): boolean {
  try {
    const parent = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return (
      parent === String(process.pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('mjml-child')
    );
  } catch {
    return false;
  }
}
