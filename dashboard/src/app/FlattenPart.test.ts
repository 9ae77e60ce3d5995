import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';

import { PositionSchema } from '../wire/proto';
import { courseOf } from './FlattenPart';

const position = (symbol: string, tradeId = `${symbol}-1`) => create(PositionSchema, { symbol, tradeId });

test('a close of everything goes on while one of what was asked for is open', () => {
  const asked = [position('HUSKEL'), position('SKEDAR')];
  expect(courseOf(asked, asked)).toBe('Closing 2 positions');
  expect(courseOf(asked, [position('SKEDAR'), position('ZEBLIN')])).toBe('Closing 2 positions');
  expect(courseOf(asked, [])).toBe('Everything is flat.');
});

test('what opens after it neither hides that it is done nor is hidden by it', () => {
  const asked = [position('HUSKEL'), position('SKEDAR')];
  expect(courseOf(asked, [position('ZEBLIN'), position('HUSKEL', 'HUSKEL-2')])).toBe(
    '2 positions flat. Opened since: ZEBLIN, HUSKEL.',
  );
  expect(courseOf([position('HUSKEL')], [position('ZEBLIN')])).toBe('1 position flat. Opened since: ZEBLIN.');
});
