import { Anchor, Stack, Text } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import type { Coverage } from '@/api/schema.gen';
import { count, utcDate } from '@/lib/format';
import { TextLink } from '@/ui/links';
import { coverageList } from './queries';

interface Props {
  symbols: string[];
  timeframe: string;
  onUse: (first: string, last: string) => void;
}

/** What bars there are to replay, for each symbol. */
export function CoverageHint({ symbols, timeframe, onUse }: Props) {
  const answers = useQueries({ queries: symbols.map((symbol) => coverageList({ symbol, timeframe })) });
  if (symbols.length === 0 || answers.some((one) => one.isLoading)) return null;
  const stored = answers.flatMap((one) => one.data?.items ?? []);
  const lacking = symbols.filter((symbol) => !stored.some((one) => one.symbol === symbol));
  const first = stored
    .map((one) => one.first)
    .sort()
    .at(-1);
  const last = stored
    .map((one) => one.last)
    .sort()
    .at(0);
  return (
    <Stack gap={2} aria-label="Stored bars">
      {stored.map((one) => (
        <Text size="sm" c="dimmed" key={one.symbol} className="numbers">
          {said(one)}
        </Text>
      ))}
      {lacking.length > 0 && (
        <Text size="sm" c="red">
          No {timeframe} bars of {lacking.join(', ')} are stored. <TextLink to="/data">Import some</TextLink>
        </Text>
      )}
      {first && last && (
        <Anchor
          component="button"
          type="button"
          size="sm"
          ta="left"
          onClick={() => onUse(utcDate(first), dayAfter(last))}
        >
          Use {stored.length > 1 ? 'what all of them have' : 'all of it'}: {utcDate(first)} to {utcDate(last)}
        </Anchor>
      )}
    </Stack>
  );
}

function said({ symbol, first, last, bars, gaps, adjusted }: Coverage): string {
  const holes = gaps.count === 0 ? 'no gaps' : `${count(gaps.count)} gaps, ${count(gaps.bars)} bars missing`;
  return `${symbol}: ${count(bars)} bars, ${utcDate(first)} to ${utcDate(last)}, ${holes}${adjusted ? ', adjusted' : ''}`;
}

/** A run's end is the first bar that is no longer part of it. */
function dayAfter(last: string): string {
  return new Date(Date.parse(last) + 86_400_000).toISOString().slice(0, 10);
}
