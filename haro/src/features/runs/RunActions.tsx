import { ActionIcon, Button, Group, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCopy, IconPlayerPause, IconPlayerPlay, IconPlayerStop, IconTrash } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Run } from '@/api/schema.gen';
import { ButtonLink, IconLink } from '@/ui/links';
import { DeleteRun } from './DeleteRun';
import { type RunAction, useRunAction } from './queries';
import { StopRun } from './StopRun';

interface Props {
  run: Run;
  /** Icons alone, for a row of a table. */
  isCompact?: boolean;
  onDeleted?: () => void;
}

const SIMPLE: { action: RunAction & ('start' | 'pause' | 'resume'); label: string; Icon: typeof IconPlayerPlay }[] = [
  { action: 'start', label: 'Start', Icon: IconPlayerPlay },
  { action: 'resume', label: 'Resume', Icon: IconPlayerPlay },
  { action: 'pause', label: 'Pause', Icon: IconPlayerPause },
];

/** What the API says may be done to a run now. */
export function RunActions({ run, isCompact = false, onDeleted }: Props) {
  const act = useRunAction();
  const [isStopping, stopping] = useDisclosure();
  const [isDeleting, deleting] = useDisclosure();
  const may = (action: string) => run.actions.includes(action);
  const ask = (action: RunAction) =>
    act.mutate({ id: run.id, action }, { onSuccess: () => action === 'delete' && onDeleted?.() });
  const shared = { run: run.id, isCompact };
  return (
    <Group gap={isCompact ? 4 : 'xs'} wrap={isCompact ? 'nowrap' : 'wrap'} justify={isCompact ? 'flex-end' : undefined}>
      {SIMPLE.filter(({ action }) => may(action)).map(({ action, label, Icon }) => (
        <Act key={action} {...shared} label={label} icon={<Icon size={16} />} onClick={() => ask(action)} />
      ))}
      {may('stop') && (
        <Act {...shared} label="Stop" icon={<IconPlayerStop size={16} />} colour="red" onClick={stopping.open} />
      )}
      <CloneRun {...shared} />
      {may('delete') && (
        <Act {...shared} label="Delete" icon={<IconTrash size={16} />} colour="red" onClick={deleting.open} />
      )}
      <StopRun run={run} opened={isStopping} onClose={stopping.close} onStop={ask} />
      <DeleteRun run={run} opened={isDeleting} onClose={deleting.close} onDelete={() => ask('delete')} />
    </Group>
  );
}

interface ActProps {
  run: string;
  label: string;
  icon: ReactNode;
  colour?: string;
  isCompact: boolean;
  onClick: () => void;
}

function Act({ run, label, icon, colour, isCompact, onClick }: ActProps) {
  if (!isCompact) {
    return (
      <Button variant="default" size="sm" leftSection={icon} c={colour} onClick={onClick}>
        {label}
      </Button>
    );
  }
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color={colour ?? 'gray'} aria-label={`${label} ${run}`} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

function CloneRun({ run, isCompact }: { run: string; isCompact: boolean }) {
  const icon = <IconCopy size={16} aria-hidden />;
  if (!isCompact) {
    return (
      <ButtonLink to="/runs/new" search={{ from: run }} variant="default" size="sm" leftSection={icon}>
        Clone
      </ButtonLink>
    );
  }
  return (
    <Tooltip label="Clone">
      <IconLink to="/runs/new" search={{ from: run }} variant="subtle" color="gray" aria-label={`Clone ${run}`}>
        {icon}
      </IconLink>
    </Tooltip>
  );
}
