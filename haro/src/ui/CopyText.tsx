import { ActionIcon, Code, CopyButton, Group } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';

interface Props {
  text: string;
  /** What is shown, when it is shorter than what is copied. */
  shown?: string;
  label: string;
  isBlock?: boolean;
}

/** A text that one wants elsewhere: a command, a digest, an id. */
export function CopyText({ text, shown, label, isBlock = false }: Props) {
  return (
    <Group gap={4} wrap="nowrap" align={isBlock ? 'flex-start' : 'center'}>
      <Code
        block={isBlock}
        title={shown ? text : undefined}
        style={{ flex: isBlock ? 1 : undefined, minWidth: 0 }}
        tabIndex={isBlock ? 0 : undefined}
      >
        {shown ?? text}
      </Code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <ActionIcon
            variant="subtle"
            color={copied ? 'teal' : 'gray'}
            onClick={copy}
            aria-label={copied ? 'Copied' : `Copy ${label}`}
            size="sm"
          >
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
          </ActionIcon>
        )}
      </CopyButton>
    </Group>
  );
}
