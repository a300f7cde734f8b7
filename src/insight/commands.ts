import { hostname } from 'node:os';
import { Command } from 'commander';
import { type Shell, table } from '../shell.ts';
import { examine } from './doctor.ts';
import { status } from './status.ts';

/** `dateline status | doctor`. */
export function insightCommands(shell: Shell): Command[] {
  return [
    new Command('status')
      .description('what goes out next, what runs, what is wrong')
      .option('--here', 'fail unless a worker of this machine lives')
      .action((options: { here?: boolean }) =>
        shell.run(async (ctx, out) => {
          const now = await status(ctx);
          out.result(now, [
            `database ${now.health.database}, queue ${now.health.queue}, schema ${now.health.schema}`,
            ...table([
              ['WORKER', 'HOST', 'PID', 'ROLES', 'LAST HEARD'],
              ...now.workers.map((one) => [one.id, one.host, one.pid, one.roles.join('+'), one.heartbeat_at]),
            ]),
            '',
            ...table([
              ['QUEUE', 'WAITING', 'DELAYED', 'ACTIVE'],
              ...Object.entries(now.queues).map(([name, depth]) => [
                name,
                depth.waiting,
                depth.delayed,
                depth.active,
              ]),
            ]),
            '',
            ...table([
              ['NEWSLETTER', 'READERS', 'NEXT SLOT', 'LAST EDITION'],
              ...now.newsletters.map((one) => [
                one.slug,
                one.active,
                one.next_slot ?? 'never',
                one.last_edition ? `${one.last_edition.name} ${one.last_edition.state}` : 'none yet',
              ]),
            ]),
            `Letters waiting: ${now.letters_waiting}`,
          ]);
          const lives = now.workers.some((one) => one.host === hostname() && one.roles.includes('worker'));
          if (!now.health.ready || (options.here && !lives)) out.exit(1);
        }),
      ),
    new Command('doctor').description('examine the installation and say what to mend').action(() =>
      shell.run(async (ctx, out) => {
        const findings = await examine(ctx);
        out.result(
          { data: findings },
          findings.map(
            (one) =>
              `${one.ok ? 'ok  ' : 'FAIL'}  ${one.what}: ${one.found}${one.mend ? `\n      ${one.mend}` : ''}`,
          ),
        );
        if (findings.some((one) => !one.ok)) out.exit(1);
      }),
    ),
  ];
}
