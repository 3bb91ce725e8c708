import { Group, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';

interface Props {
  title: string;
  /** Beside the title. */
  children?: ReactNode;
  actions?: ReactNode;
}

/** The page's first line, which is the browser tab's title too. */
export function PageTitle({ title, children, actions }: Props) {
  useDocumentTitle(`${title} · Weaver`);
  return (
    <Group justify="space-between" mb="md" gap="sm">
      <Group gap="sm">
        <Title order={1} size="h3" style={{ overflowWrap: 'anywhere' }}>
          {title}
        </Title>
        {children}
      </Group>
      {actions && <Group gap="xs">{actions}</Group>}
    </Group>
  );
}
