import { Group, NativeSelect, Pagination, Text } from '@mantine/core';
import { count } from '@/lib/format';

interface Props {
  total: number;
  page: number;
  pageSize: number;
  onPage: (page: number) => void;
  onPageSize?: (size: number) => void;
  sizes?: number[];
}

/** Where one is in a list that the server pages. */
export function Pager({ total, page, pageSize, onPage, onPageSize, sizes = [25, 50, 100, 200] }: Props) {
  const first = total === 0 ? 0 : (page - 1) * pageSize + 1;
  return (
    <Group justify="space-between" mt="sm" gap="sm">
      <Text size="sm" c="dimmed" className="numbers">
        {count(first)}–{count(Math.min(page * pageSize, total))} of {count(total)}
      </Text>
      <Group gap="sm">
        {onPageSize && (
          <NativeSelect
            aria-label="Rows on a page"
            size="xs"
            value={String(pageSize)}
            data={sizes.map((size) => ({ value: String(size), label: `${size} rows` }))}
            onChange={(event) => onPageSize(Number(event.currentTarget.value))}
          />
        )}
        <Pagination
          size="sm"
          total={Math.max(1, Math.ceil(total / pageSize))}
          value={page}
          onChange={onPage}
          getControlProps={(control) => ({ 'aria-label': `${control} page` })}
        />
      </Group>
    </Group>
  );
}
