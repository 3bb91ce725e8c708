import { Anchor, Group, Stack, Text, Title } from '@mantine/core';
import type { Order } from '@/api/schema.gen';
import { StatusBadge } from '@/ui/StatusBadge';
import { origin, terms, wanted } from './words';

/** A bracket's exits, and what was left of an amended order. */
export function OrderLegs({ legs, onOpen }: { legs: Order[]; onOpen: (id: string) => void }) {
  if (legs.length === 0) return null;
  return (
    <Stack gap="sm">
      <Title order={3} size="h5">
        Orders that belong to it
      </Title>
      {legs.map((leg) => (
        <Group key={leg.id} gap="sm">
          <Anchor component="button" size="sm" onClick={() => onOpen(leg.id)}>
            {wanted(leg)}
          </Anchor>
          <Text size="sm">{terms(leg)}</Text>
          <StatusBadge status={leg.status} />
          <Text size="sm" c="dimmed">
            {origin(leg)}
          </Text>
        </Group>
      ))}
    </Stack>
  );
}
