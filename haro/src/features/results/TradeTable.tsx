import { ActionIcon, Group, Select, Table, Text, Tooltip } from '@mantine/core';
import { IconChartCandle, IconHelp } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Trade } from '@/api/schema.gen';
import { count, percent, price, quantity } from '@/lib/format';
import { IconLink } from '@/ui/links';
import { Pager } from '@/ui/Pager';
import { Empty, QueryState } from '@/ui/QueryState';
import { Signed } from '@/ui/Signed';
import { SortHeader } from '@/ui/SortHeader';
import { Time } from '@/ui/Time';
import { runTrades } from './queries';

interface Props {
  run: string;
  symbols: string[];
  isDaily: boolean;
  onShow: (trade: Trade) => void;
}

/** Closed trades, each with a way to its place on the chart, and to the decision that it follows from. */
export function TradeTable({ run, symbols, isDaily, onShow }: Props) {
  const [page, setPage] = useState(1);
  const [size, setSize] = useState(25);
  const [sort, setSort] = useState<'time' | '-time'>('-time');
  const [symbol, setSymbol] = useState<string | null>(null);
  const trades = useQuery(runTrades(run, { page, page_size: size, sort, symbol: symbol ?? undefined }));
  const as = isDaily ? 'day' : 'time';
  return (
    <QueryState
      query={trades}
      isEmpty={(list) => list.total === 0 && symbol === null}
      empty={
        <Empty title="No closed trades">A trade is listed when a position has been opened and closed again.</Empty>
      }
    >
      {(list) => (
        <>
          {symbols.length > 1 && (
            <Select
              aria-label="Symbol of the trades"
              placeholder="All symbols"
              size="xs"
              w={160}
              mb="xs"
              searchable
              clearable
              clearButtonProps={{ 'aria-label': 'All symbols' }}
              data={symbols}
              value={symbol}
              onChange={(next) => {
                setSymbol(next);
                setPage(1);
              }}
            />
          )}
          <Table.ScrollContainer minWidth={1000} type="native">
            <Table aria-label="Trades" highlightOnHover verticalSpacing={4}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Symbol</Table.Th>
                  <Table.Th>Side</Table.Th>
                  <Table.Th ta="right">Quantity</Table.Th>
                  <Table.Th>Entry</Table.Th>
                  <Table.Th ta="right">at</Table.Th>
                  <SortHeader
                    field="time"
                    label="Exit"
                    sort={sort}
                    onSort={(next) => {
                      setSort(next === 'time' ? 'time' : '-time');
                      setPage(1);
                    }}
                  />
                  <Table.Th ta="right">at</Table.Th>
                  <Table.Th ta="right">P&amp;L</Table.Th>
                  <Table.Th ta="right">Return</Table.Th>
                  <Table.Th ta="right" title="Largest loss and gain while it was open">
                    Worst / best
                  </Table.Th>
                  <Table.Th ta="right">Bars</Table.Th>
                  <Table.Th>Reason</Table.Th>
                  <Table.Th aria-label="Show" />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {list.items.map((trade) => (
                  <Row
                    key={`${trade.symbol}${trade.entry_time}${trade.exit_time}${trade.pnl}`}
                    {...{ trade, run, as, onShow }}
                  />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          <Pager
            total={list.total}
            page={page}
            pageSize={size}
            onPage={setPage}
            onPageSize={(next) => {
              setSize(next);
              setPage(1);
            }}
          />
        </>
      )}
    </QueryState>
  );
}

function Row({
  trade,
  run,
  as,
  onShow,
}: {
  trade: Trade;
  run: string;
  as: 'day' | 'time';
  onShow: (trade: Trade) => void;
}) {
  return (
    <Table.Tr>
      <Table.Td>{trade.symbol}</Table.Td>
      <Table.Td>{trade.side}</Table.Td>
      <Table.Td ta="right">{quantity(trade.quantity)}</Table.Td>
      <Table.Td>
        <Time value={trade.entry_time} as={as} />
      </Table.Td>
      <Table.Td ta="right">{price(trade.entry_price)}</Table.Td>
      <Table.Td>
        <Time value={trade.exit_time} as={as} />
      </Table.Td>
      <Table.Td ta="right">{price(trade.exit_price)}</Table.Td>
      <Table.Td ta="right">
        <Signed value={trade.pnl} />
      </Table.Td>
      <Table.Td ta="right">
        <Signed value={trade.return_pct} as="percent" />
      </Table.Td>
      <Table.Td ta="right">
        <Text span size="xs" style={{ whiteSpace: 'nowrap' }}>
          {percent(trade.mae_pct, { signed: true })} / {percent(trade.mfe_pct, { signed: true })}
        </Text>
      </Table.Td>
      <Table.Td ta="right">{count(trade.bars_held)}</Table.Td>
      <Table.Td>{trade.exit_reason?.replaceAll('_', ' ') ?? '–'}</Table.Td>
      <Table.Td>
        <Group gap={2} wrap="nowrap" justify="flex-end">
          <Tooltip label="Show on the chart">
            <ActionIcon
              variant="subtle"
              aria-label={`Show the trade of ${trade.entry_time} on the chart`}
              onClick={() => onShow(trade)}
            >
              <IconChartCandle size={16} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Why did it trade?">
            <IconLink
              variant="subtle"
              to="/runs/$runId"
              params={{ runId: run }}
              search={{ tab: 'decisions', until: trade.entry_time }}
              aria-label={`Why it traded at ${trade.entry_time}`}
            >
              <IconHelp size={16} />
            </IconLink>
          </Tooltip>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
