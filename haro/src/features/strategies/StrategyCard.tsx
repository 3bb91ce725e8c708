import { Badge, Card, Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { StrategyInfo } from '@/api/schema.gen';
import { short } from '@/lib/format';
import { CopyText } from '@/ui/CopyText';
import { ParamsTable } from './ParamsTable';

/** A strategy that can run: what it does, and what it can be told. */
export function StrategyCard({ strategy, action }: { strategy: StrategyInfo; action: ReactNode }) {
  return (
    <Card withBorder component="article" id={strategy.id} aria-label={strategy.name ?? strategy.id}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs" align="flex-start">
          <div>
            <Group gap="xs">
              <Title order={2} size="h4">
                {strategy.name ?? strategy.id}
              </Title>
              <Badge variant="light" color={strategy.source === 'plugin' ? 'grape' : 'gray'} tt="none">
                {strategy.source === 'plugin' ? 'yours' : 'shipped'}
              </Badge>
              <Badge variant="outline" color="gray" tt="none">
                {strategy.symbols === 'many' ? 'several symbols' : 'one symbol'}
              </Badge>
            </Group>
            <Text size="xs" c="dimmed">
              {strategy.id}
              {strategy.version && `, version ${strategy.version}`}
              {strategy.author && `, by ${strategy.author}`}
            </Text>
          </div>
          {action}
        </Group>
        {strategy.description && <Text size="sm">{strategy.description}</Text>}
        <ParamsTable schema={strategy.params_schema} />
        <Stack gap={2}>
          {strategy.path && (
            <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {strategy.path}
            </Text>
          )}
          {strategy.sha256 && (
            <CopyText text={strategy.sha256} shown={`sha256 ${short(strategy.sha256)}`} label="the digest" />
          )}
        </Stack>
      </Stack>
    </Card>
  );
}
