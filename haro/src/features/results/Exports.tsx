import { Button, Menu } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { download } from '@/api/client';

const ROWS = ['trades', 'fills', 'orders', 'decisions'] as const;

/** All of a run's results as files. */
export function Exports({ run, hasReport }: { run: string; hasReport: boolean }) {
  const path = `/runs/${encodeURIComponent(run)}`;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" size="xs" leftSection={<IconDownload size={14} aria-hidden />}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {hasReport && (
          <Menu.Item component="a" href={download(`${path}/report`)} target="_blank" rel="noopener">
            Report (HTML)
          </Menu.Item>
        )}
        <Menu.Item component="a" href={download(`${path}/equity`, { format: 'csv' })} download={`${run}-equity.csv`}>
          Equity (CSV)
        </Menu.Item>
        <Menu.Item
          component="a"
          href={download(`${path}/equity`, { format: 'parquet' })}
          download={`${run}-equity.parquet`}
        >
          Equity (Parquet)
        </Menu.Item>
        {ROWS.map((kind) => (
          <Menu.Item
            key={kind}
            component="a"
            href={download(`${path}/${kind}`, { format: 'csv' })}
            download={`${run}-${kind}.csv`}
          >
            {kind[0]?.toUpperCase()}
            {kind.slice(1)} (CSV)
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
