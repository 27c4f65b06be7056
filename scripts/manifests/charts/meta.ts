import { readChart } from './chart.ts';
import { readArchive, type ChartFiles } from './archive.ts';
import { list, plain, text } from '../build/data.ts';
import { schemasElsewhere } from './schema.ts';
import { getJson, putJson, type Store } from './store.ts';

/** What has to be known of a chart before it is rendered, kept by its digest. */
export interface Meta {
  readonly name: string;
  readonly version: string;
  /** Charts it names and does not hold. */
  readonly lacking: readonly string[];
  /** Groups of APIs its templates speak of, and kinds of them (policy/v1/PodDisruptionBudget): only these can make it render something else. */
  readonly apis: readonly string[];
  /** Schemas of values that lie elsewhere and would be fetched. */
  readonly elsewhere: readonly string[];
  /** Schemas in it name others in it by their address. */
  readonly linked: boolean;
}

/** Throws for what is no chart. */
export function metaOf(store: Store, digest: string, files: () => ChartFiles): Meta {
  const kept = plain(getJson(store, 'charts', digest));
  const [name, version] = [text(kept['name']), text(kept['version'])];
  if (name !== undefined && version !== undefined) return { name, version, lacking: texts(kept['lacking']), apis: texts(kept['apis']), elsewhere: texts(kept['elsewhere']), linked: kept['linked'] === true };
  const content = files();
  const { lacking, ...chart } = readChart(content);
  if (chart.name === '') throw new Error('its Chart.yaml has no name');
  const meta = { name: chart.name, version: chart.version, lacking, apis: [...apisIn(content)].toSorted(), ...schemasElsewhere(content) };
  putJson(store, 'charts', digest, meta);
  return meta;
}

const texts = (value: unknown): readonly string[] => list(value).filter((each) => typeof each === 'string');

function apisIn(files: ChartFiles): ReadonlySet<string> {
  const apis = new Set<string>();
  for (const [path, bytes] of files) {
    if (/(?:^|\/)crds\//.test(path)) continue;
    if (path.endsWith('.tgz')) for (const api of apisIn(readArchive(bytes))) apis.add(api);
    else if (/(?:^|\/)templates\//.test(path) || path.endsWith('values.yaml')) for (const [api] of bytes.toString('utf8').matchAll(/(?:[a-z0-9-]+\.)+[a-z]{2,}(?=\/|"|'|`)|[a-z0-9.-]+\/v\d\w*\/[A-Z]\w+/g)) apis.add(api);
  }
  return apis;
}
