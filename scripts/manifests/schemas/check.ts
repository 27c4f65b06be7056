import { join } from 'node:path';
import { nearest } from '../../config/words.ts';
import { cacheFolder } from '../../tools/environment.ts';
import type { Built, View } from '../model.types.ts';
import { judgedAlone } from '../view.ts';
import { evaluate } from './evaluate.ts';
import { explain, type SchemaFound, type Subject } from './explain.ts';
import { gvkOf, isBuiltIn, isServed, keyOf as kindOf, apiVersionOf, LISTED_UNTIL, type Gvk } from './kinds.ts';
import { knownDefinitions } from './known.ts';
import { locatorOf, type Located, type Locator } from './locate.ts';
import { bareObject } from './look.ts';
import { arbiter, type Asked } from './arbiter.ts';
import { embedded } from './embedded.ts';
import { fateOf } from './fates.ts';
import { atLeast, isGone } from './installed.ts';
import type { Trouble } from './trouble.ts';
import { keyOf, verdicts, type Verdicts } from './verdicts.ts';

const answers = new WeakMap<View, Promise<readonly SchemaFound[]>>();

/** What the schemas say of every object of a view, worked out once for all rules that ask. */
export function checkSchemas(view: View): Promise<readonly SchemaFound[]> {
  const known = answers.get(view) ?? judgeAll(view);
  answers.set(view, known);
  return known;
}

/** An object with its schema, not judged yet. */
interface Open extends Subject { readonly gvk: Gvk; readonly located: Located; readonly key: string }

async function judgeAll(view: View): Promise<readonly SchemaFound[]> {
  const { kubernetes } = view.tree.settings;
  const look = locatorOf(view);
  const file = view.around === undefined ? undefined : join(cacheFolder(view.around.environment), 'manifests', 'verdicts.json');
  const kept = verdicts(file);
  const places = new Map<string, Located | undefined>();
  const found: SchemaFound[] = [];
  const open: Open[] = [];
  const homeless = new Map<string, Asked[]>();
  const judged = (subject: Subject, located: Located, troubles: readonly Trouble[]): void => {
    for (const trouble of troubles) found.push(...explain(subject, located.schema(), trouble));
  };
  for (const subject of subjects(view)) {
    const gvk = gvkOf(subject.object);
    const kind = kindOf(gvk);
    if (!places.has(kind)) places.set(kind, look.find(gvk));
    const located = places.get(kind);
    if (located === undefined) {
      if (!toldOtherwise(view, gvk)) homeless.set(kind, [...homeless.get(kind) ?? [], { subject, gvk }]);
      continue;
    }
    const key = keyOf(located.id, subject.object);
    const before = kept.get(key);
    if (before !== undefined) judged(subject, located, before);
    else open.push({ ...subject, gvk, located, key });
  }
  const doubtful: Open[] = [];
  const own = new Map<Open, readonly Trouble[]>();
  for (const each of open) {
    const schema = each.located.schema();
    const verdict = schema === undefined ? { is: 'undecided' as const } : evaluate(schema, each.object);
    if (verdict.is === 'valid') kept.put(each.key, []);
    else doubtful.push(each);
    if (verdict.is === 'invalid') own.set(each, verdict.troubles);
  }
  found.push(...await decide(view, look, kept, kubernetes, doubtful, own, judged));
  found.push(...await askCatalogs(view, look, kept, kubernetes, homeless, judged));
  kept.save();
  return found;
}

/** kubeconform's word on what the evaluator here found wrong, or could not judge; its own words for what it agrees with. */
async function decide(view: View, look: Locator, kept: Verdicts, kubernetes: string | undefined, doubtful: readonly Open[], own: ReadonlyMap<Open, readonly Trouble[]>, judged: (subject: Subject, located: Located, troubles: readonly Trouble[]) => void): Promise<readonly SchemaFound[]> {
  if (doubtful.length === 0) return [];
  const asked = doubtful.map((each): Asked => ({ subject: each, gvk: each.gvk, located: each.located }));
  const { verdicts: told, because } = await arbiter(view, look, kubernetes, []).judge(asked);
  const unjudged: Open[] = [];
  doubtful.forEach((each, index) => {
    const verdict = told[index];
    const mine = own.get(each);
    if (verdict?.is === 'valid') kept.put(each.key, []);
    else if (verdict?.is === 'invalid') {
      const troubles = mine ?? verdict.troubles;
      kept.put(each.key, troubles);
      judged(each, each.located, troubles);
    // Proven equal where it decides, so its word stands when there is nobody to confirm it.
    } else if (mine !== undefined) judged(each, each.located, mine);
    else unjudged.push(each);
  });
  const [first] = unjudged;
  if (first === undefined) return [];
  const said = told.map((each) => (each?.is === 'error' ? each.said : '')).find((each) => each !== '');
  const reason = because?.message ?? `kubeconform could not judge them: ${said ?? 'it did not say why'}`;
  return [{
    rule: 'schema-unchecked', unknown: true, built: first.built, path: ['kind'],
    message: `${unjudged.length === 1 ? 'this object was' : `${unjudged.length} objects were`} not held against ${unjudged.length === 1 ? 'its schema' : 'their schemas'}: ${reason}`,
    hint: because?.hint ?? 'look at the schema it was given: kubeconform reads it otherwise, or not at all',
  }];
}

/** Kinds no schema was found for nearby: the catalogs are asked, else each is told once. */
async function askCatalogs(view: View, look: Locator, kept: Verdicts, kubernetes: string | undefined, homeless: ReadonlyMap<string, readonly Asked[]>, judged: (subject: Subject, located: Located, troubles: readonly Trouble[]) => void): Promise<readonly SchemaFound[]> {
  if (homeless.size === 0) return [];
  const { told, because } = await arbiter(view, look, kubernetes, look.catalogs).fetch(homeless, kept);
  const found: SchemaFound[] = [];
  for (const [kind, asked] of homeless) {
    const verdicts = told.get(kind);
    const [first] = asked;
    if (first === undefined) continue;
    const located = verdicts === undefined ? undefined : look.find(first.gvk);
    if (verdicts === undefined || located === undefined) {
      found.push(...missing(view, asked, first.gvk, look, because));
      continue;
    }
    verdicts.forEach((verdict, index) => {
      const each = asked[index];
      if (each === undefined || verdict.is === 'error') return;
      const schema = located.schema();
      const mine = schema === undefined ? undefined : evaluate(schema, each.subject.object);
      const troubles = verdict.is === 'valid' ? [] : mine?.is === 'invalid' ? mine.troubles : verdict.troubles;
      kept.put(keyOf(located.id, each.subject.object), troubles);
      judged(each.subject, located, troubles);
    });
  }
  return found;
}

function missing(view: View, all: readonly Asked[], gvk: Gvk, look: Locator, because: string | undefined): SchemaFound[] {
  // Told at an object the other clusters have as well, where there is one: then it is one finding for all of them.
  const shared = (built: Built): boolean => view.others.every(({ objects }) => objects.some(({ origin, object }) => object.kind === gvk.kind && origin.source.file === built.origin.source.file && origin.source.document === built.origin.source.document));
  const chosen = all.find(({ subject }) => subject.built.release === undefined && shared(subject.built)) ?? all[0];
  if (chosen === undefined) return [];
  const { built, prefix } = chosen.subject;
  const near = nearest(gvk.kind, knownDefinitions(view).kinds(gvk.group));
  return [{
    rule: 'schema-missing', unknown: true, built, path: [...prefix, 'kind'],
    message: `there is no schema for ${gvk.kind} (${apiVersionOf(gvk)}), so no object of it is checked${because === undefined ? '' : `: ${because}`}`,
    hint: `${near === undefined ? '' : `did you mean ${near}? If not, `}give a folder of schemas (SCHEMAS=folder, or schemas in .manifests.yaml); looked into ${look.places.join('; ')}`,
  }];
}

/** Kinds and versions that are wrong in themselves: other rules say so, and a schema is not what is missing. */
function toldOtherwise(view: View, gvk: Gvk): boolean {
  const { kubernetes } = view.tree.settings;
  const fate = fateOf(gvk);
  const listed = kubernetes !== undefined && !atLeast(kubernetes, LISTED_UNTIL);
  return (isBuiltIn(gvk.group) && !isServed(gvk) && listed) || (fate !== undefined && isGone(view, fate) === true) || gvk.group === 'kustomize.config.k8s.io';
}

function* subjects(view: View): Iterable<Subject & { readonly object: Built['object'] }> {
  for (const built of judgedAlone(view)) {
    yield { built, object: bareObject(built.object), kind: built.object.kind, prefix: [] };
    for (const { object: inner, prefix } of embedded(built)) yield { built, object: bareObject(inner), kind: inner.kind, prefix };
  }
}
