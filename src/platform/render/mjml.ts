import { type ChildProcess, fork } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkHtml } from './check-html.ts';
import { mjmlFaults } from './check-mjml.ts';
import { MailFault } from './mail-fault.ts';

const mjmlCharsMax = 1_000_000;
const answerMsMax = 20_000;
const idleMsMax = 3_000;
const rendersPerChildMax = 200;
const waitingMax = 200;

type Answer = { id: number; html: string } | { id: number; faults: Fault[]; failure: string };
type Fault = { line: number; tagName: string; message: string };
type Child = { process: ChildProcess; renders: number; stderr: string };

let child: Child | undefined;
let idleTimer: NodeJS.Timeout | undefined;
let turn: Promise<unknown> = Promise.resolve();
let waiting = 0;
let lastId = 0;

/**
 * Turns MJML into a mail's HTML, one at a time, in a child process that is kept for a few seconds and dies with this
 * one. Validation is strict: every fault is listed, with its line, in one `MailFault`. The HTML comes without indentation
 * (a third smaller) and is checked (`checkHtml`). Throws when MJML does not answer in time. Safe to run twice.
 */
export async function renderMjml(mjml: string, timeoutMs = answerMsMax): Promise<{ html: string }> {
  if (mjml.length > mjmlCharsMax) throw new MailFault(`the MJML is longer than ${mjmlCharsMax} characters`);
  const faults = mjmlFaults(mjml);
  if (faults.length > 0) throw new MailFault(`the MJML is not well-formed:\n${faults.join('\n')}`);
  const answer = await inTurn(() => ask(mjml, timeoutMs));
  if (!('html' in answer)) throw new MailFault(sentence(answer.faults, answer.failure, mjml));
  const html = stripIndents(answer.html);
  checkHtml(html);
  return { html };
}

/** Ends the child process if there is one; it ends by itself too, when idle and when this process ends. */
export function endMjml(): void {
  clearTimeout(idleTimer);
  child?.process.kill('SIGKILL');
  child = undefined;
}

async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (waiting >= waitingMax) throw new Error(`${waiting} mails wait for MJML already`);
  waiting++;
  const result = turn.then(work);
  turn = result.then(rest, rest);
  try {
    return await result;
  } finally {
    waiting--;
  }
}

function rest(): void {
  child?.process.unref();
  child?.process.channel?.unref();
  idleTimer = setTimeout(endMjml, idleMsMax).unref();
}

function ask(mjml: string, timeoutMs: number): Promise<Answer> {
  clearTimeout(idleTimer);
  const current = currentChild();
  current.renders++;
  current.process.ref();
  current.process.channel?.ref();
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    const onMessage = (answer: Answer) => {
      if (answer.id === id) settle(() => resolve(answer));
    };
    const onExit = (code: number | null, signal: string | null) => {
      fail(
        new Error(
          `the MJML process ended (${signal ?? code}): ${current.stderr.trim() || 'it said nothing'}`,
        ),
      );
    };
    const onError = (cause: Error) => fail(new Error('the MJML process could not be reached', { cause }));
    const timer = setTimeout(() => fail(new Error(`MJML did not answer in ${timeoutMs} ms`)), timeoutMs);
    current.process.on('message', onMessage).on('exit', onExit).on('error', onError);
    current.process.send({ id, mjml });

    function fail(error: Error): void {
      endMjml();
      settle(() => reject(error));
    }
    function settle(outcome: () => void): void {
      clearTimeout(timer);
      current.process.off('message', onMessage).off('exit', onExit).off('error', onError);
      outcome();
    }
  });
}

function currentChild(): Child {
  if (child && child.renders < rendersPerChildMax && child.process.connected) return child;
  endMjml();
  const file = fileURLToPath(new URL('./mjml-child.mjs', import.meta.url));
  // No environment: nothing secret is needed there. Its own directory: MJML reads a .mjmlconfig where it starts. It also
  // asks for a home, and a container may run under an id that has none.
  const started = fork(file, {
    cwd: dirname(file),
    env: { HOME: dirname(file) },
    execArgv: ['--max-old-space-size=384'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const made: Child = { process: started, renders: 0, stderr: '' };
  started.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    made.stderr = (made.stderr + piece).slice(-2_000);
  });
  if (started.stderr && 'unref' in started.stderr && typeof started.stderr.unref === 'function') {
    started.stderr.unref();
  }
  // After its last render nobody listens any more, and an `error` without a listener would end this process.
  started.on('error', () => {});
  child = made;
  return made;
}

function sentence(faults: Fault[], failure: string, mjml: string): string {
  if (faults.length === 0) return `MJML failed: ${failure}`;
  const lines = mjml.split('\n');
  const list = faults.map(({ line, tagName, message }) => {
    const excerpt = (lines[line - 1] ?? '').trim().slice(0, 100);
    return `line ${line} (${tagName}): ${message}\n    ${excerpt}`;
  });
  return `the MJML is not valid:\n${list.join('\n')}`;
}

/** Texts hold no line ends (`clean`), so only the indentation that templates and MJML wrote is taken away. */
function stripIndents(html: string): string {
  return html
    .split('\n')
    .map((line) => line.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((line) => line !== '')
    .join('\n');
}
