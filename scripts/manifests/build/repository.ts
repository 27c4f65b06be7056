import { posix } from 'node:path';
import type { KubeObject } from '../../config/cluster.ts';
import type { Texts } from '../model.types.ts';
import { get, list, text } from './data.ts';
import { folderOfPath } from './flux.ts';

const KINDS = new Set(['GitRepository', 'OCIRepository', 'Bucket', 'ExternalArtifact']);
/** A folder of the repository that is copied to one of an artifact. */
interface Copy { readonly from: string; readonly to: string }

/** What `flux bootstrap` and the Flux operator call the source of the entry point. */
const MAIN = ['GitRepository/flux-system/flux-system', 'OCIRepository/flux-system/flux-system', 'Bucket/flux-system/flux-system'];

/**
 * Which sources are the repository we look at. A source nobody declares is the one whoever installs Flux makes. One that is declared is another
 * repository, unless it has the same address, or is the only one that is used and its paths are here.
 */
export class Repository {
  readonly #texts: Texts;
  readonly #main = new Set(MAIN);
  /** Declared sources, with their addresses. */
  readonly #declared = new Map<string, string | undefined>();
  readonly #artifacts = new Map<string, readonly Copy[]>();
  #mainUsed = false;

  constructor(texts: Texts) {
    this.#texts = texts;
  }

  /** Every object of the tree is told, before it is asked about Kustomizations beside it. */
  add(object: KubeObject): void {
    if (object.kind === 'ArtifactGenerator') this.#addArtifacts(object);
    if (KINDS.has(object.kind) && object.apiVersion.startsWith('source.')) this.#declared.set(`${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`, addressOf(object));
  }

  /** The entry's own Kustomization: its source is ours. */
  main(kustomization: KubeObject): void {
    const ref = refOf(kustomization, kustomization.metadata.namespace ?? 'flux-system');
    if (ref !== undefined) this.#main.add(ref);
  }

  /** The folder a Flux Kustomization builds, when it builds from here. */
  folderOf(kustomization: KubeObject, namespace: string): string | undefined {
    const ref = refOf(kustomization, namespace);
    const path = folderOfPath(text(get(kustomization, 'spec', 'path')));
    if (ref?.startsWith('ExternalArtifact/') === true) return this.#inArtifact(ref, path);
    return this.#isOurs(kustomization, namespace) ? path : undefined;
  }

  /** Artifacts that are cut out of sources: what lies where in each. */
  #addArtifacts(object: KubeObject): void {
    const namespace = object.metadata.namespace ?? '';
    const ours = new Set(list(get(object, 'spec', 'sources')).flatMap((source) => {
      const ref = `${text(get(source, 'kind')) ?? ''}/${text(get(source, 'namespace')) ?? namespace}/${text(get(source, 'name')) ?? ''}`;
      return this.#main.has(ref) || !this.#declared.has(ref) ? [text(get(source, 'alias')) ?? ''] : [];
    }));
    for (const artifact of list(get(object, 'spec', 'artifacts'))) {
      const copies = list(get(artifact, 'copy')).flatMap((copy): Copy[] => {
        const [, alias, from] = /^@([^/]+)\/(.*?)\/?\*\*$/.exec(text(get(copy, 'from')) ?? '') ?? [];
        const [, to] = /^@artifact\/(.*?)\/?$/.exec(text(get(copy, 'to')) ?? '') ?? [];
        return alias === undefined || from === undefined || to === undefined || !ours.has(alias) ? [] : [{ from, to }];
      });
      this.#artifacts.set(`ExternalArtifact/${namespace}/${text(get(artifact, 'name')) ?? ''}`, copies);
    }
  }

  /** Where a path of an artifact lies in the repository: below what was copied to it, or to what is below it. */
  #inArtifact(ref: string, path: string): string | undefined {
    const copies = this.#artifacts.get(ref) ?? [];
    const above = copies.find(({ to }) => to === '' || path === to || path.startsWith(`${to}/`));
    if (above !== undefined) return posix.join(above.from, path.slice(above.to.length)).replace(/^\.$/, '').replace(/\/$/, '');
    const below = copies.find(({ from, to }) => to.startsWith(`${path}/`) && `/${from}`.endsWith(`/${to}`));
    return below === undefined ? undefined : posix.join(below.from.slice(0, below.from.length - below.to.length), path).replace(/\/$/, '');
  }

  /** Whether a Flux Kustomization builds from here. */
  #isOurs(kustomization: KubeObject, namespace: string): boolean {
    const ref = refOf(kustomization, namespace);
    if (ref === undefined) return true;
    if (this.#main.has(ref)) { this.#mainUsed = true; return true; }
    const key = this.#declared.has(ref) ? ref : ref.replace(/\/[^/]*\//, '//');
    if (!this.#declared.has(key)) return true;
    const address = this.#declared.get(key);
    if (address !== undefined && [...this.#main].some((main) => this.#declared.get(main) === address)) return true;
    const folder = folderOfPath(text(get(kustomization, 'spec', 'path')));
    if (this.#mainUsed || folder === '' || this.#texts.kind(folder) !== 'directory') return false;
    // Nobody has used a source by Flux's own name: this is the one the tree begins with.
    this.#main.add(ref);
    return true;
  }
}

function refOf(kustomization: KubeObject, namespace: string): string | undefined {
  const [kind, name] = [text(get(kustomization, 'spec', 'sourceRef', 'kind')), text(get(kustomization, 'spec', 'sourceRef', 'name'))];
  return kind === undefined || name === undefined ? undefined : `${kind}/${text(get(kustomization, 'spec', 'sourceRef', 'namespace')) ?? namespace}/${name}`;
}

/** An address without what does not tell one repository from another. */
function addressOf(source: KubeObject): string | undefined {
  return text(get(source, 'spec', 'url'))?.toLowerCase().replace(/^[a-z+]+:\/\//, '').replace(/^[^@/]*@/, '').replace(':', '/').replace(/\.git$/, '').replace(/\/$/, '');
}
