import { Badge, Code, Group, Paper, Stack, Table, Text } from '@mantine/core';
import type { Decision, Fill } from '@/api/schema.gen';
import { price, quantity } from '@/lib/format';
import { TextLink } from '@/ui/links';
import { StatusBadge } from '@/ui/StatusBadge';
import { Time } from '@/ui/Time';
import { verdictOf } from './verdicts';

/** A decision: what was seen, noted, wanted and admitted, and what became of it. */
export function DecisionCard({
  decision,
  hasOrders,
  isMeant = false,
}: {
  decision: Decision;
  hasOrders: boolean;
  isMeant?: boolean;
}) {
  const { time, seen, notes, intents, skipped } = decision;
  return (
    <Paper
      withBorder
      p="sm"
      component="article"
      aria-label={`Decision of ${time}`}
      style={isMeant ? { borderColor: 'var(--mantine-primary-color-filled)', borderWidth: 2 } : undefined}
    >
      <Group justify="space-between" gap="xs" mb={4}>
        <Text fw={600} size="sm">
          <Time value={time} />
        </Text>
        {intents.length > 0 && (
          <Group gap={6}>
            <Text size="sm">wanted</Text>
            {intents.map((intent) => (
              <Code key={intent}>{intent}</Code>
            ))}
          </Group>
        )}
        {intents.length === 0 && !skipped && (
          <Badge variant="default" tt="none">
            wanted nothing
          </Badge>
        )}
      </Group>
      {skipped && (
        <Text size="sm" c="orange">
          {lackOf(decision)}: {skipped}
        </Text>
      )}
      <Stack gap={6}>
        <Seen seen={seen} />
        {notes.map((note) => (
          <Text size="sm" fs="italic" key={note}>
            “{note}”
          </Text>
        ))}
        <Outcome decision={decision} hasOrders={hasOrders} />
      </Stack>
    </Paper>
  );
}

/** What a reason not to act kept from being done. */
function lackOf({ seen, notes, intents, verdicts }: Decision) {
  if (verdicts?.length) return 'Not all done';
  return intents.length > 0 || notes.length > 0 || Object.keys(seen).length > 0 ? 'Not done' : 'No decision';
}

function Seen({ seen }: { seen: Decision['seen'] }) {
  const rows = Object.entries(seen).filter(
    (entry): entry is [string, Record<string, unknown>] => typeof entry[1] === 'object',
  );
  const names = [...new Set(rows.flatMap(([, values]) => Object.keys(values ?? {})))];
  if (rows.length === 0) return null;
  return (
    <Table.ScrollContainer minWidth={names.length * 90} type="native">
      <Table
        withRowBorders={false}
        verticalSpacing={1}
        horizontalSpacing="xs"
        fz="xs"
        w="auto"
        aria-label="What was seen"
      >
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Saw</Table.Th>
            {names.map((name) => (
              <Table.Th key={name} ta="right">
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(([symbol, values]) => (
            <Table.Tr key={symbol}>
              <Table.Th scope="row">{symbol}</Table.Th>
              {names.map((name) => (
                <Table.Td key={name} ta="right">
                  {value(name, values[name])}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function value(name: string, given: unknown): string {
  if (typeof given !== 'number') return given === null || given === undefined ? '–' : String(given);
  return name === 'position' ? quantity(given) : price(given);
}

function Outcome({ decision, hasOrders }: { decision: Decision; hasOrders: boolean }) {
  const verdicts = decision.verdicts?.map(verdictOf) ?? [];
  const ids = [...new Set([...verdicts.map((one) => one.order), ...decision.orders])];
  if (ids.length === 0) return null;
  return (
    <Stack gap={4}>
      {ids.map((id) => {
        const verdict = verdicts.find((one) => one.order === id);
        const status = decision.order_status?.[id];
        return (
          <Group key={id} gap={6}>
            {verdict && (
              <Badge color={verdict.isAdmitted ? 'teal' : 'red'} variant="light" tt="none">
                {verdict.isAdmitted ? 'admitted' : ['refused', verdict.rule].filter(Boolean).join(': ')}
              </Badge>
            )}
            {verdict?.message && <Text size="sm">{verdict.message}</Text>}
            {hasOrders && (verdict || !decision.skipped) ? (
              <TextLink to="/orders" search={{ order: id }} ff="monospace" fz="xs">
                {id}
              </TextLink>
            ) : (
              <Code>{id}</Code>
            )}
            {status && <StatusBadge status={status as Parameters<typeof StatusBadge>[0]['status']} />}
            <Fills fills={decision.fills?.filter((fill) => fill.order_id === id) ?? []} />
          </Group>
        );
      })}
    </Stack>
  );
}

function Fills({ fills }: { fills: Fill[] }) {
  return fills.map((fill) => (
    <Text size="xs" key={fill.id} className="numbers">
      {fill.side === 'buy' ? 'bought' : 'sold'} {quantity(fill.quantity)} at {price(fill.price)},{' '}
      <Time value={fill.time} as="clock" />
    </Text>
  ));
}
