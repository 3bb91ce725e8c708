import '@mantine/dates/styles.css';
import { MantineThemeProvider, NumberInput } from '@mantine/core';
import Form from '@rjsf/mantine';
import type { RJSFSchema, UiSchema } from '@rjsf/utils';
import { useMemo } from 'react';
import { formSchema, formValues } from './schema';
import { validator } from './validator';

interface Props {
  schema: RJSFSchema;
  values: Record<string, unknown>;
  onChange: (values: Record<string, unknown>, isValid: boolean) => void;
}

const LOOKS: UiSchema = { 'ui:submitButtonOptions': { norender: true }, 'ui:label': false };

/** What was typed stays, and is said to be wrong: a field that corrects it by itself would start another run than was meant. */
const UNCORRECTED = { components: { NumberInput: NumberInput.extend({ defaultProps: { clampBehavior: 'none' } }) } };

/** Each field says itself what is wrong with it. */
const TEMPLATES = { FieldErrorTemplate: () => null };

/** Fields for a strategy's parameters, made from their schema, and checked while one types. */
export function ParamsForm({ schema, values, onChange }: Props) {
  const shown = useMemo(() => formSchema(schema), [schema]);
  const given = useMemo(() => formValues(shown, values), [shown, values]);
  if (Object.keys(shown.properties ?? {}).length === 0) return <p>This strategy has no parameters.</p>;
  return (
    <MantineThemeProvider theme={UNCORRECTED}>
      <Form
        tagName="div"
        idPrefix="param"
        schema={shown}
        uiSchema={LOOKS}
        formData={given}
        validator={validator}
        liveValidate
        showErrorList={false}
        templates={TEMPLATES}
        onChange={({ formData, errors }) => onChange(formData ?? {}, errors.length === 0)}
      />
    </MantineThemeProvider>
  );
}
