import { type Schema as CheckedSchema, Validator } from '@cfworker/json-schema';
import {
  createErrorHandler,
  type ErrorSchema,
  getDefaultFormState,
  type RJSFSchema,
  type RJSFValidationError,
  toErrorList,
  toErrorSchema,
  unwrapErrorHandler,
  type ValidationData,
  type ValidatorType,
  validationDataMerge,
} from '@rjsf/utils';

type Values = Record<string, unknown>;

/** What a value must be, by the keyword of the schema that forbids it. */
const WORDS: Record<string, (limit: unknown) => string> = {
  minimum: (limit) => `At least ${limit}`,
  maximum: (limit) => `At most ${limit}`,
  exclusiveMinimum: (limit) => `More than ${limit}`,
  exclusiveMaximum: (limit) => `Less than ${limit}`,
  multipleOf: (limit) => `A multiple of ${limit}`,
  minLength: (limit) => `At least ${limit} characters`,
  maxLength: (limit) => `At most ${limit} characters`,
  pattern: (limit) => `As the pattern ${limit} says`,
  enum: (limit) => `One of ${Array.isArray(limit) ? limit.join(', ') : limit}`,
  type: (limit) => (limit === 'integer' ? 'A whole number' : limit === 'number' ? 'A number' : `A ${limit}`),
  required: () => 'Needed',
};

/** Return the value at a location such as `#/properties/slow/minimum`. */
function valueAt(schema: RJSFSchema, location: string): unknown {
  const names = location.split('/').slice(1);
  return names.reduce<unknown>(
    (value, name) => (value as Values | undefined)?.[name.replaceAll('~1', '/').replaceAll('~0', '~')],
    schema,
  );
}

/** Errors that only say that another one lies deeper. */
const OUTER = new Set(['properties', 'items', 'allOf', '$ref', 'additionalProperties']);

function found(schema: RJSFSchema, values: unknown): RJSFValidationError[] {
  const { errors } = new Validator(schema as CheckedSchema, '2020-12', false).validate(values ?? {});
  return errors
    .filter((error) => !OUTER.has(error.keyword))
    .map((error) => {
      const property = error.instanceLocation.replace(/^#/, '').replaceAll('/', '.');
      const message = WORDS[error.keyword]?.(valueAt(schema, error.keywordLocation)) ?? error.error;
      return {
        name: error.keyword,
        property,
        message,
        stack: `${property} ${message}`,
        schemaPath: error.keywordLocation,
      };
    });
}

/**
 * Checks what is typed against a schema by reading it. The validator that `@rjsf` offers makes code out of schemas, which the pages' policy
 * forbids (no `unsafe-eval`).
 */
export const validator: ValidatorType<Values> = {
  isValid: (schema, values, root) =>
    new Validator({ ...root, ...schema } as CheckedSchema, '2020-12', true).validate(values).valid,
  rawValidation: <R>(schema: RJSFSchema, values?: Values) => ({ errors: found(schema, values) as R[] }),
  validateFormData(values, schema, customValidate, transformErrors, uiSchema): ValidationData<Values> {
    const raw = found(schema, values);
    const errors = transformErrors ? transformErrors(raw, uiSchema) : raw;
    const data: ValidationData<Values> = { errors, errorSchema: toErrorSchema<Values>(errors) };
    if (!customValidate) return data;
    const whole = getDefaultFormState(validator, schema, values, schema, true) as Values;
    const handled = customValidate(whole, createErrorHandler<Values>(whole), uiSchema, data.errorSchema);
    const custom: ErrorSchema<Values> = unwrapErrorHandler<Values>(handled);
    return validationDataMerge<Values>(
      { errors: [...errors, ...toErrorList(custom)], errorSchema: data.errorSchema },
      custom,
    );
  },
};
