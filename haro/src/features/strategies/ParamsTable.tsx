import { Code, Table, Text } from '@mantine/core';
import { parameters } from './params';

/** What a strategy can be told, as its file says. */
export function ParamsTable({ schema }: { schema: unknown }) {
  const known = parameters(schema);
  if (known.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        It has no parameters.
      </Text>
    );
  }
  return (
    <Table.ScrollContainer minWidth={300}>
      <Table fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Parameter</Table.Th>
            <Table.Th>Default</Table.Th>
            <Table.Th visibleFrom="xs">Allowed</Table.Th>
            <Table.Th>Meaning</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {known.map((one) => (
            <Table.Tr key={one.name}>
              <Table.Td>
                <Code>{one.name}</Code>
              </Table.Td>
              <Table.Td>{one.standard}</Table.Td>
              <Table.Td visibleFrom="xs" style={{ whiteSpace: 'nowrap' }}>
                {one.type}
                {one.bounds && ` ${one.bounds}`}
              </Table.Td>
              <Table.Td className="text">{one.description || '–'}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
