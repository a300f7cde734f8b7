import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Beside, start } from './child.ts';
import { freePort } from './free-port.ts';
import { bareRun, type Run } from './result.ts';
import { messagesPerConnection } from './sink.ts';
import { until } from './until.ts';

/** Sessions that smtp-source has open: as many as two workers. */
const sessions = 20;
const sendMsMax = 120_000;
const generatorFile = fileURLToPath(new URL('./sink-ceiling.js', import.meta.url));

/** Where a Postfix test program is; undefined when the machine has none. */
export function findTool(name: 'smtp-source' | 'smtp-sink'): string | undefined {
  // It says how it is used, and that is all that is asked of it.
  return [name, `/usr/sbin/${name}`, `/usr/libexec/postfix/${name}`].find(
    (file) => spawnSync(file, ['-?'], { timeout: 2_000 }).error === undefined,
  );
}

/** Postfix's generator: the same message to everyone, written once, over connections that stay open. */
export async function runSource(
  name: string,
  tool: string,
  to: { port: number; messages: number; body: string; dir: string },
): Promise<Run> {
  const { port, messages, body, dir } = to;
  const file = join(dir, 'message.eml');
  writeFileSync(file, body.replaceAll('\r\n', '\n'), 'latin1');
  const common = [
    '-4',
    '-d',
    '-s',
    String(sessions),
    '-f',
    'news@example.org',
    '-t',
    'reader@mail-1.example',
  ];
  const args = [
    ...common,
    '-M',
    'news.example.org',
    '-F',
    file,
    '-m',
    String(messages),
    `inet:127.0.0.1:${port}`,
  ];
  const startedMs = performance.now();
  const source = await start({ file: tool, args });
  const code = await source.ended(sendMsMax);
  const seconds = (performance.now() - startedMs) / 1000;
  if (code !== 0) throw new Error(`smtp-source ended with ${code}: ${source.said()}`);
  return bareRun(name, messages, messages / seconds);
}

/** Postfix's own sink, which is slower than what it is sent. */
export async function openSmtpSink(tool: string): Promise<Beside & { url: string; port: number }> {
  const port = await freePort();
  const args = ['-4', ...(process.getuid?.() === 0 ? ['-u', 'nobody'] : []), `inet:127.0.0.1:${port}`, '256'];
  const server = await start({ file: tool, args });
  await until(() => takesConnections(port), { timeoutMs: 10_000, what: 'smtp-sink listens' });
  return { ...server, port, url: `smtp://127.0.0.1:${port}?tls=off&messages=${messagesPerConnection}` };
}

/** Started is not listening yet: whoever connects before is refused. */
function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** How much the sink takes: from our own client, which only writes one finished message again and again. */
export async function runSinkCeiling(
  name: string,
  to: { url: string; messages: number; body: string; dir: string },
): Promise<Run> {
  const file = join(to.dir, 'message.dat');
  writeFileSync(file, to.body, 'latin1');
  const given = JSON.stringify({ url: to.url, messages: to.messages, file });
  const generator = await start({ file: process.execPath, args: [generatorFile, given], env: {} });
  const code = await generator.ended(sendMsMax);
  if (code !== 0) throw new Error(`the sink could not be filled: ${generator.said()}`);
  return bareRun(name, to.messages, Number(generator.said()));
}
