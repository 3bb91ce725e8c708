import { Alert, Button, Modal, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Account, Position } from '@/api/schema.gen';
import { money, price, quantity } from '@/lib/format';
import { ConfirmByTyping } from '@/ui/ConfirmByTyping';
import { QueryState } from '@/ui/QueryState';
import { Signed } from '@/ui/Signed';
import { accountPositions, useClosePosition } from './queries';

/** What an account holds. */
export function Positions({ account }: { account: Account }) {
  const query = useQuery(accountPositions(account.account_id));
  const [closing, setClosing] = useState<Position | null>(null);
  return (
    <QueryState
      query={query}
      isEmpty={(positions) => positions.total === 0}
      empty={
        <Text size="sm" c="dimmed">
          It holds nothing.
        </Text>
      }
    >
      {(positions) => (
        <Table.ScrollContainer minWidth={300}>
          <Table fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Holds</Table.Th>
                <Table.Th ta="right" visibleFrom="xs">
                  Bought at
                </Table.Th>
                <Table.Th ta="right">Worth</Table.Th>
                <Table.Th ta="right">Gain</Table.Th>
                <Table.Th aria-label="Actions" />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {positions.items.map((position) => (
                <Table.Tr key={position.symbol}>
                  <Table.Td>
                    {quantity(position.quantity)} {position.symbol}
                  </Table.Td>
                  <Table.Td ta="right" visibleFrom="xs">
                    {price(position.avg_entry_price)}
                  </Table.Td>
                  <Table.Td ta="right">{money(position.market_value)}</Table.Td>
                  <Table.Td ta="right">
                    <Signed value={position.unrealized_pnl} />
                  </Table.Td>
                  <Table.Td ta="right">
                    <Button
                      size="compact-xs"
                      variant="default"
                      onClick={() => setClosing(position)}
                      aria-label={`Close the position in ${position.symbol}`}
                    >
                      Close
                    </Button>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          {closing && <ClosePosition account={account} position={closing} onClose={() => setClosing(null)} />}
        </Table.ScrollContainer>
      )}
    </QueryState>
  );
}

function ClosePosition({ account, position, onClose }: { account: Account; position: Position; onClose: () => void }) {
  const close = useClosePosition(account.account_id);
  const isLive = account.mode === 'live';
  return (
    <Modal opened onClose={onClose} title={`Close ${position.symbol}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <ConfirmByTyping
        word={position.symbol}
        action="Close at the market"
        isPending={close.isPending}
        onCancel={onClose}
        onConfirmed={() => close.mutate({ symbol: position.symbol, isLive }, { onSettled: onClose })}
      >
        {isLive && <Alert color="red">This sells for real money.</Alert>}
        <Text size="sm">
          {quantity(position.quantity)} {position.symbol} on {account.account_id}
          {position.run_ids.length > 0 && <>, held by {position.run_ids.join(', ')}</>}. A run that holds a part of it
          is not told beforehand.
        </Text>
      </ConfirmByTyping>
    </Modal>
  );
}
