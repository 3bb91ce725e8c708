import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { Run } from '@/api/schema.gen';

interface Props {
  run: Run;
  opened: boolean;
  onClose: () => void;
  onDelete: () => void;
}

export function DeleteRun({ run, opened, onClose, onDelete }: Props) {
  const confirm = () => {
    onDelete();
    onClose();
  };
  return (
    <Modal opened={opened} onClose={onClose} title={`Delete ${run.id}?`} centered>
      <Stack>
        <Text size="sm">
          Its record, results and history are gone for good. Orders and fills of an account stay: its positions are made
          of them.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep it
          </Button>
          <Button color="red" onClick={confirm}>
            Delete it
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
