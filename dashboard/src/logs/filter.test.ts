import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { Component, LogEntrySchema, Severity } from '../wire/proto';
import { filterOf, passing, queryOf } from './filter';

const read = (text: string) => filterOf(new URLSearchParams(text));

describe('a filter', () => {
  it('is read from an address and written there', () => {
    const filter = read('severity=warn&component=Store&component=Api&search=two%20words');
    expect(filter).toEqual({
      severity: Severity.WARN,
      components: [Component.STORE, Component.API],
      search: 'two words',
    });
    expect(queryOf(filter)).toEqual({ severity: 'warn', component: ['Store', 'Api'], search: 'two words' });
  });

  it('shows what a trader cares about at first, and then says nothing in the address', () => {
    const first = { severity: Severity.INFO, components: [], search: '' };
    expect(read('')).toEqual(first);
    expect(read('severity=loud&component=Kitchen')).toEqual(first);
    expect(queryOf(first)).toEqual({ severity: null, component: [], search: '' });
  });

  it('lets through what matters enough, of the parts that are chosen, with the words', () => {
    const entry = (severity: Severity, component: Component, message: string) =>
      create(LogEntrySchema, { severity, component, message });
    const lines = [
      entry(Severity.DEBUG, Component.STORE, 'checkpoint'),
      entry(Severity.WARN, Component.STORE, 'slow commit'),
      entry(Severity.ERROR, Component.DATA, 'slow feed'),
      entry(Severity.ERROR, Component.STORE, 'slow disk'),
    ];
    const found = (text: string) => passing(lines, read(text)).map(({ message }) => message);
    expect(found('severity=debug')).toHaveLength(4);
    expect(found('')).toEqual(['slow commit', 'slow feed', 'slow disk']);
    expect(found('component=Store&severity=error')).toEqual(['slow disk']);
    expect(found('search=slow&component=Data&component=Store')).toHaveLength(3);
    expect(found('search=slow%20di')).toEqual(['slow disk']);
  });
});
