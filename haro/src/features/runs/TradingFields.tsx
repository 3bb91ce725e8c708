import { Checkbox, SegmentedControl, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import type { Draft } from './draft';

interface Props {
  draft: Draft;
  errors: Record<string, string>;
  onChange: (change: Partial<Draft>) => void;
}

const ENDS = [
  { value: 'cancel', label: 'Cancel orders' },
  { value: 'keep', label: 'Keep orders' },
  { value: 'flatten', label: 'Close positions' },
];

/** How long a paper or live run trades, and what becomes of what it holds. */
export function TradingFields({ draft, errors, onChange }: Props) {
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextInput
          label="Trades for"
          description="Such as 90s, 10m, 8h or 5d"
          placeholder="until stopped"
          value={draft.runsFor}
          error={errors.for}
          onChange={(event) => onChange({ runsFor: event.currentTarget.value })}
        />
        <div>
          <Text size="sm" fw={500} id="at-end">
            At the end
          </Text>
          <Text size="xs" c="dimmed" mb={4}>
            What becomes of working orders and positions
          </Text>
          <SegmentedControl
            aria-labelledby="at-end"
            data={ENDS}
            value={draft.atEnd}
            onChange={(atEnd) => onChange({ atEnd: atEnd as Draft['atEnd'] })}
            fullWidth
            size="xs"
          />
        </div>
      </SimpleGrid>
      <Checkbox
        label="Prepare only"
        description="It trades from Start on"
        checked={draft.startPaused}
        onChange={(event) => onChange({ startPaused: event.currentTarget.checked })}
      />
    </Stack>
  );
}
