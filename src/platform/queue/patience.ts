/** Waits for an answer, and throws when it takes longer. The answer that comes too late is dropped. */
export async function within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  const late = new Error(`the queue did not answer within ${timeoutMs} ms`);
  return await race(answer, timeoutMs, (_resolve, reject) => reject(late));
}

/** Waits for the end of something, but no longer than this. */
export async function atMost(timeoutMs: number, end: Promise<unknown>): Promise<void> {
  await race(end, timeoutMs, (resolve) => resolve(undefined));
}

type Settle<T> = (resolve: (value: T) => void, reject: (error: Error) => void) => void;

async function race<T>(promise: Promise<T>, timeoutMs: number, whenLate: Settle<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve, reject) => {
    timer = setTimeout(() => whenLate(resolve, reject), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
