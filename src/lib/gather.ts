import { setTimeout as pause } from 'node:timers/promises';
import { turn } from './turn.ts';

/** Does several calls in one go; answers in their order. */
type DoAll<Ground, Call, Answer> = (ground: Ground, calls: readonly Call[]) => Promise<readonly Answer[]>;

interface Waiting<Call, Answer> {
  call: Call;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Lets calls that come close together be done in one go, as a group commit is: the first is begun in the same turn of the
 * loop, and whatever comes while it is under way goes with the next. So one that comes alone waits for nobody, and each is
 * begun after it was made. With `pauseMs` a group that is not full is begun so long after the one before it at the earliest. Calls on different grounds (a database, a transaction) have nothing to do with each other.
 *
 * When several fail together and `mendable` says that one of them may be the cause, each is done once more by itself, so that
 * it takes no other with it; without `mendable` all of them fail.
 */
export function gather<Ground extends object, Call, Answer>(
  doAll: DoAll<Ground, Call, Answer>,
  {
    callsMax,
    pauseMs = 0,
    mendable = () => false,
  }: { callsMax: number; pauseMs?: number; mendable?: (error: unknown) => boolean },
): (ground: Ground, call: Call) => Promise<Answer> {
  const queues = new WeakMap<Ground, Waiting<Call, Answer>[]>();

  const settle = async (ground: Ground, group: readonly Waiting<Call, Answer>[]): Promise<void> => {
    try {
      const answers = await doAll(
        ground,
        group.map(({ call }) => call),
      );
      if (answers.length !== group.length) throw new Error('a group of calls was not answered whole');
      group.forEach(({ resolve }, nth) => {
        resolve(answers[nth] as Answer);
      });
    } catch (error) {
      if (group.length > 1 && mendable(error)) for (const one of group) await settle(ground, [one]);
      else for (const { reject } of group) reject(error);
    }
  };

  const run = async (ground: Ground, queue: Waiting<Call, Answer>[]): Promise<void> => {
    await turn();
    while (queue.length > 0) {
      const begunMs = performance.now();
      await settle(ground, queue.splice(0, callsMax));
      const restMs = begunMs + pauseMs - performance.now();
      await (restMs > 0 && queue.length < callsMax ? pause(restMs) : turn());
    }
    queues.delete(ground);
  };

  return (ground, call) =>
    new Promise((resolve, reject) => {
      const queue = queues.get(ground);
      if (queue) return void queue.push({ call, resolve, reject });
      const first = [{ call, resolve, reject }];
      queues.set(ground, first);
      void run(ground, first);
    });
}
