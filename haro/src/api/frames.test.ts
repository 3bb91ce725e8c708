import { expect, it } from 'vitest';
import { FrameReader } from './frames';

it('events are read however the network cuts them', () => {
  const text = 'retry: 3000\nid: 1~now\n\n: heartbeat\nid: 2\nevent: run.Started\ndata: {"a":1}\n\n';
  const whole = new FrameReader().take(text);
  expect(whole).toEqual([
    { id: '1~now', type: 'message', data: '' },
    { id: '2', type: 'run.Started', data: '{"a":1}' },
  ]);
  const reader = new FrameReader();
  expect([...text].flatMap((character) => reader.take(character))).toEqual(whole);
});

it('a comment is no event', () => {
  expect(new FrameReader().take(': heartbeat\n: heartbeat\n')).toEqual([]);
});
