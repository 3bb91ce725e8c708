import { SimpleGrid, TextInput } from '@mantine/core';

export interface NumberField<N extends string> {
  name: N;
  label: string;
  description: string;
}

interface Props<N extends string> {
  fields: NumberField<N>[];
  values: Partial<Record<N, string>>;
  errors: Record<string, string>;
  /** Before a field's name in what the API says is wrong: `costs.` */
  prefix: string;
  onChange: (values: Partial<Record<N, string>>) => void;
}

/** Numbers that may be left out, kept as the decimal texts that were typed. */
export function NumberFields<N extends string>({ fields, values, errors, prefix, onChange }: Props<N>) {
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="md">
      {fields.map(({ name, label, description }) => {
        const typed = values[name] ?? '';
        const isNumber = typed.trim() === '' || Number.isFinite(Number(typed));
        return (
          <TextInput
            key={name}
            label={label}
            description={description}
            placeholder="none"
            inputMode="decimal"
            value={typed}
            error={errors[`${prefix}${name}`] ?? (isNumber ? undefined : 'A number, such as 2.5')}
            onChange={(event) => onChange({ ...values, [name]: event.currentTarget.value })}
          />
        );
      })}
    </SimpleGrid>
  );
}
