import { posix } from 'node:path';
import { wholeFile } from '../../config/source.ts';
import { meant } from '../../config/words.ts';
import type { Around, Built, Found, Settings, Source, Texts, Tree, Unit, VariableUse } from '../model.types.ts';
import { SETTINGS_FILE } from '../settings.ts';
import { get, text } from './data.ts';
import { commonMetadataEdit, folderOfPath, isFluxKustomization, withCommonMetadata } from './flux.ts';
import { buildRaw } from './raw.ts';
import { Repository } from './repository.ts';
import { substituteObject, substitutionDisabled, usesIn, type Trouble } from './substitute.ts';
import { TreeTexts } from './texts.ts';
import { isUnknown, unknownOf } from './unknown.ts';
import { askedBy, Sources, variablesOf, type Variables } from './variables.ts';
import { withVariants } from './variants.ts';
import type { Res } from './work.ts';

type Draft = { -readonly [Key in keyof Unit]: Unit[Key] };

/** Everything one entry point leads to. Mistakes are in `found`; a unit that cannot be built does not stop the others. `around`: for what only the real kustomize can do. */
export async function buildTree(texts: Texts, settings: Settings, entry: { readonly name: string; readonly folder: string }, around?: Around): Promise<Tree> {
  if (!(texts instanceof TreeTexts)) throw new TypeError('texts are made by readTexts');
  return new Builder(texts, settings, entry, around).build();
}

/** Several entry points of one repository: what they share is read and built once. */
export async function buildTrees(texts: Texts, settings: Settings, entries: readonly { readonly name: string; readonly folder: string }[], around?: Around): Promise<readonly Tree[]> {
  const trees: Tree[] = [];
  for (const entry of entries) {
    const tree = await buildTree(texts, settings, entry, around);
    trees.push(settings.variants === undefined ? tree : await withVariants(tree, settings, (other) => buildTree(texts, other, entry, around)));
  }
  return trees;
}

class Builder {
  readonly #texts: TreeTexts;
  readonly #settings: Settings;
  readonly #entry: { readonly name: string; readonly folder: string };
  readonly #sources: Sources;
  readonly #repository: Repository;
  readonly #around: Around | undefined;
  readonly #found = new Set<Found>();
  readonly #units = new Map<string, Draft>();
  readonly #children = new Map<Draft, Draft[]>();
  readonly #waiting: Draft[] = [];

  constructor(texts: TreeTexts, settings: Settings, entry: { readonly name: string; readonly folder: string }, around: Around | undefined) {
    this.#around = around;
    this.#texts = texts;
    this.#settings = settings;
    this.#entry = entry;
    this.#sources = new Sources(settings);
    this.#repository = new Repository(texts);
  }

  async build(): Promise<Tree> {
    const { name, folder: entry } = this.#entry;
    const root = draft({ namespace: 'flux-system', name: 'flux-system', declared: undefined, parent: undefined, folder: entry });
    if (this.#texts.kind(entry) === 'directory') await this.#entryUnit(root);
    else {
      root.broken = true;
      root.hides = true;
      const said = this.#settings.entries.get(name) === entry;
      const spot = said ? this.#texts.spot({ file: SETTINGS_FILE, document: this.#texts.documents(SETTINGS_FILE)?.[0]?.index ?? 0, at: ['entries', name] }) : wholeFile(entry);
      this.#found.add({ rule: 'entry-missing', spot, message: `there is no folder ${entry} to begin with`, hint: meant(posix.basename(entry), this.#texts.entries(posix.dirname(entry)).map((each) => each.name), 'name the folder Flux begins with: ENTRY=path') });
    }
    this.#units.set(keyOf(root), root);
    let queue: Draft[] = [...this.#children.get(root) ?? []];
    while (queue.length > 0 || this.#waiting.length > 0) {
      const [next] = queue;
      if (next === undefined) { queue = this.#released(); continue; }
      queue.shift();
      if (this.#mustWait(next)) { this.#waiting.push(next); continue; }
      await this.#unit(next);
      queue.push(...this.#children.get(next) ?? []);
    }
    const units = this.#ordered(root);
    return { name, entry, texts: this.#texts, settings: this.#settings, units, objects: units.flatMap((unit) => unit.objects), found: [...this.#found] };
  }

  /** Waiting units whose variables are all there now; when none is, the first of them, which then goes without. */
  #released(): Draft[] {
    const ready = this.#waiting.filter((unit) => !this.#mustWait(unit));
    const out = ready.length > 0 ? ready : this.#waiting.slice(0, 1);
    for (const unit of out) this.#waiting.splice(this.#waiting.indexOf(unit), 1);
    if (ready.length === 0) for (const unit of out) this.#forced.add(unit);
    return out;
  }
  readonly #forced = new Set<Draft>();
  /** Units of which kustomize itself would have to say more. */
  readonly #unsure = new Set<Unit>();

  #mustWait(unit: Draft): boolean {
    if (unit.declared === undefined || unit.folder === undefined || this.#forced.has(unit)) return false;
    return askedBy(unit.declared.object).some(({ kind, name }) => !this.#sources.has(kind, unit.namespace, name));
  }

  /** The entry may hold the Kustomization that builds it (as `flux bootstrap` writes it); its spec counts then. */
  async #entryUnit(root: Draft): Promise<void> {
    const source: Source = { file: root.folder ?? '', document: 0, at: [] };
    const { objects } = await buildRaw(this.#texts, root.folder ?? '', undefined, source, this.#around);
    const own = objects.find(({ object }) => isFluxKustomization(object) && folderOfPath(text(get(object, 'spec', 'path'))) === root.folder);
    if (own !== undefined) {
      this.#repository.main(own.object);
      root.namespace = own.object.metadata.namespace ?? root.namespace;
      root.name = own.object.metadata.name;
      root.declared = { object: own.object, raw: own.object, origin: { source: own.source, edits: own.edits }, unit: root };
      root.suspended = get(own.object, 'spec', 'suspend') === true;
    }
    this.#units.set(keyOf(root), root);
    await this.#unit(root, source);
  }

  async #unit(unit: Draft, asked?: Source): Promise<void> {
    const { declared, folder } = unit;
    if (folder === undefined) return;
    if (declared !== undefined && this.#texts.kind(folder) !== 'directory') {
      // What could not be built to the end may still have got another path.
      if (unit.parent !== undefined && this.#unsure.has(unit.parent)) unit.folder = undefined;
      else this.#pathMissing(unit, declared);
      return;
    }
    const source = asked ?? (declared === undefined ? { file: folder, document: 0, at: [] } : { ...declared.origin.source, at: [...declared.origin.source.at, 'spec', 'path'] });
    const { objects, work } = await buildRaw(this.#texts, folder, declared, source, this.#around);
    for (const found of work.found) this.#found.add(found);
    if (work.found.some(({ rule }) => rule === 'kustomize-needed')) this.#unsure.add(unit);
    unit.files = work.files;
    unit.broken = work.broken;
    unit.hides = work.broken;
    const variables = declared === undefined || get(declared.object, 'spec', 'postBuild') === undefined ? undefined : variablesOf(declared, unit.namespace, this.#sources, this.#settings.given.length > 0);
    for (const found of variables?.found ?? []) this.#found.add(found);
    unit.broken ||= variables?.broken === true;
    unit.variables = variables?.known ?? new Map();
    unit.substitutes = variables !== undefined && (variables.known.size > 0 || variables.open !== 'no' || get(declared?.object, 'spec', 'postBuild', 'substituteStrategy') === 'Always');
    const common = declared === undefined ? undefined : commonMetadataEdit(declared);
    unit.objects = objects.map((res): Built => {
      const built = unit.substitutes && variables !== undefined ? this.#filled(unit, res, variables) : plainly(unit, res);
      return common === undefined || declared === undefined ? built : Object.assign(built, { object: withCommonMetadata(built.object, declared.object), raw: withCommonMetadata(built.raw, declared.object), origin: { ...built.origin, edits: [...built.origin.edits, common] } });
    });
    for (const built of unit.objects) {
      this.#sources.add(built);
      this.#repository.add(built.object);
    }
    this.#children.set(unit, unit.objects.flatMap((built) => this.#child(unit, built)));
  }

  #filled(unit: Draft, res: Res, variables: Variables): Built {
    const built: { -readonly [Key in keyof Built]: Built[Key] } = plainly(unit, res);
    if (substitutionDisabled(res.object)) return built;
    const lookup = (name: string): string | undefined => {
      const variable = variables.known.get(name);
      return variable === undefined ? variables.open === 'open' ? unknownOf(name) : undefined : variable.value ?? unknownOf(name);
    };
    built.object = substituteObject(res.object, lookup, (trouble) => this.#trouble(unit, built, trouble, variables));
    const uses = unit.uses as VariableUse[];
    for (const { hole, expression } of usesIn(res.object)) uses.push({ name: expression.name, fallback: expression.operator === '' ? undefined : expression.rest, text: hole.text.slice(expression.from, expression.to), built, path: hole.path });
    return built;
  }

  #trouble(unit: Draft, built: Built, trouble: Trouble, variables: Variables): void {
    const { hole } = trouble;
    const place = { built, path: hole.path, ...(hole.key ? { key: true as const } : {}) };
    if (trouble.is !== 'undefined') unit.broken = true;
    if (trouble.is === 'expression') {
      this.#found.add({ rule: 'variable-expression', ...place, needle: hole.text.slice(trouble.offset).split('\n')[0] ?? '', message: `Flux cannot read this expression: ${trouble.message}`, hint: 'write $${ to keep it as text, or label the object kustomize.toolkit.fluxcd.io/substitute: disabled' });
    } else if (trouble.is === 'yaml') {
      this.#found.add({ rule: 'substituted-yaml', ...place, message: `with its variables filled in this is no YAML any more: ${trouble.message}`, hint: 'put quotes around it, or change the value of the variable' });
    } else {
      const { expression } = trouble;
      // What kustomize itself would still have done may have given it a value, or switched this off.
      const unknown = variables.open === 'missing' || this.#unsure.has(unit);
      unit.broken ||= !unknown;
      this.#found.add({
        rule: 'variable-undefined', ...(unknown ? { unknown: true as const } : {}), ...place, needle: hole.text.slice(expression.from, expression.to),
        message: variables.open === 'missing' ? `the variable ${expression.name} can only come from a source that is optional and not in the tree` : `the variable ${expression.name} has no value in Kustomization ${unit.namespace}/${unit.name}`,
        hint: meant(expression.name, variables.known.keys(), `define it, give it a default (\${${expression.name}:=...}), or write $\${${expression.name}} to keep it as text`),
      });
    }
  }

  #pathMissing(unit: Draft, declared: Built): void {
    unit.broken = true;
    unit.hides = true;
    const path = text(get(declared.object, 'spec', 'path'));
    const folder = unit.folder ?? '';
    const parent = posix.dirname(folder) === '.' ? '' : posix.dirname(folder);
    const near = this.#texts.entries(parent).filter(({ kind }) => kind === 'directory').map(({ name }) => posix.join(parent, name));
    this.#found.add({ rule: 'path-missing', built: declared, path: ['spec', 'path'], message: `${path ?? folder} is ${this.#texts.kind(folder) === 'file' ? 'a file, not a folder' : 'not there'}`, hint: meant(folder, near, 'add the folder, or mend the path (it begins at the root of the source)') });
  }

  #child(parent: Draft, built: Built): Draft[] {
    const { object } = built;
    if (!isFluxKustomization(object)) return [];
    const namespace = object.metadata.namespace ?? parent.namespace;
    const known = this.#units.get(`${namespace}/${object.metadata.name}`);
    if (known !== undefined) {
      if (known.declared !== undefined && known.declared.origin.source === built.origin.source) known.declared = built;
      return [];
    }
    const path = text(get(object, 'spec', 'path'));
    const folder = isUnknown(path) ? undefined : this.#inSource(this.#repository.folderOf(object, namespace));
    const unit = draft({ namespace, name: object.metadata.name, declared: built, parent, folder });
    unit.suspended = get(object, 'spec', 'suspend') === true;
    this.#units.set(keyOf(unit), unit);
    return [unit];
  }

  /** A source may hold a part of the repository alone (an artifact made of one folder): paths begin there then, somewhere above the entry. */
  #inSource(folder: string | undefined): string | undefined {
    if (folder === undefined || this.#texts.kind(folder) === 'directory') return folder;
    for (let base = this.#entry.folder; base !== '' && base !== '.'; base = posix.dirname(base)) {
      if (base !== this.#entry.folder && this.#texts.kind(posix.join(base, folder)) === 'directory') return posix.join(base, folder);
    }
    return folder;
  }

  /** The entry, what it declares, what that declares, and so on. */
  #ordered(root: Draft): readonly Unit[] {
    const out: Draft[] = [root];
    for (let index = 0; index < out.length; index += 1) {
      const unit = out[index];
      if (unit !== undefined) out.push(...this.#children.get(unit) ?? []);
    }
    return out;
  }
}

const keyOf = (unit: { readonly namespace: string; readonly name: string }): string => `${unit.namespace}/${unit.name}`;

function draft(parts: Pick<Unit, 'namespace' | 'name' | 'declared' | 'parent' | 'folder'>): Draft {
  return { ...parts, objects: [], substitutes: false, variables: new Map(), uses: [], files: new Set(), broken: false, hides: false, suspended: false };
}
function plainly(unit: Unit, { object, source, edits }: Res): Built {
  return { object, raw: object, origin: { source, edits }, unit };
}
