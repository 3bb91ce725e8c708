import { Alert, Badge, Button, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconLock, IconLockOpen, IconPlugConnected, IconPlugConnectedX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Account } from '@/api/schema.gen';
import { localTime, money } from '@/lib/format';
import { Signed } from '@/ui/Signed';
import { Time } from '@/ui/Time';
import { KillSwitch } from './KillSwitch';
import { Positions } from './Positions';
import { useRearmAccount } from './queries';

/** An account: its money, what it holds, and the switch that stops it. */
export function AccountCard({ account }: { account: Account }) {
  const [isKilling, killing] = useDisclosure();
  const rearm = useRearmAccount(account.account_id);
  const isLive = account.mode === 'live';
  const gain = account.opening_equity === null ? null : negated(account.day_loss);
  return (
    <Card withBorder component="section" aria-label={`Account ${account.account_id}`}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Group gap="xs">
            <Title order={3} size="h5">
              {account.account_id}
            </Title>
            {isLive && (
              <Badge color="red" tt="none">
                real money
              </Badge>
            )}
            <Connected account={account} />
          </Group>
          {account.killed ? (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconLockOpen size={14} aria-hidden />}
              loading={rearm.isPending}
              onClick={() => rearm.mutate()}
            >
              Allow orders again
            </Button>
          ) : (
            <Button
              size="compact-sm"
              color="red"
              variant="light"
              leftSection={<IconLock size={14} aria-hidden />}
              onClick={killing.open}
            >
              Kill switch
            </Button>
          )}
        </Group>
        {account.killed && (
          <Alert
            color="red"
            title="The kill switch is on: no order is let through"
            icon={<IconLock size={18} aria-hidden />}
          >
            {account.killed_reason} · since <Time value={account.killed_at} />
          </Alert>
        )}
        <SimpleGrid cols={{ base: 2, xs: 4 }} spacing="xs">
          <Figure name="Equity">{money(account.equity)}</Figure>
          <Figure name="Today">
            <Signed value={gain} />
          </Figure>
          <Figure name="Cash">{money(account.cash)}</Figure>
          <Figure name="Buying power">{money(account.buying_power)}</Figure>
        </SimpleGrid>
        {account.drift.length > 0 && (
          <Alert color="yellow" title="It differs from its venue">
            {account.drift.map((one) => (
              <Text size="sm" key={`${one.kind}${one.symbol}${one.theirs}`}>
                {one.kind.replace('_', ' ')} {one.symbol}: here {one.ours}, there {one.theirs}
              </Text>
            ))}
          </Alert>
        )}
        <Positions account={account} />
      </Stack>
      {isKilling && <KillSwitch account={account} onClose={killing.close} />}
    </Card>
  );
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text size="sm" fw={600} className="numbers">
        {children}
      </Text>
    </div>
  );
}

function Connected({ account }: { account: Account }) {
  const Icon = account.connected ? IconPlugConnected : IconPlugConnectedX;
  return (
    <Badge
      color={account.connected ? 'teal' : 'gray'}
      variant="light"
      tt="none"
      leftSection={<Icon size={12} aria-hidden />}
      title={account.checked_at ? `last asked ${localTime(account.checked_at)}` : 'never asked yet'}
    >
      {account.connected ? 'connected' : 'not connected'}
    </Badge>
  );
}

/** A loss as a gain, without making a decimal text a float. */
function negated(loss: string): string {
  if (Number(loss) === 0) return '0';
  return loss.startsWith('-') ? loss.slice(1) : `-${loss}`;
}
