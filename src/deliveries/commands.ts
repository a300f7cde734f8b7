import { createInterface } from 'node:readline/promises';
import { Command, InvalidArgumentError } from 'commander';
import type { Context } from '../context.ts';
import { slotName } from '../editions/edition.ts';
import { namedEdition } from '../editions/find.ts';
import { Refusal } from '../lib/errors.ts';
import { rowId } from '../lib/ids.ts';
import { getNewsletter, namedOrOnlyNewsletter } from '../newsletters/find.ts';
import { type Out, type Shell, table } from '../shell.ts';
import { cancelSend } from './cancel-send.ts';
import { addsUp, countedStates } from './delivery.ts';
import { latestSend, listSends, namedSend } from './find-send.ts';
import { laneCommand } from './lane-command.ts';
import { listFailures } from './list-failures.ts';
import { outsideFailures, outsideSend } from './outside.ts';
import { pauseSend } from './pause-send.ts';
import { type Progress, progress } from './progress.ts';
import { holdSecondsDefault, requestSend } from './request-send.ts';
import { resumeSend } from './resume-send.ts';
import { retryFailures } from './retry-failures.ts';
import { verifySend } from './verify-send.ts';
import { watch } from './watch.ts';

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

const noWorker =
  'No worker is running: it waits until one is started (`dateline start` or `dateline worker`).';

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
          seen.map(outsideSend),
          table([
            ['SEND', 'STATE', 'PLANNED', ...countedStates.map((state) => state.toUpperCase())],
            ...seen.map(({ send: one, counts }) => [
              `snd_${one.editionId}`,
              one.state,
              counts.planned,
              ...countedStates.map((state) => counts[state]),
            ]),
          ]),
        );
      }),
    );
  on('show', 'how far it is', async (ctx, out, editionId) => show(out, await progress(ctx, editionId)));
  on('watch', 'follow it until it ends', async (ctx, out, editionId) => {
    const seen = await watch(ctx, editionId, out);
    out.result(outsideSend(seen), endWords(seen));
  });
  on('pause', 'begin no more deliveries', async (ctx, out, editionId) => {
    await pauseSend(ctx, { editionId, by: 'cli' });
    show(out, await progress(ctx, editionId));
  });
  on('resume', 'go on where it stood', async (ctx, out, editionId, { only }) => {
    await resumeSend(ctx, { editionId, only });
    show(out, await progress(ctx, editionId));
  }).option('--only <n>', 'so many more, then pause again and decide', aNumber);
  on('cancel', 'what has not gone out never will', async (ctx, out, editionId) => {
    await cancelSend(ctx, { editionId });
    show(out, await progress(ctx, editionId));
  });
  on('failures', 'what failed, grouped by reason', async (ctx, out, editionId) => {
    const groups = await listFailures(ctx.db, editionId);
    out.result(
      outsideFailures(groups),
      groups.length === 0
        ? 'Nothing failed.'
        : table([
            ['GROUP', 'STATE', 'DELIVERIES', 'REASON', 'SAMPLE'],
            ...groups.map((one) => [one.class, one.state, one.deliveries, one.reason, one.sample ?? '']),
          ]),
    );
  });
  on('verify', 'recount it row by row', async (ctx, out, editionId) => {
    const { agreed, off, counts } = await verifySend(ctx, editionId);
    const words = agreed
      ? 'The books agree with the rows.'
      : `The books were wrong and are mended: ${wordsOf(off)}`;
    out.result({ agreed, off, counts }, words);
    if (!agreed) out.exit(1);
  });
  on('retry', 'send failed deliveries once more', async (ctx, out, editionId, options) => {
    const deliveries = await retryFailures(ctx, { editionId, what: chosen(options), by: 'cli' });
    out.result(
      { deliveries },
      deliveries === 1
        ? 'One delivery went back into the queue.'
        : `${deliveries} deliveries went back into the queue.`,
    );
  })
    .option(
      '--group <group>',
      'a group of `send failures`; of `in-doubt` and `worker-lost` some may arrive twice',
    )
    .option('--one <subscriber>', 'one reader, sub_345');

  function on(
    verb: string,
    description: string,
    act: (ctx: Context, out: Out, editionId: number, options: RetryOptions) => Promise<void>,
  ): Command {
    return send
      .command(verb)
      .argument('[send]', `${aSend} (default: the one under way, or the last)`)
      .description(description)
      .action((name: string | undefined, options: RetryOptions) =>
        shell.run(async (ctx, out) => {
          const found = await (name === undefined
            ? latest(ctx)
            : namedSend(ctx.db, name, shell.newsletter()));
          await act(ctx, out, found.editionId, options);
        }),
      );
  }

  async function latest(ctx: Context) {
    const slug = shell.newsletter();
    const newsletter = slug === undefined ? undefined : await namedOrOnlyNewsletter(ctx.db, slug);
    return latestSend(ctx.db, newsletter?.id);
  }

  return [send, laneCommand(shell)];
}

interface RetryOptions {
  only?: number;
  group?: string;
  one?: string;
}

function chosen({ group, one }: RetryOptions): { class: string } | { subscriberId: number } {
  if (group !== undefined && one === undefined) return { class: group };
  const subscriberId = one === undefined ? undefined : rowId('subscriber', one);
  if (subscriberId !== undefined && group === undefined) return { subscriberId };
  throw new Refusal(422, 'invalid', 'Say which: --group <group> (see `send failures`), or --one sub_345.');
}

function show(out: Out, seen: Progress): void {
  const { send, counts, inFlight, ratePerSecond, averagePerSecond, eta } = seen;
  out.result(outsideSend(seen), [
    `snd_${send.editionId} · ${send.state}${send.pauseReason ? ` · ${send.pauseReason}` : ''}`,
    `${countedStates.map((state) => `${state} ${counts[state]}`).join(' + ')} = ${counts.planned} planned`,
    `in flight ${inFlight} · ${ratePerSecond.toFixed(1)}/s now, ${averagePerSecond.toFixed(1)}/s on average`,
    ...(eta ? [`through between ${eta.low.toISOString()} and ${eta.high.toISOString()}`] : []),
    ...(addsUp(counts) ? [] : ['The counts do not add up: run `dateline send verify`.']),
    ...(send.state === 'sending' && seen.workers === 0 ? [noWorker] : []),
  ]);
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
