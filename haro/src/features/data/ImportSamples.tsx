import { Button, Stack } from '@mantine/core';
import { IconDatabaseImport } from '@tabler/icons-react';
import { count } from '@/lib/format';
import { notify } from '@/ui/notify';
import { Failed } from '@/ui/QueryState';
import { useImportSamples } from './queries';

/** Brings in the prices that Weaver ships, so that there is something to backtest on. */
export function ImportSamples() {
  const samples = useImportSamples();
  const bring = () =>
    samples.mutate(undefined, {
      onSuccess: ({ symbols, added }) =>
        notify({
          kind: 'good',
          title: 'The sample prices are there',
          message: `${count(added)} daily bars of ${symbols.join(', ')}`,
        }),
    });
  return (
    <Stack gap="xs" align="center">
      <Button leftSection={<IconDatabaseImport size={16} aria-hidden />} loading={samples.isPending} onClick={bring}>
        Import the sample prices
      </Button>
      {samples.isError && <Failed error={samples.error} />}
    </Stack>
  );
}
