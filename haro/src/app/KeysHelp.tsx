import { Kbd, Modal, Table } from '@mantine/core';
import { PLACES } from './keys';

const OTHERS = [
  { keys: '/', name: 'Search on this page' },
  { keys: '?', name: 'This help' },
];

export function KeysHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keys" size="sm">
      <Table>
        <Table.Tbody>
          {[...PLACES, ...OTHERS].map(({ keys, name }) => (
            <Table.Tr key={keys}>
              <Table.Td>
                {keys.split(' ').map((key) => (
                  <Kbd key={key} mr={4}>
                    {key}
                  </Kbd>
                ))}
              </Table.Td>
              <Table.Td>{name}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
