import { Command } from 'commander';
import { Refusal } from '../lib/errors.ts';
import type { Shell } from '../shell.ts';
import { given, list, readJson } from './command-options.ts';
import { findPublisher } from './find.ts';
import { setPublisher } from './publisher.ts';
import { publisherToDocument } from './to-document.ts';

interface Options {
  file?: string;
  name?: string;
  legalName?: string;
  postalAddress?: string;
  privacyUrl?: string;
  fromName?: string;
  fromEmail?: string;
  languages?: string[];
  timeZone?: string;
}

/** `dateline publisher show|set`. */
export function publisherCommand(shell: Shell): Command {
  const publisher = new Command('publisher').description('who publishes: one per installation');
  publisher
    .command('show')
    .description('who publishes')
    .action(() =>
      shell.run(async (ctx, out) => {
        const found = await findPublisher(ctx.db);
        if (!found)
          throw new Refusal(404, 'no_publisher', 'Nobody has said yet who publishes: publisher set');
        const document = publisherToDocument(found);
        out.result(document, JSON.stringify(document, null, 2));
      }),
    );
  publisher
    .command('set')
    .description('say who publishes; what is left out stays')
    .option('--file <json>', 'a document as `publisher show` prints it; options given beside it win')
    .option('--name <name>', 'as readers know it')
    .option('--legal-name <name>', 'as the law knows it')
    .option('--postal-address <text>', 'stands at the foot of every mail')
    .option('--privacy-url <url>')
    .option('--from-name <name>')
    .option('--from-email <address>')
    .option('--languages <list>', 'like en,id', list)
    .option('--time-zone <zone>', 'like America/New_York')
    .action((options: Options) =>
      shell.run(async (ctx, out) => {
        const set = await setPublisher(ctx, {
          ...(options.file === undefined ? {} : readJson(options.file)),
          ...given({
            name: options.name,
            legal_name: options.legalName,
            postal_address: options.postalAddress,
            privacy_url: options.privacyUrl,
            from_name: options.fromName,
            from_email: options.fromEmail,
            languages: options.languages,
            time_zone: options.timeZone,
          }),
        });
        out.result(publisherToDocument(set), `${set.name} publishes.`);
      }),
    );
  return publisher;
}
