import { Badge } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCheck,
  IconClock,
  IconHelp,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconProgress,
  IconX,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { OrderStatus, RunStatus } from '@/api/schema.gen';

type Look = [colour: string, icon: ComponentType<{ size: number }>];

const LOOKS: Record<RunStatus | OrderStatus, Look> = {
  pending: ['gray', IconClock],
  running: ['blue', IconPlayerPlay],
  paused: ['yellow', IconPlayerPause],
  stopping: ['orange', IconProgress],
  stopped: ['gray', IconPlayerStop],
  completed: ['teal', IconCheck],
  error: ['red', IconAlertTriangle],
  submitting: ['gray', IconProgress],
  submitted: ['blue', IconClock],
  accepted: ['blue', IconPlayerPlay],
  partial: ['cyan', IconProgress],
  filled: ['teal', IconCheck],
  cancelled: ['gray', IconX],
  rejected: ['red', IconX],
  expired: ['gray', IconClock],
  in_doubt: ['orange', IconHelp],
};

/** The status of a run or an order, by word, icon and colour. */
export function StatusBadge({ status }: { status: RunStatus | OrderStatus }) {
  const [colour, Icon] = LOOKS[status];
  return (
    <Badge
      color={colour}
      variant="light"
      leftSection={<Icon size={12} aria-hidden />}
      tt="none"
      autoContrast
      miw="max-content"
    >
      {status.replace('_', ' ')}
    </Badge>
  );
}

const MODES: Record<string, string> = { backtest: 'indigo', paper: 'cyan', live: 'red' };

/** Whether a run replays, trades on paper, or trades real money. */
export function ModeBadge({ mode }: { mode: string }) {
  return (
    <Badge color={MODES[mode] ?? 'gray'} variant={mode === 'live' ? 'filled' : 'outline'} tt="none" miw="max-content">
      {mode === 'live' ? 'live: real money' : mode}
    </Badge>
  );
}
