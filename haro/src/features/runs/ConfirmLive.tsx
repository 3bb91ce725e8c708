import { Alert, Checkbox, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { money } from '@/lib/format';
import { ConfirmByTyping } from '@/ui/ConfirmByTyping';
import type { Draft } from './draft';

interface Props {
  draft: Draft;
  opened: boolean;
  onClose: () => void;
  onConfirmed: () => void;
}

/** The second of two confirmations: a box, and the account's name by hand. */
export function ConfirmLive({ draft, opened, onClose, onConfirmed }: Props) {
  const [isMeant, setIsMeant] = useState(false);
  const account = `${draft.adapter}-live`;
  const confirm = () => {
    if (isMeant) onConfirmed();
  };
  return (
    <Modal opened={opened} onClose={onClose} title="Trade with real money?" centered>
      <ConfirmByTyping word={account} action="Start with real money" onConfirmed={confirm} onCancel={onClose}>
        <Stack gap="sm">
          <Alert color="red" variant="filled">
            {draft.strategy} will place orders on {account}, in {draft.symbols.join(', ')}, with a budget of{' '}
            {money(draft.cash)}.
          </Alert>
          <Text size="sm">Losses are real. The kill switch of the account is on the dashboard and on its card.</Text>
          <Checkbox
            label="I mean real money"
            checked={isMeant}
            onChange={(event) => setIsMeant(event.currentTarget.checked)}
            error={isMeant ? undefined : 'Needed as well'}
          />
        </Stack>
      </ConfirmByTyping>
    </Modal>
  );
}
