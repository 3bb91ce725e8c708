import { expect, it } from 'vitest';
import { nextWindow } from './window';

const whole = { window: {}, first: 0, last: 1_000_000, barsPerCandle: 100 };
const part = { window: { from: 400_000, to: 600_000 }, first: 400_000, last: 600_000, barsPerCandle: 1 };

it('nothing is loaded while what is there will do', () => {
  expect(nextWindow({ from: 0, to: 1_000_000 }, 1_500, whole)).toBeNull();
  expect(nextWindow({ from: 480_000, to: 520_000 }, 100, part)).toBeNull();
});

it('a close look loads finer candles, with as much again on both sides', () => {
  expect(nextWindow({ from: 500_000, to: 510_000 }, 15, whole)).toEqual({ from: 490_000, to: 520_000 });
});

it('a look past an edge loads what is there', () => {
  expect(nextWindow({ from: 401_000, to: 441_000 }, 100, part)).toEqual({ from: 361_000, to: 481_000 });
});

it('a look from further away loads as much again on both sides', () => {
  expect(nextWindow({ from: 400_000, to: 600_000 }, 1_500, part)).toEqual({ from: 200_000, to: 800_000 });
});

it('bars that are as fine as they get are left alone', () => {
  expect(nextWindow({ from: 500_000, to: 500_100 }, 2, { ...whole, barsPerCandle: 1 })).toBeNull();
});
