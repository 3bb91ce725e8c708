import type { RJSFSchema } from '@rjsf/utils';

type Schema = RJSFSchema;

const isObject = (value: unknown): value is Schema => typeof value === 'object' && value !== null;

/**
 * A parameter schema as a form shows it. Pydantic says of a decimal that it is a number or a text, and of what may be left out that it
 * is something or null; a form asks for a number, and for something that may stay empty.
 */
export function formSchema(schema: Schema): Schema {
  const properties = Object.entries(schema.properties ?? {}).map(([name, value]) => [
    name,
    isObject(value) ? plain(value) : value,
  ]);
  // The form has its own heading, and says nothing of the class that holds the parameters.
  const { title: _title, description: _description, ...rest } = schema;
  return { ...rest, properties: Object.fromEntries(properties) };
}

function plain(property: Schema): Schema {
  const choices = property.anyOf?.filter(isObject);
  if (!choices) return property;
  const { anyOf: _anyOf, ...shared } = property;
  const said = choices.filter((choice) => choice.type !== 'null');
  const number = said.find((choice) => choice.type === 'number');
  const isDecimal = number && said.every((choice) => choice.type === 'number' || choice.type === 'string');
  const chosen = isDecimal ? number : said.length === 1 ? said[0] : undefined;
  if (!chosen) return property;
  const merged: Schema = { ...chosen, ...shared };
  if (isDecimal && typeof merged.default === 'string') merged.default = Number(merged.default);
  if (merged.default === null) delete merged.default;
  return merged;
}

/** Values as the form takes them: a decimal, which the API gives as a text, is a number in it. */
export function formValues(schema: Schema, values: Record<string, unknown>): Record<string, unknown> {
  const isNumber = (name: string): boolean => {
    const property = schema.properties?.[name];
    return isObject(property) && property.type === 'number';
  };
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' && isNumber(name) ? Number(value) : value,
    ]),
  );
}
