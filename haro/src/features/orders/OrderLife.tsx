import { Stack, Text, Timeline, Title } from '@mantine/core';
import type { OrderStep } from '@/api/schema.gen';
import { price, quantity } from '@/lib/format';
import { Time } from '@/ui/Time';
import { stepWords } from './words';

const COLOURS: Record<string, string> = {
  'orders.Filled': 'teal',
  'orders.PartiallyFilled': 'cyan',
  'orders.Rejected': 'red',
  'orders.InDoubt': 'orange',
};

/** Each change of an order, oldest first. */
export function OrderLife({ steps }: { steps: OrderStep[] }) {
  if (steps.length === 0) return null;
  return (
    <Stack gap="sm">
      <Title order={3} size="h5">
        What happened
      </Title>
      <Timeline bulletSize={14} lineWidth={2} active={steps.length - 1}>
        {steps.map((step) => (
          <Timeline.Item key={step.number} title={stepWords(step)} color={COLOURS[step.event]} fz="sm">
            <Text size="sm" c="dimmed">
              <Time value={step.time} />
              {Number(step.filled_quantity) > 0 && (
                <>
                  {' '}
                  · {quantity(step.filled_quantity)} at {price(step.filled_avg_price)} in all
                </>
              )}
            </Text>
            {step.reason && <Text size="sm">{step.reason}</Text>}
          </Timeline.Item>
        ))}
      </Timeline>
    </Stack>
  );
}
