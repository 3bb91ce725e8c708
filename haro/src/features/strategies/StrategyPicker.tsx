import { Group, Select, Stack, Text } from '@mantine/core';
import type { StrategyInfo } from '@/api/schema.gen';

interface Props {
  strategies: StrategyInfo[];
  value: string;
  onChange: (id: string) => void;
  error?: string;
}

/** Strategies by name, with what each does. A broken file is listed with its reason, and cannot be chosen. */
export function StrategyPicker({ strategies, value, onChange, error }: Props) {
  const byId = new Map(strategies.map((one) => [one.id, one]));
  const chosen = byId.get(value);
  return (
    <Stack gap={6}>
      <Select
        label="Strategy"
        placeholder="Choose what decides"
        withAsterisk
        searchable
        data={strategies.map((one) => ({ value: one.id, label: one.name ?? one.id, disabled: Boolean(one.error) }))}
        value={value || null}
        onChange={(id) => id && onChange(id)}
        error={error}
        maxDropdownHeight={360}
        renderOption={({ option }) => <Option strategy={byId.get(option.value)} />}
      />
      {chosen && (
        <Text size="sm" c="dimmed">
          {chosen.description}{' '}
          <Text span size="xs">
            {[chosen.id, chosen.version && `version ${chosen.version}`, chosen.author && `by ${chosen.author}`]
              .filter(Boolean)
              .join(', ')}
            {chosen.symbols === 'many' && '. It trades several symbols.'}
          </Text>
        </Text>
      )}
    </Stack>
  );
}

function Option({ strategy }: { strategy: StrategyInfo | undefined }) {
  if (!strategy) return null;
  return (
    <div>
      <Group gap={6}>
        <Text size="sm" fw={600}>
          {strategy.name ?? strategy.id}
        </Text>
        <Text size="xs" c="dimmed">
          {strategy.source === 'plugin' ? 'yours' : 'shipped'}
        </Text>
      </Group>
      <Text size="xs" c={strategy.error ? 'red' : 'dimmed'}>
        {strategy.error ? `Broken: ${strategy.error.message}` : strategy.description}
      </Text>
    </div>
  );
}
