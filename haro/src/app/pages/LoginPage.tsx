import { Alert, Button, Center, Group, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { answered, api } from '@/api/client';
import { signedIn } from '@/api/session';

/** Only ways inside of this dashboard: an address in a link must not lead a person who signs in elsewhere. */
function inside(to: string | undefined): string {
  return to?.startsWith('/') && !to.startsWith('//') && !to.startsWith('/\\') ? to : '/';
}

/** Asks for the server's token once; from then on the browser has a cookie that no script reads. */
export function LoginPage() {
  useDocumentTitle('Sign in · Weaver');
  const { to } = useSearch({ from: '/login' });
  const router = useRouter();
  const queries = useQueryClient();
  const [token, setToken] = useState('');
  const signIn = useMutation({
    mutationFn: () => answered(api.POST('/api/v1/session', { body: { token } })),
    onSuccess: async ({ required }) => {
      signedIn(required);
      queries.clear();
      router.history.replace(inside(to));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <Center mih="100vh" p="md" component="main">
      <Paper withBorder p="xl" w="100%" maw={400} component="form" onSubmit={submit}>
        <Stack>
          <Group gap="sm">
            <img src="/icon.svg" width={32} height={32} alt="" />
            <Title order={1} size="h3">
              Sign in to Weaver
            </Title>
          </Group>
          <Text size="sm" c="dimmed">
            This server asks for its token, WEAVER_API_TOKEN. Whoever started it knows it.
          </Text>
          <PasswordInput
            label="Token"
            name="token"
            value={token}
            onChange={(event) => setToken(event.currentTarget.value)}
            autoComplete="current-password"
            required
            data-autofocus
          />
          {signIn.isError && (
            <Alert color="red" role="alert">
              {signIn.error.message}
            </Alert>
          )}
          <Button type="submit" loading={signIn.isPending} disabled={token === ''}>
            Sign in
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}
