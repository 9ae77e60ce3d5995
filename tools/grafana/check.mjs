// Judges dashboards by Grafana's own schema: `node check.mjs FILE...`. Exits with 1 when one of them breaks it.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv, exit } from 'node:process';
import { fileURLToPath } from 'node:url';

import Ajv from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';

const HERE = dirname(fileURLToPath(import.meta.url));

/** What a panel may be. */
const KINDS = ['stat', 'timeseries', 'row'];

/** What judges one dashboard: it returns the faults, each with its place. */
export function judge() {
  const generator = createGenerator({
    path: join(HERE, 'dashboard.ts'),
    tsconfig: join(HERE, 'tsconfig.json'),
    expose: 'none',
    // A key that Grafana does not know is a mistake in writing.
    additionalProperties: false,
  });
  const ajv = new Ajv({ allErrors: true, strict: false });
  const validator = (type) => ajv.compile(generator.createSchema(type));
  const whole = validator('Dashboard');
  const kinds = new Map(KINDS.map((kind) => [kind, validator(kind)]));

  const faultsOf = (validate, value, place) => (validate(value) ? [] : validate.errors.map((error) => told(error, place)));
  const panel = (value, place) => {
    const validate = kinds.get(value.type);
    if (validate === undefined) return [`${place}/type: ${value.type} is none of ${KINDS.join(', ')}`];
    return [...faultsOf(validate, value, place), ...panels(value.panels, `${place}/panels`)];
  };
  const panels = (list = [], place) => list.flatMap((value, at) => panel(value, `${place}/${at}`));
  return (dashboard) => {
    const faults = faultsOf(whole, dashboard, '');
    return faults.length > 0 ? faults : [...panels(dashboard.panels, '/panels'), ...twins(dashboard)];
  };
}

function told({ instancePath, message, params }, place) {
  const detail = Object.values(params ?? {}).filter((value) => typeof value === 'string').join(', ');
  return `${place}${instancePath || '/'}: ${message}${detail ? ` (${detail})` : ''}`;
}

/** Panels that share an identity, which no schema can say. */
function twins({ panels }) {
  const ids = panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]).map(({ id }) => id);
  return [...new Set(ids.filter((id, at) => ids.indexOf(id) !== at))].map((id) => `/panels: ${id} is the id of two of them`);
}

function main(files) {
  if (files.length === 0) {
    console.error('usage: node check.mjs FILE...');
    return 2;
  }
  const faults = judge();
  let failed = false;
  for (const file of files) {
    const found = faults(JSON.parse(readFileSync(file, 'utf8')));
    for (const fault of found) console.error(`${file}: ${fault}`);
    failed ||= found.length > 0;
    if (found.length === 0) console.log(`${file}: as Grafana's schema wants it`);
  }
  return failed ? 1 : 0;
}

if (argv[1] === fileURLToPath(import.meta.url)) exit(main(argv.slice(2)));
