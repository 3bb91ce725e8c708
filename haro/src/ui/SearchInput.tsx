import { Kbd, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';

interface Props {
  value: string;
  onChange: (value: string) => void;
  placeholder: string;
  label: string;
}

/** What `/` leads to on a page. It tells of a text when typing pauses. */
export function SearchInput({ value, onChange, placeholder, label }: Props) {
  const [typed, setTyped] = useState(value);
  const tell = useDebouncedCallback(onChange, 250);
  useEffect(() => setTyped(value), [value]);
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={placeholder}
      value={typed}
      data-page-search
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={typed === '' && <Kbd size="xs">/</Kbd>}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        tell(event.currentTarget.value.trim());
      }}
      w={{ base: '100%', xs: 260 }}
    />
  );
}
