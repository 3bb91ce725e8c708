import { Autocomplete } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { symbolList } from './queries';

interface Props {
  value: string | undefined;
  onChange: (symbol: string | undefined) => void;
  placeholder?: string;
  width?: number;
}

/** A symbol to look for: one that is found by a part of its name among those with stored bars, or any that is typed. */
export function SymbolSearch({ value, onChange, placeholder = 'Any symbol', width = 130 }: Props) {
  const [typed, setTyped] = useState(value ?? '');
  useEffect(() => setTyped(value ?? ''), [value]);
  const [q] = useDebouncedValue(typed.trim(), 200);
  const [isUsed, setIsUsed] = useState(false);
  const found = useQuery({ ...symbolList(q), enabled: isUsed });
  const tell = (symbol: string) => {
    const next = symbol.trim().toUpperCase() || undefined;
    if (next !== value) onChange(next);
  };
  return (
    <Autocomplete
      aria-label="Symbol"
      placeholder={placeholder}
      w={{ base: '100%', sm: width }}
      data={found.data?.items.map((one) => one.symbol) ?? []}
      value={typed}
      onChange={setTyped}
      onOptionSubmit={tell}
      onFocus={() => setIsUsed(true)}
      onBlur={(event) => tell(event.currentTarget.value)}
      onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
    />
  );
}
