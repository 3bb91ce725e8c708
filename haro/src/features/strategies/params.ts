/** A parameter as its JSON schema says it. */
export interface Parameter {
  name: string;
  type: string;
  standard: string;
  bounds: string;
  description: string;
}

type Schema = Record<string, unknown>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Read a strategy's parameters from its JSON schema, in the order of its file. */
export function parameters(schema: unknown): Parameter[] {
  if (!isSchema(schema) || !isSchema(schema.properties)) return [];
  const definitions = isSchema(schema.$defs) ? schema.$defs : {};
  return Object.entries(schema.properties)
    .filter((entry): entry is [string, Schema] => isSchema(entry[1]))
    .map(([name, given]) => {
      const known = resolved(given, definitions);
      return {
        name,
        type: typeOf(known),
        standard: 'default' in given ? written(given.default) : 'must be given',
        bounds: boundsOf(known),
        description: typeof given.description === 'string' ? given.description : '',
      };
    });
}

function resolved(schema: Schema, definitions: Schema): Schema {
  const name = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined;
  const found = name === undefined ? undefined : definitions[name];
  return isSchema(found) ? found : schema;
}

function typeOf(schema: Schema): string {
  if (Array.isArray(schema.enum)) return 'one of these';
  if (Array.isArray(schema.anyOf)) {
    return schema.anyOf
      .filter(isSchema)
      .map(typeOf)
      .filter((type) => type !== 'null')
      .join(' or ');
  }
  if (schema.type === 'array') return isSchema(schema.items) ? `list of ${typeOf(schema.items)}` : 'list';
  return typeof schema.type === 'string' ? schema.type : 'any';
}

const BOUNDS: [keyword: string, sign: string][] = [
  ['minimum', '≥'],
  ['exclusiveMinimum', '>'],
  ['maximum', '≤'],
  ['exclusiveMaximum', '<'],
];

function boundsOf(schema: Schema): string {
  if (Array.isArray(schema.enum)) return schema.enum.map(written).join(', ');
  return BOUNDS.filter(([keyword]) => typeof schema[keyword] === 'number')
    .map(([keyword, sign]) => `${sign} ${written(schema[keyword])}`)
    .join(', ');
}

function written(value: unknown): string {
  return typeof value === 'string' ? value : value === null ? 'none' : JSON.stringify(value);
}
