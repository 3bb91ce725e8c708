import { Anchor, AppShell, Burger, Group, NavLink, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconChartCandle,
  IconDatabase,
  IconKeyboard,
  IconLayoutDashboard,
  IconListDetails,
  IconLogout,
  IconPlus,
  IconPuzzle,
} from '@tabler/icons-react';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { api } from '@/api/client';
import { session, signedOut } from '@/api/session';
import { useStore } from '@/lib/store';
import { ButtonLink, IconLink } from '@/ui/links';
import { ConnectionBadge } from './ConnectionBadge';
import { KeysHelp } from './KeysHelp';
import { useKeys } from './keys';
import { useLive } from './LiveProvider';
import { NoticesMenu } from './NoticesMenu';
import { SchemeToggle } from './SchemeToggle';
import classes from './Shell.module.css';

const NAVIGATION = [
  { to: '/', label: 'Dashboard', Icon: IconLayoutDashboard },
  { to: '/runs', label: 'Runs', Icon: IconChartCandle },
  { to: '/orders', label: 'Orders', Icon: IconListDetails },
  { to: '/strategies', label: 'Strategies', Icon: IconPuzzle },
  { to: '/data', label: 'Data', Icon: IconDatabase },
] as const;

async function leave() {
  await api.DELETE('/api/v1/session');
  signedOut();
}

/** What stands around every page. */
export function Shell() {
  const [isMenuOpen, menu] = useDisclosure();
  const [isHelpOpen, help] = useDisclosure();
  const { pathname } = useLocation();
  const { stream } = useLive();
  const { asksForToken } = useStore(session);
  useKeys(help.open);
  const isHere = (to: string) => (to === '/' ? pathname === '/' : pathname === to || pathname.startsWith(`${to}/`));
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 200, breakpoint: 'sm', collapsed: { mobile: !isMenuOpen } }}
      padding={{ base: 'sm', sm: 'lg' }}
    >
      <a href="#main" className={classes.skip}>
        Skip to the content
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap" gap="xs">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={isMenuOpen} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
            <Anchor component={Link} to="/" underline="never" c="inherit" aria-label="Weaver">
              <Group gap={8} wrap="nowrap">
                <img src="/icon.svg" width={26} height={26} alt="" />
                <Text fw={700} visibleFrom="xs">
                  Weaver
                </Text>
              </Group>
            </Anchor>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ConnectionBadge stream={stream} />
            <ButtonLink
              to="/runs/new"
              leftSection={<IconPlus size={16} aria-hidden />}
              size="sm"
              px="sm"
              visibleFrom="xs"
            >
              New run
            </ButtonLink>
            <IconLink to="/runs/new" size="lg" hiddenFrom="xs" aria-label="New run">
              <IconPlus size={18} aria-hidden />
            </IconLink>
            <NoticesMenu />
            <SchemeToggle />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label="Pages">
        <AppShell.Section grow>
          {NAVIGATION.map(({ to, label, Icon }) => (
            <NavLink
              key={to}
              component={Link}
              to={to}
              label={label}
              leftSection={<Icon size={18} aria-hidden />}
              active={isHere(to)}
              aria-current={isHere(to) ? 'page' : undefined}
              onClick={menu.close}
              className={classes.link}
            />
          ))}
        </AppShell.Section>
        <AppShell.Section>
          <NavLink
            component="button"
            label="Keys"
            leftSection={<IconKeyboard size={18} aria-hidden />}
            onClick={help.open}
            className={classes.link}
          />
          {asksForToken && (
            <NavLink
              component="button"
              label="Sign out"
              leftSection={<IconLogout size={18} aria-hidden />}
              onClick={leave}
              className={classes.link}
            />
          )}
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="main">
        <Outlet />
      </AppShell.Main>
      <KeysHelp opened={isHelpOpen} onClose={help.close} />
    </AppShell>
  );
}
