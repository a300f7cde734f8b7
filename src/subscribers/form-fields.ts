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
  const form = await read(c).catch(noFields);
  const texts = (name: string) => form.getAll(name).filter((one): one is string => typeof one === 'string');
  return { texts, text: (name) => texts(name)[0], has: (name) => texts(name).length > 0 };
}

async function read({ req }: Request<GuardEnv>): Promise<Pick<FormData, 'getAll'>> {
  const type = req.header('Content-Type')?.split(';')[0]?.trim().toLowerCase();
  // By far the most are these, and a FormData costs a Response and its streams.
  if (type === 'application/x-www-form-urlencoded') return new URLSearchParams(await req.text());
  return type === 'multipart/form-data' ? req.formData() : new FormData();
}

/** A broken multipart body must not keep anyone from leaving; a body that is too large is refused all the same. */
function noFields(error: unknown): Pick<FormData, 'getAll'> {
  if (error instanceof Error && error.name === 'Refusal') throw error;
  return new FormData();
}
