import { expect, it } from 'vitest';
import { monthlyReturns } from './months';

it('a month runs from the last value before it to its own last one, and a year compounds its months', () => {
  const times = ['2023-12-29T00:00:00Z', '2024-01-02T00:00:00Z', '2024-01-31T00:00:00Z', '2024-03-28T00:00:00Z'];
  const [of2024, of2023] = monthlyReturns(times, ['100', '105', '110', '99']);
  // 110 / 100 - 1 = 10 %; 99 / 110 - 1 = -10 %; together 99 / 100 - 1 = -1 %.
  expect(of2024?.months[0]).toBeCloseTo(10);
  expect(of2024?.months[1]).toBeNull();
  expect(of2024?.months[2]).toBeCloseTo(-10);
  expect(of2024?.whole).toBeCloseTo(-1);
  expect(of2023?.months[11]).toBeCloseTo(0);
});
