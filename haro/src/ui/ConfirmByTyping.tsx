import { Button, Code, Group, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';

interface Props {
  /** What must be typed, letter by letter. */
  word: string;
  /** What the button says. */
  action: string;
  onConfirmed: () => void;
  onCancel: () => void;
  isPending?: boolean;
  children: ReactNode;
}

/** For what cannot be undone, or costs money: the button works once the name has been typed. */
export function ConfirmByTyping({ word, action, onConfirmed, onCancel, isPending = false, children }: Props) {
  const [typed, setTyped] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed === word) onConfirmed();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {children}
        <TextInput
          label={
            <Text span size="sm">
              Type <Code>{word}</Code> to confirm
            </Text>
          }
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value.trim())}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          data-autofocus
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Back
          </Button>
          <Button type="submit" color="red" disabled={typed !== word} loading={isPending}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
