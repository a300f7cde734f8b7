import type { Narrator } from './narrator.ts';
import type { Options } from './options.ts';
import { record } from './record.ts';
import type { Scene } from './scene.ts';
import { openStage, type Stage } from './stage.ts';
import { steps } from './story.ts';

/**
 * Tells the whole story on a stage of its own, and clears the stage. Stays until it is interrupted, unless it is to be told
 * once.
 *
 * @returns the exit code: 0, 1 when something was not as it should be, 130 when interrupted in the middle.
 */
export async function tell(
  options: Options,
  narrator: Narrator,
  interrupted: Promise<void>,
): Promise<number> {
  narrator.title('Inside Washington: three readers of a newsletter');
  let isInterrupted = false;
  void interrupted.then(() => {
    isInterrupted = true;
  });
  let stage: Stage;
  try {
    stage = await openStage(options);
  } catch (error) {
    narrator.fault(`the program does not start: ${wordsOf(error)}`);
    return 1;
  }
  try {
    const { api, text } = await stage.makeKey();
    const scene: Scene = { stage, narrator, api, newsletterId: '', edition: undefined, counts: undefined };
    narrator.step(
      'The program runs, all in one process: Postgres, queue, mail trap, web.',
      `${stage.baseUrl}/readyz`,
    );
    await Promise.race([live(scene, () => isInterrupted), interrupted]);
    if (isInterrupted) return 130;
    await record(scene, options);
    const failed = narrator.faults().length > 0;
    if (failed) for (const line of await stage.complaints()) narrator.note(line);
    narrator.title(failed ? 'Not all was as it should be' : 'All was as it should be');
    if (options.once) return failed ? 1 : 0;
    lookAround(scene, text);
    await interrupted;
    narrator.note('Closing.');
    return failed ? 1 : 0;
  } finally {
    await stage.close();
  }
}

/** A step that cannot be taken ends the story; what was lived until then is still told and recorded. */
async function live(scene: Scene, isOver: () => boolean): Promise<void> {
  try {
    for (const step of steps) if (!isOver()) await step(scene);
  } catch (error) {
    if (!isOver()) scene.narrator.fault(wordsOf(error));
  }
}

function lookAround({ stage, narrator, edition }: Scene, key: string): void {
  narrator.places([
    ['An article with the box', stage.site.article('en')],
    ['The same in Indonesian', stage.site.article('id')],
    ['The sign-up page', `${stage.baseUrl}/s/inside-washington`],
    ['The inbox', stage.inbox.url],
    ...(edition ? ([['The edition', edition.url]] as const) : []),
    ['The API', `${stage.baseUrl}/docs`],
    ['A key for it', key],
    ['The data', stage.dataDir],
  ]);
  narrator.note('');
  narrator.note('Sign up as anyone: nothing leaves this machine. Ctrl-C ends it.');
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return error.message + cause;
}
