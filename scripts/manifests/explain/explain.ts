import type { Path, Spot } from '../../config/source.ts';
import { idOf } from '../../health/objects.ts';
import { readable } from '../build/index.ts';
import type { Built, Texts } from '../model.types.ts';
import { chainOf, documentsIn, isOfComponent, takenIn } from './chain.ts';
import { fieldPath } from './field.ts';
import { fieldOrigins, type FieldOrigin } from './fields.ts';
import type { Hit } from './find.ts';
import type { Explanation } from './model.ts';
import { valuesOf, type ValueReads } from './values.ts';

export interface ExplainOptions {
  /** A field, as people write it; undefined: those that have something to tell. */
  readonly field: string | undefined;
  /** Every field. */
  readonly all: boolean;
  /** What the template of an object reads of its release's values; undefined when charts were not looked into. */
  readonly reads: ((hit: Hit) => Promise<ValueReads>) | undefined;
}

/** What made an object, and each of its fields, what it is. Throws Failure (64) for a field there is not. */
export async function explain(hit: Hit, options: ExplainOptions): Promise<Explanation> {
  const { tree: { texts, name }, built } = hit;
  const { object, origin } = built;
  const values = options.all || options.field !== undefined ? valuesOf(hit, options.field) : undefined;
  // Values are more than what the HelmRelease itself says of them.
  const path = options.field === undefined || values !== undefined ? [] : fieldPath(object, options.field);
  const chain = chainOf(built);
  const fields = built.release === undefined && (values === undefined || options.field === undefined) ? fieldOrigins(texts, built, path) : [];
  const told = options.all || options.field !== undefined ? fields : fields.filter((field) => !field.own);
  return {
    cluster: name, id: readable(idOf(object)), apiVersion: object.apiVersion, written: writtenAt(texts, built), ...await chartOf(hit, options), ...(values === undefined ? {} : { values }),
    takenIn: chain[0]?.unit.folder === undefined ? [] : takenIn(texts, chain[0].unit.folder, origin.source.file).map((source) => texts.spot(source)),
    chain: chain.map(({ unit, source }) => ({ unit: `${unit.namespace}/${unit.name}`, folder: unit.folder ?? '', at: source === undefined ? null : texts.spot({ ...source, at: [...source.at, 'metadata', 'name'] }), suspended: unit.suspended })),
    edits: editsOf(texts, built), fields: told, others: fields.length - told.length,
  };
}

function writtenAt(texts: Texts, built: Built): Explanation['written'] {
  const { source } = built.origin;
  const [field] = source.at;
  const generator = field === 'configMapGenerator' || field === 'secretGenerator' ? field : null;
  // The name says best where an object begins; comments stand before its document.
  const at = texts.spot(generator === null ? { ...source, at: [...source.at, ...NAME] } : { ...source, at: [...source.at, 'name'] });
  return { at, document: source.document + 1, documents: documentsIn(texts, source.file), generator };
}
const NAME: Path = ['metadata', 'name'];

async function chartOf(hit: Hit, options: ExplainOptions): Promise<Pick<Explanation, 'chart' | 'values'>> {
  const { built, releases } = hit;
  if (built.release === undefined) return { chart: null, values: [] };
  const release = releases.find(({ declared }) => declared === built.release);
  const reads = options.reads === undefined ? { unknown: 'charts were not looked into', values: [] } : await options.reads(hit);
  return {
    chart: { release: readable(idOf(built.release.object)), name: release?.chart.name ?? '', version: release?.chart.version ?? '', template: built.origin.template ?? '', unknown: reads.unknown },
    values: reads.values,
  };
}

/** Edits in the order they were made, those of one place once. */
function editsOf(texts: Texts, built: Built): Explanation['edits'] {
  const seen = new Set<string>();
  return built.origin.edits.flatMap((edit) => {
    if (edit.by === 'generator' || edit.sets.length === 0) return [];
    const at = texts.spot(edit.source);
    const key = `${edit.by} ${placeKey(at)}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ by: edit.by, at, component: isOfComponent(texts, edit.source.file) }];
  });
}
const placeKey = ({ file, line, column }: Spot): string => `${file}:${line}:${column}`;

/** Fields of one place, together. */
export function byPlace(fields: readonly FieldOrigin[]): readonly (readonly FieldOrigin[])[] {
  return [...Map.groupBy(fields, (field) => (field.variables.length > 0 ? `${field.field} ${placeKey(field.at)}` : `${field.by} ${placeKey(field.at)}`)).values()];
}
