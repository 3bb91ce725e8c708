import { TagsInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { symbolList } from './queries';

interface Props {
  value: string[];
  onChange: (symbols: string[]) => void;
  error?: string;
  /** Symbols beside those with stored bars. */
  others?: string[];
  description?: string;
}

/** Symbols, found while typing among those with stored bars; others may be typed too. */
export function SymbolsInput({ value, onChange, error, others = [], description }: Props) {
  const [typed, setTyped] = useState('');
  const [q] = useDebouncedValue(typed.trim(), 200);
  const found = useQuery(symbolList(q));
  const stored = found.data?.items.map((one) => one.symbol) ?? [];
  return (
    <TagsInput
      label="Symbols"
      placeholder={value.length === 0 ? 'Type to search' : undefined}
      description={description}
      withAsterisk
      data={[...new Set([...stored, ...others])]}
      value={value}
      onChange={(symbols) => onChange(symbols.map((one) => one.trim().toUpperCase()))}
      searchValue={typed}
      onSearchChange={setTyped}
      splitChars={[',', ' ']}
      acceptValueOnBlur
      clearable
      error={error}
    />
  );
}
