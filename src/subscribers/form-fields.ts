import type { Context as Request } from 'hono';
import type { GuardEnv } from '../platform/http/guard.ts';

/** The texts of a posted form, by name. */
export interface FormFields {
  text(name: string): string | undefined;
  texts(name: string): string[];
  has(name: string): boolean;
}

/**
 * Reads a posted form in either encoding (RFC 8058 §3.2 asks for both). Files are not read, and a body that is no form at all
 * has no fields.
 */
export async function formFields(c: Request<GuardEnv>): Promise<FormFields> {
  const body = await c.req.parseBody({ all: true }).catch(noFields);
  const texts = (name: string) => {
    const value = Object.hasOwn(body, name) ? body[name] : undefined;
    const list = Array.isArray(value) ? value : value === undefined ? [] : [value];
    return list.filter((one): one is string => typeof one === 'string');
  };
  return { texts, text: (name) => texts(name)[0], has: (name) => texts(name).length > 0 };
}

/** A broken multipart body must not keep anyone from leaving; a body that is too large is refused all the same. */
function noFields(error: unknown): Record<string, never> {
  if (error instanceof Error && error.name === 'Refusal') throw error;
  return {};
}
