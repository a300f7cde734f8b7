/**
 * Does a deed for each of many, `few` at a time and in their order. One that fails does not keep the others from being done.
 *
 * @returns what came of those that went well, and what went wrong; it does not throw.
 */
export async function fewAtOnce<One, Out>(
  all: readonly One[],
  few: number,
  deed: (one: One) => Promise<Out>,
): Promise<{ done: Out[]; errors: unknown[] }> {
  const done: Out[] = [];
  const errors: unknown[] = [];
  const left = all.values();
  const hand = async (): Promise<void> => {
    for (const one of left) {
      try {
        done.push(await deed(one));
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(few, all.length) }, hand));
  return { done, errors };
}

/** @throws the only error, or an AggregateError of several. */
export function throwAll(errors: readonly unknown[], what: string): void {
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, `${errors.length} ${what}: ${String(errors[0])}`);
}
