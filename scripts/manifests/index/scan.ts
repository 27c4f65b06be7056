import type { Path } from '../../config/source.ts';
import type { Built } from '../model.types.ts';
import type { Index } from './index.ts';
import { fields, isFields, kindOf, type Fields } from './read.ts';
import { mayAsk } from './values.ts';

/** Something inside an object that more than one rule asks for. */
export interface Hit<T> { readonly built: Built; readonly path: Path; readonly value: T }

/** What objects of other kinds than Kubernetes' own, and the values of releases, ask for somewhere inside: found in one walk. */
export interface Hits {
  /** Maps with requests or limits. */
  readonly resources: readonly Hit<Fields>[];
  /** Names of storage classes. */
  readonly classes: readonly Hit<unknown>[];
  /** Maps with an annotation that asks for an address. */
  readonly addresses: readonly Hit<Fields>[];
}

/** Annotations by which a Service asks for addresses, a list with commas each. */
export const ADDRESS_ANNOTATIONS: ReadonlySet<string> = new Set(['lbipam.cilium.io/ips', 'io.cilium/lb-ipam-ips', 'metallb.io/loadBalancerIPs', 'metallb.universe.tf/loadBalancerIPs', 'kube-vip.io/loadbalancerIPs']);

const SCANNED = new WeakMap<Index, Hits>();

export function scan(index: Index): Hits {
  let hits = SCANNED.get(index);
  if (hits === undefined) {
    const walk = new Walk();
    for (const built of index.view.all) if (mayAsk(built)) walk.object(built);
    hits = walk;
    SCANNED.set(index, hits);
  }
  return hits;
}

class Walk implements Hits {
  readonly resources: Hit<Fields>[] = [];
  readonly classes: Hit<unknown>[] = [];
  readonly addresses: Hit<Fields>[] = [];
  readonly #path: (string | number)[] = [];
  #built: Built | undefined;

  object(built: Built): void {
    this.#built = built;
    this.#path.push('spec');
    const spec = fields(built.object['spec']);
    if (kindOf(built.object) === 'helm.toolkit.fluxcd.io/HelmRelease') {
      this.#path.push('values');
      this.#value(spec['values']);
      this.#path.pop();
    } else this.#value(spec);
    this.#path.pop();
  }

  #value(value: unknown): void {
    if (Array.isArray(value)) {
      for (const [position, each] of value.entries()) this.#below(position, each);
      return;
    }
    if (!isFields(value)) return;
    const depth = this.#path.length;
    if ((this.#path[depth - 1] === 'resources' || this.#path[depth - 2] === 'resources') && (isFields(value['requests']) || isFields(value['limits']))) {
      this.#hit(this.resources, value);
      return;
    }
    let asks = false;
    for (const key of Object.keys(value)) {
      const each = value[key];
      if (typeof each === 'object') this.#below(key, each);
      else if (typeof each === 'string') {
        // Strimzi calls it class, beside the type of the volume.
        if (key === 'storageClassName' || key === 'storageClass' || (key === 'class' && value['type'] === 'persistent-claim')) this.#class(key, each);
        asks ||= ADDRESS_ANNOTATIONS.has(key);
      }
    }
    if (asks) this.#hit(this.addresses, value);
  }

  #class(key: string, value: unknown): void {
    this.#path.push(key);
    this.#hit(this.classes, value);
    this.#path.pop();
  }

  #below(key: string | number, value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    this.#path.push(key);
    this.#value(value);
    this.#path.pop();
  }

  #hit<T>(into: Hit<T>[], value: T): void { if (this.#built !== undefined) into.push({ built: this.#built, path: [...this.#path], value }); }
}
