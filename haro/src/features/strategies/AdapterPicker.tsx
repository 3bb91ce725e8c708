import { Select, Text } from '@mantine/core';
import type { AdapterInfo } from '@/api/schema.gen';

interface Props {
  adapters: AdapterInfo[];
  mode: 'paper' | 'live';
  value: string;
  onChange: (id: string) => void;
}

/** Where a run trades; with what is missing before it can. */
export function AdapterPicker({ adapters, mode, value, onChange }: Props) {
  const chosen = adapters.find((one) => one.id === value);
  const cannot = chosen && !chosen.modes?.includes(mode);
  const lacking = chosen?.variables?.[mode]?.missing ?? [];
  return (
    <div>
      <Select
        label="Adapter"
        withAsterisk
        data={adapters.map((one) => ({ value: one.id, label: one.name ?? one.id, disabled: Boolean(one.error) }))}
        value={value}
        onChange={(id) => id && onChange(id)}
        allowDeselect={false}
        error={cannot ? `${chosen.name ?? chosen.id} has no ${mode} accounts.` : undefined}
        description={chosen?.description}
      />
      {!cannot && lacking.length > 0 && (
        <Text size="sm" c="orange" mt={4}>
          The API sees no {lacking.join(', ')}. The worker needs them to trade there.
        </Text>
      )}
    </div>
  );
}
