/** A JSON Schema as OpenAPI 3.1 writes it, as far as it is drawn. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  const?: unknown;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  default?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: boolean | Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

type Components = Record<string, Schema>;

const depthMax = 6;

/** A schema as an outline that a person reads: one line per field, `*` marks what is required. */
export function outline(schema: Schema, components: Components, depth = 0): string {
  const resolved = resolve(schema, components);
  const indent = '  '.repeat(depth);
  if (resolved.items && depth < depthMax) {
    const inner = resolve(resolved.items, components);
    if (inner.properties) return `${indent}list of\n${outline(inner, components, depth + 1)}`;
  }
  if (!resolved.properties || depth >= depthMax) return `${indent}${kindOf(resolved, components)}`;
  return Object.entries(resolved.properties)
    .map(([name, field]) => fieldLines(name, field, { resolved, components, depth }))
    .join('\n');
}

function fieldLines(
  name: string,
  field: Schema,
  { resolved, components, depth }: { resolved: Schema; components: Components; depth: number },
): string {
  const inner = resolve(field, components);
  const mark = resolved.required?.includes(name) ? '*' : '';
  const note = field.description ?? inner.description;
  const line = `${'  '.repeat(depth)}${name}${mark}: ${kindOf(inner, components)}${note ? `  (${note})` : ''}`;
  const nested = inner.properties ? inner : inner.items && resolve(inner.items, components);
  if (!nested?.properties || depth + 1 >= depthMax) return line;
  return `${line}\n${outline(nested, components, depth + 1)}`;
}

function kindOf(schema: Schema, components: Components): string {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map((one) => kindOf(resolve(one, components), components)).join(' or ');
  if (schema.enum) {
    const words = schema.enum.map((one) => JSON.stringify(one)).join(' | ');
    return schema.default === undefined ? words : `${words} = ${JSON.stringify(schema.default)}`;
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.items) return `list of ${kindOf(resolve(schema.items, components), components)}`;
  if (typeof schema.additionalProperties === 'object') {
    return `map of ${kindOf(resolve(schema.additionalProperties, components), components)}`;
  }
  const type = Array.isArray(schema.type) ? schema.type.join(' or ') : (schema.type ?? 'any');
  return [type, schema.format, bounds(schema)].filter(Boolean).join(' ');
}

function bounds({ minimum, maximum, minLength, maxLength, default: fallback }: Schema): string {
  const low = minimum ?? minLength;
  const high = maximum ?? maxLength;
  // A whole number without bounds is written with those of IEEE 754, which says nothing.
  const told = (n: number | undefined) => n !== undefined && Math.abs(n) < Number.MAX_SAFE_INTEGER;
  const range = told(low) || told(high) ? `${told(low) ? low : ''}…${told(high) ? high : ''}` : '';
  return [range, fallback === undefined ? '' : `= ${JSON.stringify(fallback)}`].filter(Boolean).join(' ');
}

function resolve(schema: Schema, components: Components): Schema {
  const name = schema.$ref?.split('/').at(-1);
  const known = name === undefined ? undefined : components[name];
  return known ? { ...known, ...(schema.description ? { description: schema.description } : {}) } : schema;
}
