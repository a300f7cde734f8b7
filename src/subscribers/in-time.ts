/** The work was not done within its time. It may still end: only what is safe to run twice is waited for like this. */
export class Late extends Error {
  constructor(limitMs: number) {
    super(`not within ${limitMs} ms`);
    this.name = 'Late';
  }
}

/** Gives up waiting after `limitMs`. @throws Late */
export async function inTime<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Late(limitMs)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
