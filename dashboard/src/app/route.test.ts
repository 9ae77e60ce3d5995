import { afterEach, expect, test } from 'vitest';

import { navigate, pageOf, setQuery } from './route';

afterEach(() => window.history.replaceState(null, '', '/'));

test('paths name pages, with or without a slash, and unknown ones the Live page', () => {
  expect(pageOf('/')).toBe('/');
  expect(pageOf('/signals')).toBe('/signals');
  expect(pageOf('/logs/')).toBe('/logs');
  expect(pageOf('/nowhere')).toBe('/');
});

test('filters are kept in the query and taken away when empty', () => {
  navigate('/signals?symbol=NVDA');
  setQuery({ side: 'long', status: ['filled', 'rejected'] });
  expect(window.location.search).toBe('?symbol=NVDA&side=long&status=filled&status=rejected');
  setQuery({ symbol: null, side: '', status: [] });
  expect(window.location.pathname + window.location.search).toBe('/signals');
});
