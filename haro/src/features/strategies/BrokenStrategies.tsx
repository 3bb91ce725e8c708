import { Alert, Code, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { StrategyInfo } from '@/api/schema.gen';

/** Files that cannot be used, each with its reason and its place. */
export function BrokenStrategies({ strategies }: { strategies: StrategyInfo[] }) {
  if (strategies.length === 0) return null;
  const title = strategies.length === 1 ? 'A file cannot be used' : `${strategies.length} files cannot be used`;
  return (
    <Alert color="red" icon={<IconAlertTriangle size={18} aria-hidden />} title={title}>
      <Stack gap="xs">
        {strategies.map((one) => (
          <div key={`${one.id}${one.path}`}>
            <Text size="sm" fw={600}>
              {one.id}
            </Text>
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {one.error?.message}
            </Text>
            <Code style={{ overflowWrap: 'anywhere' }}>
              {one.error?.file ?? one.path}
              {one.error?.line ? `:${one.error.line}` : ''}
            </Code>
          </div>
        ))}
        <Text size="sm">
          Correct a file, then come back to this page: it is read again. Everything else works meanwhile.
        </Text>
      </Stack>
    </Alert>
  );
}
