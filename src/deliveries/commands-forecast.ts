import type { Command } from 'commander';
import { namedEdition } from '../editions/find.ts';
import { publicId } from '../lib/ids.ts';
import { type Shell, table } from '../shell.ts';
import { type Forecast, forecast } from './forecast.ts';
import { outsideForecast } from './outside-forecast.ts';
import { type Rehearsal, rehearse } from './rehearse.ts';

const anEdition = 'ed_12 or 2026-07-14';

/** `dateline send forecast | rehearse`: before it begins. */
export function forecastCommands(send: Command, shell: Shell): void {
  send
    .command('forecast')
    .argument('<edition>', anEdition)
    .description('when it would be through, by lane and by readers’ own hours, and what the bottleneck is')
    .action((name: string) =>
      shell.run(async (ctx, out) => {
        const seen = await forecast(ctx, await namedEdition(ctx.db, name, shell.newsletter()));
        out.result(outsideForecast(seen), forecastLines(seen));
      }),
    );
  send
    .command('rehearse')
    .argument('<edition>', anEdition)
    .description('write every reader’s mail and hand it to a sink that forgets it: nothing leaves')
    .action((name: string) =>
      shell.run(async (ctx, out) => {
        const edition = await namedEdition(ctx.db, name, shell.newsletter());
        const seen = await rehearse(ctx, edition, (through) => {
          if (out.live) out.draw([`rehearsed ${through}`]);
        });
        out.result(outsideRehearsal(seen), rehearsalLines(seen));
        if (seen.faults.length > 0) out.exit(6);
      }),
    );
}

function forecastLines(seen: Forecast): string[] {
  const { lastReaders } = seen;
  return [
    `${publicId('edition', seen.editionId)}: ${seen.recipients} readers, from ${seen.startsAt.toISOString()}`,
    seen.throughAt
      ? `Through at ${seen.throughAt.toISOString()}.`
      : 'Nobody can say when it would be through.',
    `What holds it up: ${seen.bottleneck}.`,
    ...(lastReaders
      ? [`The last readers’ own hour is ${lastReaders.hour}, which is ${lastReaders.dueAt.toISOString()}.`]
      : []),
    '',
    ...table([
      ['LANE', 'READERS', 'THROUGH AT', 'HELD BY'],
      ...seen.lanes.map((lane) => [
        lane.lane,
        lane.readers,
        lane.throughAt?.toISOString() ?? '–',
        lane.heldBy,
      ]),
    ]),
  ];
}

function rehearsalLines(seen: Rehearsal): string[] {
  const { planned, accepted, bytes, mails, longestLine, seconds, perSecond, smtpUtf8, faults } = seen;
  return [
    `${accepted} of ${planned} mails were written and taken by a sink that forgot them; nothing left this machine.`,
    `${mails === 0 ? 0 : Math.round(bytes / mails)} bytes a mail, the longest line ${longestLine} of 998.`,
    `${perSecond.toFixed(0)} mails a second, ${seconds.toFixed(1)} s in all, on one worker’s connections.`,
    ...(smtpUtf8 > 0 ? [`${smtpUtf8} addresses need a relay that offers SMTPUTF8.`] : []),
    ...(faults.length === 0
      ? []
      : [
          '',
          ...table([
            ['READERS', 'REASON', 'WHO'],
            ...faults.map((one) => [
              one.readers,
              one.reason,
              one.subscriberIds.map((id) => publicId('subscriber', id)).join(' '),
            ]),
          ]),
        ]),
  ];
}

function outsideRehearsal(seen: Rehearsal) {
  return {
    edition: publicId('edition', seen.editionId),
    planned: seen.planned,
    accepted: seen.accepted,
    bytes: seen.bytes,
    longest_line: seen.longestLine,
    smtputf8: seen.smtpUtf8,
    seconds: Math.round(seen.seconds * 100) / 100,
    per_second: Math.round(seen.perSecond),
    faults: seen.faults.map(({ reason, readers, subscriberIds }) => ({
      reason,
      readers,
      subscribers: subscriberIds.map((id) => publicId('subscriber', id)),
    })),
  };
}
