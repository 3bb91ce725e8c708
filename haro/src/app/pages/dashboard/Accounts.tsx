import { Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { AccountCard } from '@/features/account/AccountCard';
import { accountList } from '@/features/account/queries';
import { QueryState } from '@/ui/QueryState';

/** The accounts that were used, each with its kill switch. */
export function Accounts() {
  const query = useQuery(accountList());
  return (
    <Stack component="section" gap="sm" aria-labelledby="accounts">
      <Title order={2} size="h4" id="accounts">
        Accounts
      </Title>
      <QueryState
        query={query}
        isEmpty={(accounts) => accounts.total === 0}
        empty={
          <Text size="sm" c="dimmed">
            None was used yet. The first paper run opens one.
          </Text>
        }
      >
        {(accounts) => accounts.items.map((account) => <AccountCard key={account.account_id} account={account} />)}
      </QueryState>
    </Stack>
  );
}
