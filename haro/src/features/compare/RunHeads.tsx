import { Table, Text } from '@mantine/core';
import type { ComparedRun } from '@/api/schema.gen';
import classes from './Compare.module.css';

/** A column for each run, headed by its name. */
export function RunHeads({ runs, first }: { runs: ComparedRun[]; first: string }) {
  return (
    <Table.Thead>
      <Table.Tr>
        <Table.Th className={classes.name}>{first}</Table.Th>
        {runs.map((run) => (
          <Table.Th key={run.id} scope="col" style={{ overflowWrap: 'anywhere' }}>
            {run.id}
            <Text size="xs" c="dimmed" fw={400}>
              {run.strategy}, {run.mode}
            </Text>
          </Table.Th>
        ))}
      </Table.Tr>
    </Table.Thead>
  );
}
