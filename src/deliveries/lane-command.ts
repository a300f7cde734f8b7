import { Command, InvalidArgumentError } from 'commander';
import { type Shell, table } from '../shell.ts';
import { listLanes, outsideLane } from './list-lanes.ts';
import { type LaneOrder, steerLane } from './steer-lane.ts';

/** `dateline lane list|slow|pause|resume`: mailbox providers, and how fast each may be sent to. */
export function laneCommand(shell: Shell): Command {
  const lane = new Command('lane').description('mailbox providers and domains: slow, pause, resume');
  lane
    .command('list')
    .description('lanes with a limit, a pause or trouble; all others are open')
    .action(() =>
      shell.run(async (ctx, out) => {
        const data = (await listLanes(ctx.db)).map(outsideLane);
        out.result(
          { data },
          data.length === 0
            ? 'Every lane is open.'
            : table([
                ['LANE', 'STATE', 'CONNECTIONS', 'PER SECOND', 'RESTS UNTIL', 'REASON', 'LAST ANSWER'],
                ...data.map((one) => [
                  one.lane,
                  one.state,
                  one.probe ?? one.connections ?? '',
                  one.rate_per_second ?? '',
                  one.back_off_until ?? '',
                  one.reason ?? '',
                  one.last_answer ?? '',
                ]),
              ]),
        );
      }),
    );
  const on = (verb: string, description: string, orderOf: (options: SlowOptions) => LaneOrder) =>
    lane
      .command(`${verb} <lane>`)
      .description(description)
      .action((name: string, options: SlowOptions) =>
        shell.run(async (ctx, out) => {
          await steerLane(ctx, { lane: name, order: orderOf(options), by: 'cli' });
          const done = { slow: 'is slowed', pause: 'is paused', resume: 'goes on' }[verb];
          out.result({ lane: name, done: verb }, `Lane ${name} ${done}.`);
        }),
      );
  on('slow', 'not more at once, or a second, over all workers', (options) => ({
    do: 'slow',
    connections: options.connections,
    ratePerSecond: options.rate,
  }))
    .option('--connections <n>', 'at once', aPositive)
    .option('--rate <n>', 'per second; 0.1 is one in ten seconds', aPositive);
  on('pause', 'begin nothing in this lane', ({ reason }) => ({ do: 'pause', reason })).option(
    '--reason <text>',
    'why, for whoever looks',
  );
  on('resume', 'forget its limit, its pause and its trouble', () => ({ do: 'resume' }));
  return lane;
}

interface SlowOptions {
  connections?: number;
  rate?: number;
  reason?: string;
}

function aPositive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || value > 1_000_000) throw new InvalidArgumentError('a number above 0');
  return value;
}
