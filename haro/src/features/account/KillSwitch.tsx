import { Alert, Button, Checkbox, Group, List, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Account, KillState } from '@/api/schema.gen';
import { ConfirmByTyping } from '@/ui/ConfirmByTyping';
import { Failed } from '@/ui/QueryState';
import { useKillAccount } from './queries';

/** Refuses new orders on an account and cancels those that work, once its name has been typed; then says what is left. */
export function KillSwitch({ account, onClose }: { account: Account; onClose: () => void }) {
  const [flatten, setFlatten] = useState(false);
  const [reason, setReason] = useState('');
  const kill = useKillAccount(account.account_id);
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={`Kill switch of ${account.account_id}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {kill.data ? (
        <Killed state={kill.data} onClose={onClose} />
      ) : (
        <ConfirmByTyping
          word={account.account_id}
          action={flatten ? 'Stop and close everything' : 'Stop all trading'}
          isPending={kill.isPending}
          onCancel={onClose}
          onConfirmed={() => kill.mutate({ flatten, reason: reason.trim() || 'asked for in the dashboard' })}
        >
          <Text size="sm">
            New orders are refused from now on, those of runs too, and every working order is cancelled. It stays so
            until you allow orders again.
          </Text>
          <Checkbox
            label="Also close every position with market orders, whoever bought it"
            checked={flatten}
            onChange={(event) => setFlatten(event.currentTarget.checked)}
          />
          <TextInput
            label="Why, for the record"
            value={reason}
            maxLength={500}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {kill.isError && <Failed error={kill.error} />}
        </ConfirmByTyping>
      )}
    </Modal>
  );
}

function Killed({ state, onClose }: { state: KillState; onClose: () => void }) {
  const isDone = state.told && state.open_orders.length === 0;
  return (
    <Stack gap="sm">
      <Alert color={isDone ? 'teal' : 'orange'} title="The kill switch is on">
        New orders are refused. {state.cancelled.length} {state.cancelled.length === 1 ? 'order was' : 'orders were'}{' '}
        cancelled.
      </Alert>
      {state.told_error && (
        <Alert color="orange" title="The worker could not be told">
          {state.told_error}
        </Alert>
      )}
      {state.open_orders.length > 0 && (
        <div>
          <Text size="sm">These orders still work. If they stay, run `weaver kill`, which asks the venue itself:</Text>
          <List size="sm">
            {state.open_orders.map((order) => (
              <List.Item key={order}>{order}</List.Item>
            ))}
          </List>
        </div>
      )}
      {state.positions.length > 0 && (
        <Text size="sm">
          Still held: {state.positions.map((position) => `${position.quantity} ${position.symbol}`).join(', ')}.
        </Text>
      )}
      <Group justify="flex-end">
        <Button onClick={onClose}>Close</Button>
      </Group>
    </Stack>
  );
}
