import { Button, Checkbox, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { Run } from '@/api/schema.gen';

interface Props {
  run: Run;
  opened: boolean;
  onClose: () => void;
  onStop: (action: 'stop' | 'flatten') => void;
}

/** Asks how a run is to be stopped: one that trades may leave its positions, or close them. */
export function StopRun({ run, opened, onClose, onStop }: Props) {
  const [flatten, setFlatten] = useState(run.config.at_end === 'flatten');
  const trades = run.mode !== 'backtest';
  const stop = () => {
    onStop(trades && flatten ? 'flatten' : 'stop');
    onClose();
  };
  return (
    <Modal opened={opened} onClose={onClose} title={`Stop ${run.id}?`} centered>
      <Stack>
        <Text size="sm">
          {trades
            ? 'It places no more orders. What it was started with says what becomes of working orders.'
            : 'What it has done so far is kept as a partial result.'}
        </Text>
        {trades && (
          <Checkbox
            label="Close its positions"
            description="With market orders, now"
            checked={flatten}
            onChange={(event) => setFlatten(event.currentTarget.checked)}
          />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Let it go on
          </Button>
          <Button color="red" onClick={stop} data-autofocus>
            Stop it
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
