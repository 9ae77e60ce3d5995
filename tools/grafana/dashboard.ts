// What a dashboard of orb may be: Grafana's own types, with each kind of panel that is used bound to its own options.
import type {
  Dashboard as AnyDashboard,
  FieldConfig,
  FieldConfigSource,
  Panel as AnyPanel,
  RowPanel as AnyRowPanel,
} from '@grafana/schema/dist/types/raw/dashboard/x/dashboard_types.gen';
import type { Options as StatOptions } from '@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type {
  FieldConfig as TimeSeriesFields,
  Options as TimeSeriesOptions,
} from '@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/** A source of data, by the variable that chooses it. */
interface Source {
  type: 'prometheus';
  uid: string;
}

/** A query of Prometheus. Its type is not in Grafana's package of schemas: these are the fields that are used here. */
interface Query {
  datasource: Source;
  expr: string;
  legendFormat?: string;
  refId: string;
  instant?: boolean;
  range?: boolean;
}

interface Fields<Custom> extends Omit<FieldConfigSource, 'defaults'> {
  defaults: Omit<FieldConfig, 'custom'> & { custom?: Custom };
}

interface Panel<Type extends string, Options, Custom>
  extends Omit<AnyPanel, 'type' | 'options' | 'fieldConfig' | 'targets' | 'datasource' | 'id' | 'title' | 'description' | 'gridPos'> {
  id: number;
  type: Type;
  title: string;
  description: string;
  datasource: Source;
  gridPos: NonNullable<AnyPanel['gridPos']>;
  targets: Query[];
  fieldConfig: Fields<Custom>;
  options: Options;
}

/** The kinds of panels, by the word that the file names them by. */
export type stat = Panel<'stat', StatOptions, Record<string, never>>;
export type timeseries = Panel<'timeseries', TimeSeriesOptions, TimeSeriesFields>;
export type row = Omit<AnyRowPanel, 'panels'> & { panels: Record<string, unknown>[] };

/** One of the files in deploy/grafana, without what its panels are in themselves. */
export interface Dashboard extends Omit<AnyDashboard, 'panels' | 'uid' | 'title'> {
  uid: string;
  title: string;
  panels: Record<string, unknown>[];
}
