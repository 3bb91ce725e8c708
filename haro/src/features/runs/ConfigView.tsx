import { Button, SimpleGrid, Table, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { RunDetail } from '@/api/schema.gen';
import { CopyText } from '@/ui/CopyText';

interface Props {
  run: RunDetail;
  provenance: Record<string, unknown> | null;
  onChangeParams: () => void;
}

/** What a run was given, and what its result follows from. */
export function ConfigView({ run, provenance, onChangeParams }: Props) {
  const { params: _params, ...config } = run.config;
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl">
      <div>
        <Part title="Parameters">
          <Facts label="Parameters" facts={run.params} />
          {run.actions.includes('set_params') && (
            <Button size="compact-sm" variant="default" mt="xs" onClick={onChangeParams}>
              Change parameters
            </Button>
          )}
        </Part>
        <Part title="What it was started with">
          <Facts label="Config" facts={config} />
        </Part>
      </div>
      <div>
        {provenance && (
          <Part title="What its result follows from">
            <Facts label="Provenance" facts={provenance} />
          </Part>
        )}
        <Part title="As JSON">
          <CopyText isBlock text={JSON.stringify(run.config, null, 2)} label="the JSON" />
        </Part>
      </div>
    </SimpleGrid>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <Title order={2} size="h5" mb={4}>
        {title}
      </Title>
      {children}
      <div style={{ height: 24 }} />
    </section>
  );
}

function Facts({ label, facts }: { label: string; facts: Record<string, unknown> }) {
  const said = Object.entries(facts).filter(([, value]) => value !== null && !isNothing(value));
  return (
    <Table aria-label={label} verticalSpacing={4}>
      <Table.Tbody>
        {said.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" w="40%" fw={500}>
              {name.replaceAll('_', ' ')}
            </Table.Th>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>{written(value)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function isNothing(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function written(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.map(written).join(', ');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, one]) => `${name} ${written(one)}`)
      .join(', ');
  }
  return String(value);
}
