import { addsUp, type Counts } from '../../src/deliveries/delivery.ts';
import type { Stage } from './stage.ts';

export interface SendSeen {
  state: string;
  reason: string | null;
  counts: Counts;
}

/** Looks at the published counts again and again, through whatever happens. */
export interface Books {
  /** How often they could be read, and what was wrong with them, in words. */
  looks: number;
  problems: string[];
  stop(): void;
}

const everyMs = 500;

/** From now on reads `GET /v1/sends/{id}` twice a second; while the web role is away there is nothing to read. */
export function watchBooks(stage: Stage): Books {
  let stopped = false;
  const books: Books = {
    looks: 0,
    problems: [],
    stop: () => {
      stopped = true;
    },
  };
  const look = async () => {
    const seen = await readSend(stage);
    if (!seen) return;
    books.looks += 1;
    if (!addsUp(seen.counts)) books.problems.push(`the books did not close: ${JSON.stringify(seen.counts)}`);
  };
  void (async () => {
    while (!stopped) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  })();
  return books;
}

/** The send as the API shows it; undefined while it cannot be asked, or nobody has asked for the send. */
export async function readSend(stage: Stage): Promise<SendSeen | undefined> {
  const answer = await stage.call<SendSeen>('GET', `/v1/sends/snd_${stage.editionId}`).catch(() => undefined);
  return answer?.status === 200 ? answer.body : undefined;
}
