import { Checkbox, Stack, Table, Text } from '@mantine/core';
import type { Run } from '@/api/schema.gen';
import { money } from '@/lib/format';
import { TextLink } from '@/ui/links';
import { Signed } from '@/ui/Signed';
import { SortHeader } from '@/ui/SortHeader';
import { ModeBadge, StatusBadge } from '@/ui/StatusBadge';
import { Ago } from '@/ui/Time';
import { gainOf, symbolsOf } from './facts';
import { RunActions } from './RunActions';
import { RunProgress } from './RunProgress';
import type { RunSort } from './search';

interface Props {
  runs: Run[];
  sort: RunSort;
  onSort: (sort: RunSort) => void;
  selected: string[];
  onSelect: (ids: string[]) => void;
}

export function RunTable({ runs, sort, onSort, selected, onSelect }: Props) {
  const head = { sort, onSort: (next: string) => onSort(next as RunSort) };
  const toggle = (id: string) =>
    onSelect(selected.includes(id) ? selected.filter((one) => one !== id) : [...selected, id]);
  return (
    <Table.ScrollContainer minWidth={980} type="native">
      <Table highlightOnHover verticalSpacing="xs" aria-label="Runs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={36} aria-label="To compare" />
            <SortHeader field="id" label="Run" {...head} />
            <SortHeader field="status" label="Status" {...head} />
            <SortHeader field="mode" label="Mode" {...head} />
            <Table.Th>Symbols</Table.Th>
            <Table.Th>Progress</Table.Th>
            <Table.Th ta="right">Equity</Table.Th>
            <SortHeader field="created_at" label="Created" {...head} />
            <Table.Th ta="right">Actions</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {runs.map((run) => (
            <Row key={run.id} run={run} isSelected={selected.includes(run.id)} onToggle={() => toggle(run.id)} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Row({ run, isSelected, onToggle }: { run: Run; isSelected: boolean; onToggle: () => void }) {
  const gain = gainOf(run);
  return (
    <Table.Tr bg={isSelected ? 'var(--mantine-primary-color-light)' : undefined}>
      <Table.Td>
        <Checkbox size="xs" aria-label={`Compare ${run.id}`} checked={isSelected} onChange={onToggle} />
      </Table.Td>
      <Table.Td maw={280}>
        <TextLink to="/runs/$runId" params={{ runId: run.id }} fw={600} style={{ overflowWrap: 'anywhere' }}>
          {run.id}
        </TextLink>
        <Text size="xs" c="dimmed">
          {run.strategy}
          {run.tags.length > 0 && ` · ${run.tags.join(', ')}`}
        </Text>
      </Table.Td>
      <Table.Td>
        <StatusBadge status={run.status} />
      </Table.Td>
      <Table.Td>
        <ModeBadge mode={run.mode} />
      </Table.Td>
      <Table.Td>
        <Text size="sm" title={run.symbols.join(', ')} style={{ whiteSpace: 'nowrap' }}>
          {symbolsOf(run)}
        </Text>
        <Text size="xs" c="dimmed">
          {run.timeframe}
        </Text>
      </Table.Td>
      <Table.Td>
        <RunProgress run={run} />
      </Table.Td>
      <Table.Td ta="right">
        <Stack gap={0}>
          <Text size="sm">{money(run.equity)}</Text>
          {gain && (
            <Text size="xs">
              <Signed value={gain.percent} as="percent" />
            </Text>
          )}
        </Stack>
      </Table.Td>
      <Table.Td>
        <Text size="sm" style={{ whiteSpace: 'nowrap' }}>
          <Ago value={run.created_at} />
        </Text>
      </Table.Td>
      <Table.Td>
        <RunActions run={run} isCompact />
      </Table.Td>
    </Table.Tr>
  );
}
