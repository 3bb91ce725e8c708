import { Alert, Button, Center, Code, Group, Loader, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiProblem } from '@/api/problem';

interface Props<T> {
  query: UseQueryResult<T>;
  /** Whether there is nothing to show, and what to do then. */
  isEmpty?: (data: T) => boolean;
  empty?: ReactNode;
  /** What stands there until the first answer; a spinner when absent. */
  loading?: ReactNode;
  children: (data: T) => ReactNode;
}

/** The states of what is asked for: loading, failed, empty, there. Data that could not be asked for anew stays, and says so. */
export function QueryState<T>({ query, isEmpty, empty, loading, children }: Props<T>) {
  if (query.data === undefined) {
    if (query.isError) return <Failed error={query.error} retry={() => query.refetch()} />;
    return (
      loading ?? (
        <Center py="xl">
          <Loader size="sm" aria-label="Loading" />
        </Center>
      )
    );
  }
  return (
    <>
      {query.isError && <Failed error={query.error} retry={() => query.refetch()} isOld />}
      {isEmpty?.(query.data) ? empty : children(query.data)}
    </>
  );
}

interface FailedProps {
  error: unknown;
  retry?: () => void;
  isOld?: boolean;
}

/** What failed, what to do about it, and what to tell who runs the server. */
export function Failed({ error, retry, isOld = false }: FailedProps) {
  const problem = error instanceof ApiProblem ? error : null;
  // A single wrong value is told by the message already.
  const said = problem?.errors.filter((one) => !problem.message.includes(one.message)) ?? [];
  return (
    <Alert
      color={isOld ? 'yellow' : 'red'}
      icon={<IconAlertTriangle size={18} aria-hidden />}
      title={isOld ? 'What is shown may be old' : (problem?.title ?? 'Something went wrong')}
      role="alert"
      mb={isOld ? 'sm' : undefined}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{error instanceof Error ? error.message : String(error)}</Text>
        {said.map((one) => (
          <Text size="sm" key={`${one.field}${one.message}`}>
            <Code>{one.field || 'request'}</Code> {one.message}
          </Text>
        ))}
        {problem && (
          <Text size="xs">
            Code <Code>{problem.code}</Code>
            {problem.correlationId && (
              <>
                , correlation id <Code>{problem.correlationId}</Code>
              </>
            )}
          </Text>
        )}
        {retry && (
          <Button size="compact-sm" variant="default" onClick={retry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

interface EmptyProps {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

/** Nothing is there yet: says what to do next. */
export function Empty({ title, children, action }: EmptyProps) {
  return (
    <Center py="xl" px="md">
      <Stack gap="xs" align="center" maw={460} ta="center">
        <Title order={2} size="h4">
          {title}
        </Title>
        <Text c="dimmed" size="sm" component="div">
          {children}
        </Text>
        {action && <Group mt="xs">{action}</Group>}
      </Stack>
    </Center>
  );
}
