import type { z } from 'zod';
import { Refusal } from '../lib/errors.ts';

/** Checks a document against its shape. @throws Refusal 422 with a sentence that begins with the field's name. */
export function readDocument<T extends z.ZodType>(shape: T, document: unknown): z.output<T> {
  const read = shape.safeParse(document);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new Refusal(
    422,
    'invalid',
    [field, wordsOf(issue?.message)].filter(Boolean).join(' '),
    field || undefined,
  );
}

/** What zod says of a field that is not there reads like a riddle. */
function wordsOf(message: string | undefined): string | undefined {
  return message?.endsWith('received undefined') ? 'is missing' : message;
}
