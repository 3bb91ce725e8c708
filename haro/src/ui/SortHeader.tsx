import { Table, UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowsSort, IconArrowUp } from '@tabler/icons-react';

interface Props {
  field: string;
  label: string;
  /** As in the address: `field`, or `-field` for the other way round. */
  sort: string | undefined;
  onSort: (sort: string) => void;
  align?: 'right';
}

/** A column's head that sorts by it. */
export function SortHeader({ field, label, sort, onSort, align }: Props) {
  const isUp = sort === field;
  const isDown = sort === `-${field}`;
  const Icon = isUp ? IconArrowUp : isDown ? IconArrowDown : IconArrowsSort;
  return (
    <Table.Th ta={align} aria-sort={isUp ? 'ascending' : isDown ? 'descending' : 'none'}>
      <UnstyledButton
        fz="inherit"
        fw="inherit"
        style={{ display: 'inline-flex', alignItems: 'center', gap: 4, whiteSpace: 'nowrap' }}
        onClick={() => onSort(isDown ? field : `-${field}`)}
      >
        {label}
        <Icon size={13} aria-hidden opacity={isUp || isDown ? 1 : 0.45} />
      </UnstyledButton>
    </Table.Th>
  );
}
