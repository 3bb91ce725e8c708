import { Table } from '@mantine/core';
import { Fragment, type ReactNode } from 'react';
import type { ComparedRun } from '@/api/schema.gen';
import classes from './Compare.module.css';
import { RunHeads } from './RunHeads';

interface Group {
  title: string;
  items: { name: string; label: string; means: string }[];
}

interface Props {
  runs: ComparedRun[];
  groups: Group[];
  /** How a statistic is written; what words it has belongs to the results. */
  write: (name: string, value: string | number | null) => ReactNode;
}

/** The same statistics of each run, side by side. */
export function StatisticsTable({ runs, groups, write }: Props) {
  const statistic = (run: ComparedRun, name: string) => run.stats?.[name] ?? null;
  return (
    <Table.ScrollContainer minWidth={180 + 130 * runs.length}>
      <Table fz="sm">
        <RunHeads runs={runs} first="Statistic" />
        <Table.Tbody>
          {groups.map(({ title, items }) => (
            <Fragment key={title}>
              <Table.Tr>
                <Table.Th colSpan={runs.length + 1} scope="colgroup" c="dimmed" pt="md">
                  {title}
                </Table.Th>
              </Table.Tr>
              {items
                .filter(({ name }) => runs.some((run) => statistic(run, name) !== null))
                .map(({ name, label, means }) => (
                  <Table.Tr key={name}>
                    <Table.Th scope="row" className={classes.name} fw={400} title={means}>
                      {label}
                    </Table.Th>
                    {runs.map((run) => (
                      <Table.Td key={run.id}>
                        {run.stats ? write(name, statistic(run, name)) : 'no result yet'}
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
            </Fragment>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
