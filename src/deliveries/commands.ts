import { createInterface } from 'node:readline/promises';
import { Command, InvalidArgumentError } from 'commander';
import type { Context } from '../context.ts';
import { slotName } from '../editions/edition.ts';
import { namedEdition } from '../editions/find.ts';
import { Refusal } from '../lib/errors.ts';
import { getNewsletter, namedOrOnlyNewsletter } from '../newsletters/find.ts';
import { type Out, type Shell, table } from '../shell.ts';
import { cancelSend } from './cancel-send.ts';
import { failureCommands } from './commands-failures.ts';
import { forecastCommands } from './commands-forecast.ts';
import { countedStates } from './delivery.ts';
import { latestSend, listSends, namedSend } from './find-send.ts';
import { laneCommand } from './lane-command.ts';
import { outsideSend } from './outside.ts';
import { pauseSend } from './pause-send.ts';
import { type Progress, progress } from './progress.ts';
import { noWorker, progressLines } from './progress-words.ts';
import { holdSecondsDefault, requestSend } from './request-send.ts';
import { resumeSend } from './resume-send.ts';
import { verifySend } from './verify-send.ts';
import { watch } from './watch.ts';

/** Verbs that change nothing which anybody would miss. */
const looking = new Set(['show', 'watch', 'failures', 'verify']);
const aSend = 'snd_12, ed_12 or 2026-07-14';

/** `dateline edition send`: the one command that writes to readers. */
export function editionSendCommand(shell: Shell): Command {
  return new Command('send')
    .argument('<edition>', 'ed_12 or 2026-07-14')
    .description('send it to its readers')
    .option('--expect <n>', 'how many readers you expect; more than 5 % off is refused', aNumber)
    .option('--hold <seconds>', 'how long a cancel still prevents everything', aNumber, holdSecondsDefault)
    .option('--yes', 'do not ask again')
    .action((name: string, options: { expect?: number; hold: number; yes?: boolean }) =>
      shell.run(async (ctx, out) => {
        const edition = await namedEdition(ctx.db, name, shell.newsletter());
        const newsletter = await getNewsletter(ctx.db, edition.newsletterId);
        const what = `${newsletter.name}, ${slotName(edition)}`;
        if (options.expect !== undefined && !options.yes && out.live && !out.json) {
          const sure = await ask(`${what} will be sent to ${options.expect} readers. Send it? [y/N] `);
          if (!sure) throw new Refusal(409, 'not_confirmed', 'Nothing was sent.');
        }
        const requested = await requestSend(ctx, {
          editionId: edition.id,
          expectRecipients: options.expect,
          holdSeconds: options.hold,
          by: { name: 'cli', mode: 'live' },
        });
        const seen = await progress(ctx, edition.id);
        out.result(outsideSend(seen), [
          `${what}: to ${requested.recipients} readers, at ${requested.holdUntil.toISOString()}.`,
          ...(options.hold > 0 ? [`Until then: dateline send cancel ed_${edition.id}`] : []),
          seen.workers > 0 ? `Watch it: dateline send watch ed_${edition.id}` : noWorker,
        ]);
      }),
    );
}

/** `dateline send …`: sends under way and past; `dateline lane …`. */
export function deliveriesCommands(shell: Shell): Command[] {
  const send = new Command('send').description('the run in which an edition goes out');
  send
    .command('list')
    .description('the latest sends')
    .option('--limit <n>', 'how many', aNumber, 20)
    .action((options: { limit: number }) =>
      shell.run(async (ctx, out) => {
        const slug = shell.newsletter();
        const newsletter = slug === undefined ? undefined : await namedOrOnlyNewsletter(ctx.db, slug);
        const sends = await listSends(ctx.db, { newsletterId: newsletter?.id, limit: options.limit });
        const seen = await Promise.all(sends.map((one) => progress(ctx, one.editionId)));
        out.result(
          { data: seen.map(outsideSend) },
          table([
            ['SEND', 'EDITION', 'STATE', 'PLANNED', ...countedStates.map((state) => state.toUpperCase())],
            ...seen.map(({ send: one, counts }) => [
              `snd_${one.editionId}`,
              one.name,
              one.state,
              counts.planned,
              ...countedStates.map((state) => counts[state]),
            ]),
          ]),
        );
      }),
    );
  on('show', 'how far it is', async (ctx, out, editionId) => show(ctx, out, await progress(ctx, editionId)));
  on('watch', 'follow it until it ends', async (ctx, out, editionId) => {
    const seen = await watch(ctx, editionId, out);
    if (!out.json) out.result(outsideSend(seen), endWords(seen));
  });
  on('pause', 'begin no more deliveries', async (ctx, out, editionId) => {
    await pauseSend(ctx, { editionId, by: 'cli' });
    show(ctx, out, await progress(ctx, editionId));
  });
  on<{ only?: number }>('resume', 'go on where it stood', async (ctx, out, editionId, { only }) => {
    await resumeSend(ctx, { editionId, only });
    show(ctx, out, await progress(ctx, editionId));
  }).option('--only <n>', 'so many more, then pause again and decide', aNumber);
  on('cancel', 'what has not gone out never will', async (ctx, out, editionId) => {
    await cancelSend(ctx, { editionId });
    show(ctx, out, await progress(ctx, editionId));
  });
  on('verify', 'recount it row by row', async (ctx, out, editionId) => {
    const { agreed, off, counts } = await verifySend(ctx, editionId);
    const words = agreed
      ? 'The books agree with the rows.'
      : `The books were wrong and are mended: ${wordsOf(off)}`;
    out.result({ agreed, off, counts }, words);
    if (!agreed) out.exit(1);
  });
  failureCommands(on);
  forecastCommands(send, shell);

  function on<Options>(
    verb: string,
    description: string,
    act: (ctx: Context, out: Out, editionId: number, options: Options) => Promise<void>,
  ): Command {
    return send
      .command(verb)
      .argument('[send]', `${aSend} (default: the one under way, or the last)`)
      .description(description)
      .action((name: string | undefined, options: Options) =>
        shell.run(async (ctx, out) => {
          const found = await (name === undefined
            ? latest(ctx, !looking.has(verb))
            : namedSend(ctx.db, name, shell.newsletter()));
          await act(ctx, out, found.editionId, options);
        }),
      );
  }

  async function latest(ctx: Context, toAct: boolean) {
    const slug = shell.newsletter();
    const newsletter = slug === undefined ? undefined : await namedOrOnlyNewsletter(ctx.db, slug);
    return latestSend(ctx.db, newsletter?.id, { toAct });
  }

  return [send, laneCommand(shell)];
}

function show(ctx: Context, out: Out, seen: Progress): void {
  out.result(outsideSend(seen), progressLines(seen, ctx.clock.now()));
}

function endWords({ send, counts }: Progress): string {
  return send.state === 'cancelled'
    ? `Cancelled after ${counts.accepted} of ${counts.planned}.`
    : `Sent: ${counts.accepted} of ${counts.planned} accepted.`;
}

function wordsOf(off: Record<string, Record<string, number>>): string {
  return Object.entries(off)
    .flatMap(([lane, counts]) =>
      Object.entries(counts).map(([name, by]) => `${lane} ${name} ${by > 0 ? '+' : ''}${by}`),
    )
    .join(', ');
}

async function ask(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await lines.question(question)).trim());
  } finally {
    lines.close();
  }
}

function aNumber(text: string): number {
  const number = Number(text);
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('give a whole number');
  return number;
}
