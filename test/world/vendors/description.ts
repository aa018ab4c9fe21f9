// A description in JSON schema, as small as the contract servers need: what it demands of a value, told at the place where it fails. It
// fetches nothing and knows no vendor.
export interface Schema {
  readonly type?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly format?: 'uuid' | 'date-time';
  readonly pattern?: string;
  /** What is not described is refused: of requests, and of answers of ours. */
  readonly closed?: true;
}

const FORMATS = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
} as const;

function typeOf(value: unknown): readonly string[] {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  return typeof value === 'number' && Number.isInteger(value) ? ['integer', 'number'] : [typeof value];
}

/** What is wrong with a value; empty when nothing is. */
export function wrongWith(schema: Schema, value: unknown, at = 'it'): readonly string[] {
  if (schema.type !== undefined && !typeOf(value).some((one) => schema.type?.includes(one)))
    return [`${at} is ${typeOf(value)[0]}, not ${schema.type.join(' or ')}`];
  const wrong: string[] = [];
  if (typeof value === 'string') {
    if (schema.enum !== undefined && !schema.enum.includes(value)) wrong.push(`${at} is none of ${schema.enum.join(', ')}`);
    if (schema.format !== undefined && !FORMATS[schema.format].test(value)) wrong.push(`${at} is no ${schema.format}`);
    if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) wrong.push(`${at} is not like ${schema.pattern}`);
  }
  if (Array.isArray(value) && schema.items !== undefined)
    for (const [n, one] of value.entries()) wrong.push(...wrongWith(schema.items, one, `${at}[${n}]`));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const fields = value as Readonly<Record<string, unknown>>;
    for (const name of schema.required ?? []) if (fields[name] === undefined) wrong.push(`${at} lacks ${name}`);
    for (const [name, one] of Object.entries(fields)) {
      const described = schema.properties?.[name];
      if (described !== undefined) wrong.push(...wrongWith(described, one, `${at}.${name}`));
      else if (schema.closed === true) wrong.push(`${at}.${name} is not described`);
    }
  }
  return wrong;
}
