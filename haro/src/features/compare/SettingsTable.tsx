import { Switch, Table } from '@mantine/core';
import { useState } from 'react';
import type { ComparedRun } from '@/api/schema.gen';
import classes from './Compare.module.css';
import { differences } from './differences';
import { RunHeads } from './RunHeads';

/** In what the runs differ; on request also in what they do not. */
export function SettingsTable({ runs }: { runs: ComparedRun[] }) {
  const [showsAll, setShowsAll] = useState(false);
  const all = differences(runs);
  const shown = showsAll ? all : all.filter((one) => one.differs);
  return (
    <>
      <Switch
        label="Also what they have in common"
        size="sm"
        mb="xs"
        checked={showsAll}
        onChange={(event) => setShowsAll(event.currentTarget.checked)}
      />
      <Table.ScrollContainer minWidth={160 + 130 * runs.length}>
        <Table fz="sm">
          <RunHeads runs={runs} first="Setting" />
          <Table.Tbody>
            {shown.map(({ name, values, differs }) => (
              <Table.Tr key={name}>
                <Table.Th scope="row" className={classes.name} fw={differs ? 600 : 400}>
                  {name}
                </Table.Th>
                {values.map((value, number) => (
                  <Table.Td key={runs[number]?.id} className="text" fw={differs ? 600 : 400}>
                    {value}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
            {shown.length === 0 && (
              <Table.Tr>
                <Table.Td colSpan={runs.length + 1}>They were given the same.</Table.Td>
              </Table.Tr>
            )}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}
