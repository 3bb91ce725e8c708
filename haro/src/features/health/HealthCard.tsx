import { Button, Card, Group, List, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAlertTriangle, IconCheck, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { PartState, Readiness } from '@/api/schema.gen';
import { QueryState } from '@/ui/QueryState';
import { readiness } from './queries';

const LOOKS = {
  ok: { colour: 'teal', Icon: IconCheck, word: 'All parts work' },
  degraded: { colour: 'yellow', Icon: IconAlertTriangle, word: 'Works, but not all of it' },
  failing: { colour: 'red', Icon: IconX, word: 'A part has failed' },
} as const;
const NAMES: Record<string, string> = {
  temporal: 'Temporal',
  walle: 'Records (WallE)',
  'queue weaver': 'Workflows',
  'queue weaver-greta': 'Backtests (Greta)',
  'queue weaver-marvin': 'Decisions (Marvin)',
  archive: 'Archive',
};

/** How each part is, with the reason. What is fine is folded away. */
export function HealthCard() {
  const query = useQuery(readiness());
  return (
    <Card withBorder component="section" aria-labelledby="health">
      <Title order={2} size="h4" id="health" mb="xs">
        Health
      </Title>
      <QueryState query={query}>{(found) => <Parts found={found} />}</QueryState>
    </Card>
  );
}

function Parts({ found }: { found: Readiness }) {
  const [isOpen, all] = useDisclosure();
  const { word } = LOOKS[found.state];
  const shown = isOpen ? found.parts : found.parts.filter((part) => part.state !== 'ok');
  return (
    <Stack gap="xs">
      <Group gap="xs" justify="space-between">
        <Group gap="xs">
          <State state={found.state} />
          <Text size="sm" fw={600}>
            {word}
          </Text>
        </Group>
        <Button size="compact-xs" variant="subtle" onClick={all.toggle} aria-expanded={isOpen}>
          {isOpen ? 'Less' : `All ${found.parts.length} parts`}
        </Button>
      </Group>
      {shown.length > 0 && (
        <List spacing={6} size="sm" center listStyleType="none">
          {shown.map((part) => (
            <Part key={part.name} part={part} />
          ))}
        </List>
      )}
    </Stack>
  );
}

function Part({ part }: { part: PartState }) {
  return (
    <List.Item icon={<State state={part.state} />}>
      <Text span size="sm" fw={500}>
        {named(part.name)}
      </Text>{' '}
      <Text span size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        {part.reason}
      </Text>
    </List.Item>
  );
}

function State({ state }: { state: PartState['state'] }) {
  const { colour, Icon } = LOOKS[state];
  return (
    <ThemeIcon size={18} radius="xl" color={colour} variant="light" role="img" aria-label={state}>
      <Icon size={12} aria-hidden />
    </ThemeIcon>
  );
}

/** A part in words: `queue weaver-veda-simulated-paper-data` brings the prices of an account. */
function named(part: string): string {
  const account = /^queue weaver-veda-(.+?)(-data)?$/.exec(part);
  if (account) return `${account[2] ? 'Prices' : 'Orders'} of ${account[1]}`;
  const adapter = /^adapter (.+)$/.exec(part);
  return adapter ? `Venue of ${adapter[1]}` : (NAMES[part] ?? part);
}
