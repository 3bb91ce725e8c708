import { Grid, Stack } from '@mantine/core';
import { HealthCard } from '@/features/health/HealthCard';
import { PageTitle } from '@/ui/PageTitle';
import { Accounts } from './dashboard/Accounts';
import { ActiveRuns } from './dashboard/ActiveRuns';
import { Activity } from './dashboard/Activity';
import { RecentOrders } from './dashboard/RecentOrders';

/** What one looks at all day: does it work, what runs, what was traded. */
export function DashboardPage() {
  return (
    <>
      <PageTitle title="Dashboard" />
      <Grid gap="md">
        <Grid.Col span={{ base: 12, lg: 7 }}>
          <Stack gap="md">
            <ActiveRuns />
            <RecentOrders />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 5 }}>
          <Stack gap="md">
            <HealthCard />
            <Accounts />
            <Activity />
          </Stack>
        </Grid.Col>
      </Grid>
    </>
  );
}
