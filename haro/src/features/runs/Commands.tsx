import { Paper, Tabs, Text } from '@mantine/core';
import { CopyText } from '@/ui/CopyText';
import { curlCommand, temporalCommand, weaverCommand } from './commands';
import type { Asked } from './draft';

/** The commands that start the same run. */
export function Commands({ asked }: { asked: Asked }) {
  const commands = {
    weaver: weaverCommand(asked),
    temporal: temporalCommand(asked),
    curl: curlCommand(asked, window.location.origin),
  };
  return (
    <Paper withBorder p="md">
      <Text fw={600} size="sm" mb="xs">
        The same by command
      </Text>
      <Tabs defaultValue="weaver" keepMounted={false}>
        <Tabs.List mb="xs">
          {Object.keys(commands).map((name) => (
            <Tabs.Tab key={name} value={name} px="sm" py={6}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {Object.entries(commands).map(([name, command]) => (
          <Tabs.Panel key={name} value={name}>
            <CopyText text={command} label={`the ${name} command`} isBlock />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Paper>
  );
}
