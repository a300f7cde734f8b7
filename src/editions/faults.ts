import { Refusal } from '../lib/errors.ts';
import { TemplateError } from '../platform/render/templates.ts';

/** A fault of the edition's own words or template, which trying again does not mend. */
export function isFault(error: unknown): error is Error {
  return (
    error instanceof TemplateError ||
    error instanceof Refusal ||
    (error instanceof Error && error.name === 'MjmlError')
  );
}
