import { ActionIcon, Anchor, Button, Drawer, Group, Indicator, Stack, Text, ThemeIcon } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAlertTriangle, IconBell, IconCheck, IconInfoCircle, IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useStore } from '@/lib/store';
import { forgetAll, NOTICE_COLOURS, type Notice, type NoticeKind, notices, readAll } from '@/ui/notify';
import { Ago } from '@/ui/Time';

const ICONS: Record<NoticeKind, typeof IconCheck> = {
  good: IconCheck,
  info: IconInfoCircle,
  warning: IconAlertTriangle,
  bad: IconX,
};

/** The bell, with all that was told in this tab. */
export function NoticesMenu() {
  const [opened, { open, close }] = useDisclosure();
  const told = useStore(notices);
  const unread = told.filter((one) => !one.isRead).length;
  const leave = () => {
    readAll();
    close();
  };
  return (
    <>
      <Indicator label={unread > 99 ? '99+' : unread} size={16} disabled={unread === 0} color="red" offset={4}>
        <ActionIcon variant="default" size="lg" onClick={open} aria-label={`Notifications, ${unread} unread`}>
          <IconBell size={18} />
        </ActionIcon>
      </Indicator>
      <Drawer opened={opened} onClose={leave} position="right" title="Notifications" size="sm">
        {told.length === 0 ? (
          <Text c="dimmed" size="sm">
            Nothing yet. Runs that end, orders that fail and accounts that need you are told here.
          </Text>
        ) : (
          <Stack gap="md">
            <Group justify="flex-end">
              <Button variant="default" size="compact-sm" onClick={forgetAll}>
                Clear
              </Button>
            </Group>
            {told.map((notice) => (
              <Line key={notice.id} notice={notice} onLeave={leave} />
            ))}
          </Stack>
        )}
      </Drawer>
    </>
  );
}

function Line({ notice, onLeave }: { notice: Notice; onLeave: () => void }) {
  const Icon = ICONS[notice.kind];
  return (
    <Group wrap="nowrap" align="flex-start" gap="sm">
      <ThemeIcon variant="light" color={NOTICE_COLOURS[notice.kind]} size="sm" mt={2}>
        <Icon size={14} aria-label={notice.kind} />
      </ThemeIcon>
      <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
        <Text size="sm" fw={notice.isRead ? 400 : 600}>
          {notice.to ? (
            <Anchor component={Link} to={notice.to} onClick={onLeave} inherit>
              {notice.title}
            </Anchor>
          ) : (
            notice.title
          )}
        </Text>
        {notice.message && <Text size="sm">{notice.message}</Text>}
        <Text size="xs" c="dimmed">
          <Ago value={notice.at} />
        </Text>
      </div>
    </Group>
  );
}
