import { Button, Collapse, Group, MultiSelect, NativeSelect, Stack, TextInput } from '@mantine/core';
import { useDebouncedCallback, useDisclosure, useMediaQuery } from '@mantine/hooks';
import { type ReactNode, useEffect, useState } from 'react';
import type { OrderStatus, Side } from '@/api/schema.gen';
import { SearchInput } from '@/ui/SearchInput';
import { ORDER_STATUSES, type OrderSearch } from './search';

interface Props {
  search: OrderSearch;
  accounts: string[];
  /** The field for a symbol. */
  symbol: ReactNode;
  onChange: (change: Partial<OrderSearch>) => void;
}

const NO_FILTERS: Partial<OrderSearch> = {
  q: undefined,
  status: undefined,
  symbol: undefined,
  run_id: undefined,
  side: undefined,
  account: undefined,
  from: undefined,
  to: undefined,
};

/** What the table is narrowed to; on a narrow screen behind a button. */
export function OrderFilterBar({ search, accounts, symbol, onChange }: Props) {
  const isNarrow = useMediaQuery('(max-width: 47.99em)', false, { getInitialValueInEffect: false });
  const [isOpen, more] = useDisclosure();
  const isNarrowed = Object.keys(NO_FILTERS).some((name) => search[name as keyof OrderSearch] !== undefined);
  if (isNarrow) {
    return (
      <>
        <Group gap="xs" mb="sm" wrap="nowrap">
          <Search search={search} onChange={onChange} />
          <Button flex="none" variant={isNarrowed ? 'light' : 'default'} onClick={more.toggle} aria-expanded={isOpen}>
            Filters
          </Button>
        </Group>
        <Collapse expanded={isOpen}>
          <Stack gap="xs" mb="sm">
            <Filters search={search} accounts={accounts} symbol={symbol} onChange={onChange} />
            {isNarrowed && <Clear onChange={onChange} />}
          </Stack>
        </Collapse>
      </>
    );
  }
  return (
    <Group gap="xs" mb="sm">
      <Search search={search} onChange={onChange} />
      <Filters search={search} accounts={accounts} symbol={symbol} onChange={onChange} />
      {isNarrowed && <Clear onChange={onChange} />}
    </Group>
  );
}

function Search({ search, onChange }: Pick<Props, 'search' | 'onChange'>) {
  return (
    <SearchInput
      label="Search orders"
      placeholder="Id, run, symbol"
      value={search.q ?? ''}
      onChange={(q) => onChange({ q: q || undefined })}
    />
  );
}

function Clear({ onChange }: Pick<Props, 'onChange'>) {
  return (
    <Button variant="subtle" onClick={() => onChange(NO_FILTERS)}>
      Clear
    </Button>
  );
}

function Filters({ search, accounts, symbol, onChange }: Props) {
  return (
    <>
      <MultiSelect
        aria-label="Status"
        placeholder={search.status?.length ? undefined : 'Any status'}
        data={ORDER_STATUSES.map((value) => ({ value, label: value.replace('_', ' ') }))}
        value={search.status ?? []}
        onChange={(status) => onChange({ status: status.length > 0 ? (status as OrderStatus[]) : undefined })}
        clearable
        clearButtonProps={{ 'aria-label': 'Any status' }}
        w={{ base: '100%', sm: search.status?.length ? 230 : 150 }}
      />
      {symbol}
      <LateText
        label="Run"
        placeholder="Run id"
        value={search.run_id}
        onChange={(run_id) => onChange({ run_id })}
        width={120}
      />
      <NativeSelect
        aria-label="Side"
        data={[{ value: '', label: 'Both sides' }, 'buy', 'sell']}
        value={search.side ?? ''}
        onChange={(event) => onChange({ side: (event.currentTarget.value || undefined) as Side | undefined })}
      />
      {accounts.length > 1 && (
        <NativeSelect
          aria-label="Account"
          data={[{ value: '', label: 'All accounts' }, ...accounts]}
          value={search.account ?? ''}
          onChange={(event) => onChange({ account: event.currentTarget.value || undefined })}
        />
      )}
      <LocalTime label="Created from" value={search.from} onChange={(from) => onChange({ from })} />
      <LocalTime label="Created before" value={search.to} onChange={(to) => onChange({ to })} />
    </>
  );
}

interface LocalTimeProps {
  label: string;
  /** In UTC, as the API is asked. */
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

/** A time in the reader's zone. */
function LocalTime({ label, value, onChange }: LocalTimeProps) {
  return (
    <TextInput
      type="datetime-local"
      aria-label={label}
      title={`${label}, in your time`}
      value={localInput(value)}
      onChange={(event) => onChange(utcOf(event.currentTarget.value))}
      w={{ base: '100%', sm: 186 }}
    />
  );
}

interface LateTextProps {
  label: string;
  placeholder: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
  width: number;
}

/** A text that is told of when typing pauses. */
function LateText({ label, placeholder, value, onChange, width }: LateTextProps) {
  const [typed, setTyped] = useState(value ?? '');
  const tell = useDebouncedCallback((text: string) => onChange(text || undefined), 300);
  useEffect(() => setTyped(value ?? ''), [value]);
  return (
    <TextInput
      aria-label={label}
      placeholder={placeholder}
      value={typed}
      w={{ base: '100%', sm: width }}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        tell(event.currentTarget.value.trim());
      }}
    />
  );
}

/** A UTC time as a `datetime-local` field shows it, in the reader's zone. */
function localInput(utc: string | undefined): string {
  if (!utc) return '';
  const time = new Date(utc);
  if (Number.isNaN(time.getTime())) return '';
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function utcOf(local: string): string | undefined {
  return local ? `${new Date(local).toISOString().slice(0, 19)}Z` : undefined;
}
