import { describe, expect, it } from 'vitest';
import { duration, localTime, money, percent, price, quantity, relative, signedMoney, utcTime } from './format';

describe('numbers', () => {
  it('are exact where a float would not be', () => {
    expect(money('9007199254740993.01')).toBe('9,007,199,254,740,993.01');
    expect(quantity('0.123456789')).toBe('0.123456789');
  });

  it('carry their sign when they are gains or losses, and none at zero', () => {
    expect(signedMoney('5673.826')).toBe('+5,673.83');
    expect(signedMoney('-1221.486')).toBe('-1,221.49');
    expect(signedMoney('0')).toBe('0.00');
    expect(percent(5, { signed: true })).toBe('+5.00 %');
  });

  it('that round to nothing have no sign', () => {
    expect([money('-0.001'), percent(-0.001), signedMoney('-0.001')]).toEqual(['0.00', '0.00 %', '0.00']);
  });

  it('of small prices have more digits', () => {
    expect(price('1.49857')).toBe('1.4986');
    expect(price('101.25')).toBe('101.25');
    expect(price('0.00001234')).toBe('0.00001234');
  });

  it('that are absent are a dash', () => {
    expect([money(null), percent(undefined), price(''), duration(null)]).toEqual(['–', '–', '–', '–']);
  });
});

describe('times', () => {
  it('are in the zone of the reader, summer time included, and in UTC where asked', () => {
    expect(localTime('2024-01-02T14:30:05Z')).toBe('2024-01-02 15:30:05');
    expect(localTime('2024-07-02T14:30:05Z')).toBe('2024-07-02 16:30:05');
    expect(utcTime('2024-07-02T14:30:05Z')).toBe('2024-07-02 14:30:05 UTC');
  });

  it('are relative in words', () => {
    const now = Date.parse('2024-01-02T14:30:00Z');
    expect(relative('2024-01-02T14:29:00Z', now)).toBe('1 min ago');
    expect(relative('2024-01-02T14:30:05Z', now)).toBe('in 5 s');
    expect(relative('2024-01-02T14:30:00Z', now)).toBe('now');
  });

  it('have lengths in two units', () => {
    expect([0.25, 2.34, 59, 125, 7_500, 90_000].map(duration)).toEqual([
      '250 ms',
      '2.3 s',
      '59 s',
      '2 min 5 s',
      '2 h 5 min',
      '1 d 1 h',
    ]);
  });
});
