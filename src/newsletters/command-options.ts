import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { Refusal } from '../lib/errors.ts';

/** Fields of a newsletter as they are written on a command line; the rest only in a file. */
export interface FieldOptions {
  file?: string;
  name?: string;
  promise?: Record<string, string>;
  welcome?: Record<string, string>;
  languages?: string[];
  state?: string;
  visibility?: string;
  fromName?: string;
  fromEmail?: string;
  replyTo?: string;
  postalAddress?: string;
  privacyUrl?: string;
  timeZone?: string;
  days?: number[];
  time?: string;
  holidays?: string[];
  skip?: string[];
  approvals?: number;
  thinDay?: string;
  langGap?: string;
  draftLeadMinutes?: number;
  archiveDelayMinutes?: number;
  opinions?: boolean;
  confirmationReminder?: boolean;
  origins?: string[];
}

export function withFields(command: Command): Command {
  return command
    .option('--file <json>', 'a newsletter document, as `show --json` prints it; options given beside it win')
    .option('--name <name>')
    .option('--promise <lang=sentence>', 'what it is and how often; once per language', addByLang)
    .option(
      '--welcome <lang=sentences>',
      'an editor’s own words for who is new; once per language',
      addByLang,
    )
    .option('--languages <list>', 'like en,id; the first is its own', list)
    .addOption(new Option('--state <state>').choices(['open', 'closed', 'archived']))
    .addOption(new Option('--visibility <who>').choices(['public', 'private']))
    .option('--from-name <name>')
    .option('--from-email <address>')
    .option('--reply-to <address>')
    .option('--postal-address <text>', "default: the publisher's")
    .option('--privacy-url <url>', "default: the publisher's")
    .option('--time-zone <zone>', 'like America/New_York')
    .option('--days <days>', 'like mon-fri or mon,wed,fri', readDays)
    .option('--time <time>', 'like 07:00')
    .option('--holidays <list>', 'like 12-25,2026-04-03', list)
    .option('--skip <list>', 'dates without an edition, like 2026-08-17', list)
    .option('--approvals <n>', 'how many people must approve an edition', Number)
    .addOption(new Option('--thin-day <what>', 'too few stories').choices(['skip', 'hold', 'short']))
    .addOption(new Option('--lang-gap <what>', 'a story that a language lacks').choices(['omit', 'mark']))
    .option('--draft-lead-minutes <n>', 'how long before its slot an edition is drafted', Number)
    .option('--opinions <on|off>', 'ask readers of an edition for more or less like it', onOrOff)
    .option('--archive-delay-minutes <n>', 'how long after its sending started its page appears', Number)
    .option('--confirmation-reminder <on|off>', 'ask who has not confirmed after a day once more', onOrOff)
    .option('--origins <list>', 'origins whose pages may carry the box', list);
}

/** What `newsletter show --json` adds to a document and nobody can change. */
const shownOnly = ['id', 'revision', 'created_at', 'sign_up_url'];

/** The options as a document; what was not given is not in it. `revision` is that of the file, if it was shown with one. */
export function fieldsOf(options: FieldOptions): {
  fields: Record<string, unknown>;
  revision: number | undefined;
} {
  const file = options.file === undefined ? {} : readJson(options.file);
  const { revision } = file;
  if (revision !== undefined && typeof revision !== 'number')
    throw new Refusal(422, 'invalid', 'revision is a number, as it was shown, or left out.', 'revision');
  for (const name of shownOnly) delete file[name];
  return { fields: withOptions(file, options), revision };
}

function withOptions(file: Record<string, unknown>, options: FieldOptions): Record<string, unknown> {
  const calendar = given({
    days: options.days,
    time: options.time,
    holidays: options.holidays,
    skip_dates: options.skip,
  });
  const fields = given({
    name: options.name,
    languages: options.languages,
    state: options.state,
    visibility: options.visibility,
    from_name: options.fromName,
    from_email: options.fromEmail,
    reply_to: options.replyTo,
    postal_address: options.postalAddress,
    privacy_url: options.privacyUrl,
    time_zone: options.timeZone,
    approvals: options.approvals,
    thin_day: options.thinDay,
    lang_gap: options.langGap,
    draft_lead_minutes: options.draftLeadMinutes,
    archive_delay_minutes: options.archiveDelayMinutes,
    opinions: options.opinions,
    confirmation_reminder: options.confirmationReminder,
    allowed_origins: options.origins,
  });
  return {
    ...file,
    ...fields,
    ...(options.promise ? { promise: { ...asObject(file.promise), ...options.promise } } : {}),
    ...(options.welcome ? { welcome: { ...asObject(file.welcome), ...options.welcome } } : {}),
    ...(Object.keys(calendar).length > 0 ? { calendar: { ...asObject(file.calendar), ...calendar } } : {}),
  };
}

/** @throws Refusal 422 that names the file. */
export function readJson(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new Refusal(422, 'no_such_file', `Cannot read ${path}.`, 'file');
  }
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === 'object' && document !== null && !Array.isArray(document))
      return asObject(document);
  } catch (error) {
    throw new Refusal(
      422,
      'malformed_json',
      `${path} is not valid JSON: ${(error as Error).message}`,
      'file',
    );
  }
  throw new Refusal(422, 'malformed_json', `${path} holds no JSON object.`, 'file');
}

export function list(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}

export function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function addByLang(text: string, before: Record<string, string> | undefined): Record<string, string> {
  const [, lang, sentence] = /^([a-z-]{2,11})=(.+)$/s.exec(text) ?? [];
  if (!lang || !sentence)
    throw new InvalidArgumentError('Write it like en="US politics, every weekday morning."');
  return { ...before, [lang]: sentence };
}

function onOrOff(text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new InvalidArgumentError('Write on or off.');
  return text === 'on';
}

const dayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** `mon-fri`, `mon,wed,sun`, `1-5`, `daily`. */
export function readDays(text: string): number[] {
  if (text === 'daily') return [1, 2, 3, 4, 5, 6, 7];
  return list(text).flatMap((part) => {
    const [from, to = from] = part.split('-').map(readDay);
    if (from === undefined || to === undefined || from > to) {
      throw new InvalidArgumentError('Write days like mon-fri or mon,wed,fri.');
    }
    return Array.from({ length: to - from + 1 }, (_, n) => from + n);
  });
}

function readDay(text: string): number | undefined {
  const named = dayNames.indexOf(text.toLowerCase().slice(0, 3));
  if (named >= 0) return named + 1;
  return /^[1-7]$/.test(text) ? Number(text) : undefined;
}
