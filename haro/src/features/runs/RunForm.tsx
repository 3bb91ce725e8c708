import {
  Accordion,
  Alert,
  Checkbox,
  Paper,
  SegmentedControl,
  SimpleGrid,
  Stack,
  TagsInput,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Draft } from './draft';
import { COST_FIELDS, RISK_FIELDS } from './fields';
import { NumberFields } from './NumberFields';
import { TradingFields } from './TradingFields';

interface Props {
  draft: Draft;
  /** What is wrong, by the field's name in a `RunCreate`. */
  errors: Record<string, string>;
  onChange: (change: Partial<Draft>) => void;
  /** Parts that other features make. */
  strategy: ReactNode;
  params: ReactNode;
  adapter: ReactNode;
  symbols: ReactNode;
  timeframe: ReactNode;
  coverage: ReactNode;
}

const MODES = [
  { value: 'backtest', label: 'Backtest' },
  { value: 'paper', label: 'Paper' },
  { value: 'live', label: 'Live' },
];
const SAYS = {
  backtest: 'Replays stored bars: what would have happened.',
  paper: 'Trades now, with money that is not real.',
  live: 'Trades now, with real money.',
};

/** All of a run that is to be started. */
export function RunForm({ draft, errors, onChange, ...parts }: Props) {
  const trades = draft.mode !== 'backtest';
  return (
    <Stack gap="md">
      {draft.mode === 'live' && (
        <Alert color="red" variant="filled" icon={<IconAlertTriangle aria-hidden />} title="Real money">
          This run places orders on a live account. Set a budget and limits below; you are asked again before it starts.
        </Alert>
      )}
      <Section title="What">
        {parts.strategy}
        <div>
          <Text size="sm" fw={500} id="mode" mb={4}>
            Mode
          </Text>
          <SegmentedControl
            aria-labelledby="mode"
            data={MODES}
            value={draft.mode}
            color={draft.mode === 'live' ? 'red' : undefined}
            onChange={(mode) => onChange({ mode: mode as Draft['mode'] })}
          />
          <Text size="sm" c="dimmed" mt={4}>
            {SAYS[draft.mode]}
          </Text>
        </div>
        {trades && parts.adapter}
      </Section>
      <Section title="On what">
        {parts.symbols}
        {parts.timeframe}
        {!trades && (
          <>
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <Day label="From" value={draft.start} error={errors.start} onChange={(start) => onChange({ start })} />
              <Day
                label="Until (not included)"
                value={draft.end}
                error={errors.end}
                onChange={(end) => onChange({ end })}
              />
            </SimpleGrid>
            {parts.coverage}
          </>
        )}
      </Section>
      {draft.strategy && <Section title="Parameters">{parts.params}</Section>}
      <Section title={trades ? 'Money and time' : 'Money'}>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput
            label={trades ? 'Budget' : 'Cash'}
            description={trades ? 'What this run may use of the account' : 'At the start'}
            withAsterisk
            inputMode="decimal"
            value={draft.cash}
            error={errors.cash}
            onChange={(event) => onChange({ cash: event.currentTarget.value })}
          />
          <TextInput
            label="Leverage"
            description="Largest exposure, in multiples of equity"
            inputMode="decimal"
            value={draft.leverage}
            error={errors.leverage}
            onChange={(event) => onChange({ leverage: event.currentTarget.value })}
          />
        </SimpleGrid>
        <Checkbox
          label="Allow short positions"
          checked={draft.allowShort}
          onChange={(event) => onChange({ allowShort: event.currentTarget.checked })}
        />
        <Checkbox
          label="Allow fractions of shares"
          checked={draft.fractional}
          onChange={(event) => onChange({ fractional: event.currentTarget.checked })}
        />
        {trades && <TradingFields draft={draft} errors={errors} onChange={onChange} />}
      </Section>
      <Accordion
        variant="separated"
        multiple
        defaultValue={draft.mode === 'live' ? ['limits'] : []}
        chevronPosition="left"
      >
        {trades ? (
          <Part value="limits" title="Limits" says="What this run may not exceed, on top of its account's limits">
            <NumberFields
              fields={RISK_FIELDS}
              values={draft.risk}
              errors={errors}
              prefix="risk."
              onChange={(risk) => onChange({ risk })}
            />
            <Checkbox
              mt="md"
              label="Close positions when the daily loss is reached"
              checked={draft.onDailyLoss === 'flatten'}
              onChange={(event) => onChange({ onDailyLoss: event.currentTarget.checked ? 'flatten' : 'stop' })}
            />
          </Part>
        ) : (
          <Part value="costs" title="Costs" says={costsSaid(draft)}>
            <NumberFields
              fields={COST_FIELDS}
              values={draft.costs}
              errors={errors}
              prefix="costs."
              onChange={(costs) => onChange({ costs })}
            />
          </Part>
        )}
        <Part value="name" title="Name and tags" says={draft.id || 'An id is made up when none is given'}>
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput
              label="Id"
              description="Letters, digits, and . _ : -"
              placeholder="made up"
              value={draft.id}
              error={errors.id}
              onChange={(event) => onChange({ id: event.currentTarget.value })}
            />
            <TagsInput
              label="Tags"
              description="To find the run by"
              value={draft.tags}
              error={errors.tags}
              onChange={(tags) => onChange({ tags })}
            />
            {!trades && (
              <TextInput
                label="Steps a window"
                description="The result does not depend on it"
                placeholder="as fits"
                inputMode="numeric"
                value={draft.windowBars}
                error={errors.window_bars}
                onChange={(event) => onChange({ windowBars: event.currentTarget.value })}
              />
            )}
          </SimpleGrid>
        </Part>
      </Accordion>
    </Stack>
  );
}

function costsSaid(draft: Draft): string {
  const set = Object.values(draft.costs).filter((value) => value?.trim());
  return set.length === 0 ? 'None: results are better than they would be' : `${set.length} set`;
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Title order={2} size="h5" mb="sm">
        {title}
      </Title>
      <Stack gap="md">{children}</Stack>
    </Paper>
  );
}

function Part({ value, title, says, children }: { value: string; title: string; says: string; children: ReactNode }) {
  return (
    <Accordion.Item value={value}>
      <Accordion.Control>
        <Text fw={600} size="sm">
          {title}
        </Text>
        <Text size="xs" c="dimmed">
          {says}
        </Text>
      </Accordion.Control>
      <Accordion.Panel>{children}</Accordion.Panel>
    </Accordion.Item>
  );
}

function Day({
  label,
  value,
  error,
  onChange,
}: {
  label: string;
  value: string;
  error?: string;
  onChange: (day: string) => void;
}) {
  // A clone may begin at a time of a day, which a field for days cannot hold.
  const isDay = value === '' || /^\d{4}-\d{2}-\d{2}$/.test(value);
  return (
    <TextInput
      type={isDay ? 'date' : 'text'}
      label={label}
      description="UTC; all bars when empty"
      value={value}
      error={error}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
