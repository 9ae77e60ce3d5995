import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { judge } from './check.mjs';

const FILE = new URL('../../deploy/grafana/orb.json', import.meta.url);
const faults = judge();

/** The shipped dashboard with one thing changed. */
function changed(change) {
  const dashboard = JSON.parse(readFileSync(FILE, 'utf8'));
  change(dashboard);
  return faults(dashboard);
}

const timeseries = (dashboard) => dashboard.panels.find(({ type }) => type === 'timeseries');

test('the shipped dashboard has no fault', () => {
  assert.deepEqual(changed(() => {}), []);
});

test('a key that Grafana does not know is named', () => {
  assert.match(changed((it) => (it.paneels = []))[0], /^\/: .*paneels/);
});

test('a missing option is named with its panel', () => {
  const place = JSON.parse(readFileSync(FILE, 'utf8')).panels.findIndex(({ type }) => type === 'timeseries');
  const found = changed((it) => delete timeseries(it).options.legend);
  assert.deepEqual(found, [`/panels/${place}/options: must have required property 'legend' (legend)`]);
});

test('a word that is none of the choices is refused', () => {
  assert.match(changed((it) => (timeseries(it).options.tooltip.mode = 'loud'))[0], /options\/tooltip\/mode/);
});

test('a number where a text belongs is refused', () => {
  assert.match(changed((it) => (timeseries(it).targets[0].expr = 1))[0], /targets\/0\/expr: must be string/);
});

test('a kind of panel that is not judged is refused', () => {
  assert.match(changed((it) => (timeseries(it).type = 'graph'))[0], /graph is none of/);
});

test('panels do not share an id', () => {
  assert.match(changed((it) => (it.panels[1].id = it.panels[0].id))[0], /is the id of two of them/);
});

test('panels inside of a row are judged too', () => {
  const found = changed((it) => {
    const inside = { ...timeseries(it), id: 900, options: {} };
    it.panels.push({ id: 901, type: 'row', title: 'more', collapsed: true, panels: [inside] });
  });
  assert.match(found[0], /^\/panels\/\d+\/panels\/0\/options/);
});
