import { Button, Center, Group, Loader, Modal, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import type { RunDetail } from '@/api/schema.gen';
import { useChangeParams } from '@/features/runs/queries';
import { strategyDetail } from '@/features/strategies/queries';
import { notify } from '@/ui/notify';
import { Failed, QueryState } from '@/ui/QueryState';

const ParamsForm = lazy(async () => ({ default: (await import('@/features/strategies/ParamsForm')).ParamsForm }));

/** Other parameters for a run that trades, from its next decision on. */
export function ChangeParams({ run, opened, onClose }: { run: RunDetail; opened: boolean; onClose: () => void }) {
  const strategy = useQuery({ ...strategyDetail(run.strategy), enabled: opened });
  const [params, setParams] = useState(run.params);
  const [isRight, setIsRight] = useState(true);
  const change = useChangeParams(run.id);
  const submit = () =>
    change.mutate(changed(run.params, params), {
      onSuccess: () => {
        notify({
          kind: 'good',
          title: 'Parameters changed',
          message: `${run.id} decides by them from its next bar on`,
        });
        onClose();
      },
    });
  return (
    <Modal opened={opened} onClose={onClose} title={`Parameters of ${run.id}`}>
      <QueryState query={strategy}>
        {(found) => (
          <Stack>
            <Suspense
              fallback={
                <Center>
                  <Loader size="sm" />
                </Center>
              }
            >
              <ParamsForm
                schema={found.params_schema ?? {}}
                values={params}
                onChange={(values, isValid) => {
                  setParams(values);
                  setIsRight(isValid);
                }}
              />
            </Suspense>
            {change.isError && <Failed error={change.error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                Keep them
              </Button>
              <Button
                onClick={submit}
                loading={change.isPending}
                disabled={!isRight || Object.keys(changed(run.params, params)).length === 0}
              >
                Change
              </Button>
            </Group>
          </Stack>
        )}
      </QueryState>
    </Modal>
  );
}

function changed(before: Record<string, unknown>, after: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => String(value) !== String(before[name])));
}
