import { Button, Group, MultiSelect, Select, Text, TextInput } from '@mantine/core';
import { IconFilterOff } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { RunStatus } from '@/api/schema.gen';
import { SearchInput } from '@/ui/SearchInput';
import { MODES, type RunFilters, STATUSES } from './search';

interface Props {
  filters: RunFilters;
  strategies: string[];
  /** The field for a symbol. */
  symbol: ReactNode;
  onChange: (change: Partial<RunFilters>) => void;
}

const NONE: RunFilters = {
  q: undefined,
  mode: undefined,
  status: undefined,
  strategy: undefined,
  symbol: undefined,
  from: undefined,
  to: undefined,
};

export function isFiltered(filters: RunFilters): boolean {
  return (Object.keys(NONE) as (keyof RunFilters)[]).some((name) => filters[name] !== undefined);
}

/** What the list of runs is narrowed to. */
export function RunFilterBar({ filters, strategies, symbol, onChange }: Props) {
  return (
    <Group gap="xs" mb="md" align="center">
      <SearchInput
        label="Search runs"
        placeholder="Id, strategy, tag"
        value={filters.q ?? ''}
        onChange={(q) => onChange({ q: q || undefined })}
      />
      <Select
        aria-label="Mode"
        placeholder="Any mode"
        data={[...MODES]}
        value={filters.mode ?? null}
        onChange={(mode) => onChange({ mode: (mode as RunFilters['mode']) ?? undefined })}
        clearable
        w={130}
      />
      <MultiSelect
        aria-label="Status"
        placeholder={filters.status ? undefined : 'Any status'}
        data={STATUSES}
        value={filters.status ?? []}
        onChange={(status) => onChange({ status: status.length > 0 ? (status as RunStatus[]) : undefined })}
        clearable
        miw={140}
        maw={360}
      />
      <Select
        aria-label="Strategy"
        placeholder="Any strategy"
        data={[...new Set([...strategies, ...(filters.strategy ? [filters.strategy] : [])])]}
        value={filters.strategy ?? null}
        onChange={(strategy) => onChange({ strategy: strategy ?? undefined })}
        clearable
        searchable
        w={150}
      />
      {symbol}
      <Group gap={6}>
        <Text size="sm" c="dimmed">
          Created
        </Text>
        <Day label="Created from" value={filters.from} onChange={(from) => onChange({ from })} />
        <Text size="sm" c="dimmed">
          to
        </Text>
        <Day label="Created until" value={filters.to} onChange={(to) => onChange({ to })} />
      </Group>
      {isFiltered(filters) && (
        <Button variant="subtle" leftSection={<IconFilterOff size={16} aria-hidden />} onClick={() => onChange(NONE)}>
          Clear
        </Button>
      )}
    </Group>
  );
}

function Day({
  label,
  value,
  onChange,
}: {
  label: string;
  value?: string;
  onChange: (day: string | undefined) => void;
}) {
  return (
    <TextInput
      type="date"
      aria-label={label}
      title={label}
      value={value ?? ''}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
      maw={140}
      style={{ flex: '1 1 0', minWidth: 0 }}
    />
  );
}
