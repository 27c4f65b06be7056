import { posix } from 'node:path';
import { readYaml } from '../build/yaml.ts';
import type { Tree } from '../model.types.ts';
import type { ChartFiles } from './archive.ts';
import type { Context } from './context.ts';
import { isPlain, type Values } from '../build/data.ts';
import { mergeMaps } from './merge.ts';
import { metaOf } from './meta.ts';
import type { Obtained } from './obtain.ts';
import type { Wanted } from './source.ts';
import { digestOf } from './store.ts';

/** A chart with spec.chart.spec.valuesFiles for its values.yaml, merged in order, as source-controller packs it; or the file that is missing. */
export function withValuesFiles(cx: Context, tree: Tree, wanted: Wanted, chart: Obtained): Obtained | { readonly missing: string; readonly index: number } {
  if (wanted.valuesFiles.length === 0) return chart;
  let values: Values = {};
  for (const [index, file] of wanted.valuesFiles.entries()) {
    const content = wanted.is === 'tree' ? tree.texts.text(posix.normalize(file.replace(/^\/+/, ''))) : chart.files().get(posix.normalize(file))?.toString('utf8');
    if (content === undefined) {
      if (wanted.ignoreMissing) continue;
      return { missing: file, index };
    }
    const read = readYaml(content, true);
    const data = 'trouble' in read ? undefined : read.documents[0];
    if (isPlain(data)) values = mergeMaps(values, data);
  }
  const text = JSON.stringify(values);
  const digest = digestOf('values', chart.digest, text);
  const files = (): ChartFiles => new Map([...chart.files(), ['values.yaml', Buffer.from(text, 'utf8')]]);
  return { digest, meta: metaOf(cx.store, digest, files), files, place: () => cx.laidOut(digest, files) };
}
