/** All charts the lab can install, by name. */
import type { KubeObject } from '../world/types.ts';
import type { Chart, ReleaseRequest } from './chart.ts';
import { snapshotController, volsync } from './charts/backup.ts';
import { gitlab, gitlabRunner, runnerScaleSet, runnerScaleSetController } from './charts/cicd.ts';
import { cilium } from './charts/cilium.ts';
import { certManager, coredns, externalSecrets, fluxInstance, fluxOperator } from './charts/core.ts';
import { strimziKafkaOperator } from './charts/messaging.ts';
import { appTemplate, spegel } from './charts/networking.ts';
import { reloader } from './charts/operations.ts';
import { dragonflyOperator, pluginBarmanCloud } from './charts/databases.ts';
import { fluentBit, victoriaLogsSingle, victoriaMetricsOperator } from './charts/observability.ts';
import { cloudnativePg, prometheusOperatorCrds, victoriaMetricsOperatorCrds } from './charts/operators.ts';
import { harbor } from './charts/registry.ts';
import { openebs, rookCeph } from './charts/storage.ts';

const CHARTS: ReadonlyMap<string, Chart> = new Map([
  cilium, coredns, certManager, externalSecrets, fluxOperator, fluxInstance, victoriaMetricsOperatorCrds, prometheusOperatorCrds, cloudnativePg,
  openebs, rookCeph, reloader, spegel, appTemplate, pluginBarmanCloud, dragonflyOperator, strimziKafkaOperator, harbor, victoriaMetricsOperator, victoriaLogsSingle, fluentBit,
  snapshotController, volsync,
  runnerScaleSetController, runnerScaleSet, gitlab, gitlabRunner,
].map((chart) => [chart.name, chart]));

/** The catalog has no such chart or does not serve that version; the message names it as a registry would. */
export class ChartNotFound extends Error {
  readonly chart: string;
  readonly version: string;
  constructor(chart: string, version: string, because: string) {
    super(because);
    this.chart = chart; this.version = version;
  }
}

export function knownCharts(): readonly string[] { return [...CHARTS.keys()]; }

/** Last part of `oci://registry/path/name`, `repo/name` or `name`. */
export function chartName(reference: string): string { return reference.replace(/\/+$/, '').split('/').at(-1) ?? reference; }

/** The chart, or ChartNotFound naming what is missing. */
export function findChart(reference: string, version: string): Chart {
  const name = chartName(reference);
  const chart = CHARTS.get(name);
  if (chart === undefined) throw new ChartNotFound(name, version, `the lab's catalog has no chart ${name} (asked for as ${reference}); lab/catalog knows ${knownCharts().join(', ')}`);
  if (!chart.serves.test(version)) throw new ChartNotFound(name, version, `${reference}: version ${version}: not found (the lab's catalog serves ${chart.serves.source} of ${name})`);
  return chart;
}

export interface Rendered { readonly chart: Chart; readonly objects: readonly KubeObject[]; readonly hooks: readonly KubeObject[] }
/** What a release would put into a cluster. The same for helmfile, helm and the helm-controller. */
export function renderRelease(release: ReleaseRequest): Rendered {
  const chart = findChart(release.chart, release.version);
  return { chart, objects: chart.render(release), hooks: chart.hooks?.(release) ?? [] };
}
