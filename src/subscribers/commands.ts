import { Command, Option } from 'commander';
import { Refusal } from '../lib/errors.ts';
import { publicId, rowId } from '../lib/ids.ts';
import { findNewsletter, listNewsletters, namedOrOnlyNewsletter } from '../newsletters/find.ts';
import { type Shell, table } from '../shell.ts';
import { addSubscriber } from './add.ts';
import { erase } from './erase.ts';
import { consentsOf, listSubscribers, needSubscriber, subscriptionsOf } from './find.ts';
import { consentOutside, subscriberOutside } from './schemas.ts';
import type { Subscriber } from './subscriber.ts';
import { suppressionCommand } from './suppression-command.ts';
import { unsubscribe } from './unsubscribe.ts';

/** `dateline subscriber …` and `dateline suppression …`. */
export function subscribersCommands(shell: Shell): Command[] {
  const subscriber = new Command('subscriber').description('who may be written to');
  addReading(subscriber, shell);
  addChanging(subscriber, shell);
  return [subscriber, suppressionCommand(shell)];
}

function addReading(subscriber: Command, shell: Shell): void {
  subscriber
    .command('list')
    .description('subscribers in the order of their arrival')
    .option('--after <id>', 'go on after this one')
    .option('--limit <n>', 'how many, at most 200', Number, 50)
    .addOption(
      new Option('--status <status>', 'of the newsletter').choices([
        'pending',
        'active',
        'paused',
        'unsubscribed',
      ]),
    )
    .action(
      (options: {
        after?: string;
        limit: number;
        status?: 'pending' | 'active' | 'paused' | 'unsubscribed';
      }) => list(shell, options),
    );
  subscriber
    .command('search <text>')
    .description('subscribers whose address begins so, or ends in @domain')
    .option('--limit <n>', 'how many, at most 200', Number, 50)
    .action((text: string, options: { limit: number }) => list(shell, { ...options, search: text }));
  subscriber
    .command('show <id-or-email>')
    .description('one subscriber: state, subscriptions, consents with their words')
    .action((which: string) =>
      shell.run(async (ctx, out) => {
        const person = await needSubscriber(ctx.db, which);
        const subscriptions = await subscriptionsOf(ctx.db, person.id);
        const consents = await consentsOf(ctx.db, person.id);
        const names = new Map((await listNewsletters(ctx.db)).map((one) => [one.id, one.slug]));
        const document = subscriberOutside(person, subscriptions, ctx.clock.now());
        out.result({ ...document, consents: consents.map(consentOutside) }, [
          `${person.email ?? '(erased)'} · ${publicId('subscriber', person.id)} · ${person.language} · mail ${person.mailState}`,
          '',
          ...table([
            ['newsletter', 'status', 'confirmed', 'left'],
            ...document.subscriptions.map((one, at) => [
              names.get(subscriptions[at]?.newsletterId ?? 0) ?? one.newsletter,
              one.status,
              one.confirmed_at ?? '',
              one.unsubscribed_at ?? '',
            ]),
          ]),
          '',
          ...consents.flatMap((one) => [
            `${one.at.toISOString()}  ${one.purpose} ${one.act} (${one.method})${one.pageUrl ? ` on ${one.pageUrl}` : ''}`,
            ...(one.wording ? one.wording.text.split('\n').map((line) => `    ${line}`) : []),
            ...(one.evidence ? [`    ${one.evidence}`] : []),
          ]),
        ]);
      }),
    );
}

function list(
  shell: Shell,
  options: {
    after?: string;
    limit: number;
    status?: 'pending' | 'active' | 'paused' | 'unsubscribed';
    search?: string;
  },
): Promise<void> {
  return shell.run(async (ctx, out) => {
    const after = options.after === undefined ? 0 : rowId('subscriber', options.after);
    if (after === undefined) throw new Refusal(422, 'invalid', '--after takes an id like sub_12.', 'after');
    const slug = shell.newsletter();
    const newsletter = slug === undefined ? undefined : await findNewsletter(ctx.db, slug);
    if (slug !== undefined && !newsletter)
      throw new Refusal(404, 'no_such_newsletter', `There is no newsletter ${slug}.`);
    const found = await listSubscribers(ctx.db, {
      after,
      limit: options.limit,
      newsletterId: newsletter?.id,
      state: options.status,
      search: options.search,
      now: ctx.clock.now(),
    });
    const data = found.map((person) => row(person));
    out.result({ data }, [
      ...table([
        ['id', 'email', 'language', 'mail', 'since'],
        ...data.map((one) => [
          one.id,
          one.email ?? '',
          one.language,
          one.mail_state,
          one.created_at.slice(0, 10),
        ]),
      ]),
    ]);
  });
}

function row(person: Subscriber) {
  return {
    id: publicId('subscriber', person.id),
    email: person.email ?? null,
    language: person.language,
    mail_state: person.mailState,
    created_at: person.createdAt.toISOString(),
  };
}

function addChanging(subscriber: Command, shell: Shell): void {
  subscriber
    .command('add <email>')
    .description('add a reader: asked to confirm, or with evidence of consent')
    .addOption(
      new Option('--confirm <how>', 'send: they get a letter; already: they consented elsewhere')
        .choices(['send', 'already'])
        .default('send'),
    )
    .option('--evidence <text>', 'with already: where and when they consented')
    .option('--language <lang>', 'like en or id (default: the newsletter’s own)')
    .action((email: string, options: { confirm: 'send' | 'already'; evidence?: string; language?: string }) =>
      shell.run(async (ctx, out) => {
        const newsletter = await namedOrOnlyNewsletter(ctx.db, shell.newsletter());
        const added = await addSubscriber(ctx, { email, newsletter, ...options, actor: 'cli' });
        const words = {
          asked: `A confirmation for ${newsletter.name} is on its way, within the limits of the address.`,
          added: `Added to ${newsletter.name}.`,
          kept: `Nothing changed: they have ${newsletter.name} already, or have left it.`,
        };
        const id = added.kind === 'asked' ? null : publicId('subscriber', added.subscriberId);
        out.result({ outcome: added.kind, subscriber: id }, words[added.kind]);
      }),
    );
  subscriber
    .command('unsubscribe <id-or-email>')
    .description('end one subscription, or all of them')
    .option('--all', 'everything, marketing too')
    .action((which: string, options: { all?: boolean }) =>
      shell.run(async (ctx, out) => {
        const person = await needSubscriber(ctx.db, which);
        const newsletterId = options.all
          ? 'all'
          : (await namedOrOnlyNewsletter(ctx.db, shell.newsletter())).id;
        const outcome = await unsubscribe(ctx, {
          subscriberId: person.id,
          newsletterId,
          method: 'operator',
          actor: 'cli',
        });
        out.result(
          { outcome: outcome.kind },
          outcome.kind === 'unsubscribed' ? 'Unsubscribed.' : 'There was nothing to leave.',
        );
      }),
    );
  subscriber
    .command('erase <id-or-email>')
    .description('erase a person after one last letter; numbers and the fact of consent stay')
    .option('--forget-refusal', 'keep not even the fingerprint that keeps the address from being added again')
    .action((which: string, options: { forgetRefusal?: boolean }) =>
      shell.run(async (ctx, out) => {
        const person = await needSubscriber(ctx.db, which);
        const outcome = await erase(ctx, { subscriberId: person.id, actor: 'cli', ...options });
        out.result({ outcome: outcome.kind, subscriber: publicId('subscriber', person.id) }, 'Erased.');
      }),
    );
}
