import { Alert, Paper, SimpleGrid, Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { RunDetail } from '@/api/schema.gen';
import { money, price, quantity } from '@/lib/format';
import { useNow } from '@/lib/useNow';
import { TextLink } from '@/ui/links';
import { Signed } from '@/ui/Signed';
import { Ago, Time } from '@/ui/Time';

const LATE_MS = 5_000;

/** What a paper or live run has now, and what it waits for. */
export function LiveState({ run }: { run: RunDetail }) {
  return (
    <>
      {run.live_error && (
        <Alert color="yellow" mb="sm" title="Its workflow does not answer">
          {run.live_error} The figures below are from the records.
        </Alert>
      )}
      {run.live?.pause_reason && (
        <Alert color="yellow" mb="sm" title="Paused">
          {run.live.pause_reason}
        </Alert>
      )}
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="sm">
        <Figure label="Equity">{money(run.equity)}</Figure>
        <Figure label="Cash">{money(run.cash)}</Figure>
        <Figure label="Realised">
          <Signed value={run.realised_pnl} />
        </Figure>
        <Figure label="Unrealised">
          <Signed value={run.unrealised_pnl} />
        </Figure>
        <AwaitedBar end={run.live?.next_tick} />
        <Figure label="Last decision">
          <Time value={run.live?.last_decision} as="clock" />
        </Figure>
      </SimpleGrid>
    </>
  );
}

/** The bar that is waited for. One that ended a while ago waits for a worker. */
function AwaitedBar({ end }: { end: string | null | undefined }) {
  const now = useNow();
  const isLate = !!end && now - new Date(end).getTime() > LATE_MS;
  return (
    <Figure label={isLate ? 'Not decided yet: bar ended' : 'Next bar ends'}>
      <Ago value={end} />
    </Figure>
  );
}

function Figure({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Paper withBorder p="xs">
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text fw={600} className="numbers">
        {children}
      </Text>
    </Paper>
  );
}

/** What of its account's positions is a run's own. */
export function RunPositions({ run }: { run: RunDetail }) {
  const positions = run.positions ?? [];
  if (positions.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        It holds nothing.
      </Text>
    );
  }
  return (
    <Table.ScrollContainer minWidth={460} type="native">
      <Table aria-label="Positions" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Symbol</Table.Th>
            <Table.Th>Side</Table.Th>
            <Table.Th ta="right">Quantity</Table.Th>
            <Table.Th ta="right">Entry</Table.Th>
            <Table.Th ta="right">Value</Table.Th>
            <Table.Th ta="right">Unrealised</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {positions.map((position) => (
            <Table.Tr key={position.symbol}>
              <Table.Td>{position.symbol}</Table.Td>
              <Table.Td>{position.side}</Table.Td>
              <Table.Td ta="right">{quantity(position.quantity)}</Table.Td>
              <Table.Td ta="right">{price(position.avg_entry_price)}</Table.Td>
              <Table.Td ta="right">{money(position.market_value)}</Table.Td>
              <Table.Td ta="right">
                <Signed value={position.unrealized_pnl} />{' '}
                <Text span size="xs">
                  <Signed value={position.unrealized_pnl_pct} as="percent" />
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** The account that a run trades on. */
export function TradesOn({ account }: { account: string }) {
  return (
    <Text size="sm" c="dimmed">
      It trades on {account}. Orders of the account are under{' '}
      <TextLink to="/orders" underline="always">
        Orders
      </TextLink>
      , its kill switch is on the{' '}
      <TextLink to="/" underline="always">
        dashboard
      </TextLink>
      .
    </Text>
  );
}
