import { expect, it } from 'vitest';
import { parseSearch, stringifySearch } from './search';

it('an address reads as it is written, with lists by commas', () => {
  const address = stringifySearch({
    q: 'a b',
    status: ['running', 'paused'],
    symbol: 'SIM/USD',
    page: 2,
    mode: undefined,
  });
  expect(address).toBe('?q=a+b&status=running,paused&symbol=SIM/USD&page=2');
  expect(parseSearch(address)).toEqual({ q: 'a b', status: 'running,paused', symbol: 'SIM/USD', page: '2' });
});
