import type { Found, Rule, View } from '../../model.types.ts';
import { indexOf, type Namespace } from '../../index/index.ts';
import { containers } from '../../index/pods.ts';
import { at } from '../../index/read.ts';
import { breachesOf, NEWEST, podOf } from './pod-security-controls.ts';

const ENFORCE = 'pod-security.kubernetes.io/enforce';

export const podSecurity: Rule = {
  id: 'pod-security',
  severity: 'error',
  summary: 'Pods keep the Pod Security their namespace enforces.',
  why: 'The workload is accepted, and none of its pods is ever made: only its events say why.',
  * check(view: View): Iterable<Omit<Found, 'rule'>> {
    const index = indexOf(view);
    for (const pods of index.pods) {
      const namespace = index.namespaces.get(pods.namespace);
      const level = namespace?.labels.known.get(ENFORCE);
      if (pods.path === undefined || namespace === undefined || (level !== 'baseline' && level !== 'restricted')) continue;
      const template = at(pods.built.object, ...pods.path.map(String));
      for (const { path, what, right } of breachesOf(podOf(template, containers(pods.spec, pods.path), pods.path), level, minorOf(namespace))) {
        yield {
          built: pods.built, path, message: `${what}; namespace ${namespace.name} enforces Pod Security ${level}`, hint: `${right}, or let ${namespace.name} enforce less`,
          ...(namespace.built === undefined ? {} : { related: [{ what: `${namespace.name} enforces ${level}`, source: below(namespace.built, 'metadata', 'labels', ENFORCE) }] }),
        };
      }
    }
  },
};

/** The version a namespace is held to; what is newer than this program knows is taken for the newest it knows. */
function minorOf({ labels }: Namespace): number {
  const [, minor] = /^v1\.(\d+)$/.exec(labels.known.get(`${ENFORCE}-version`) ?? '') ?? [];
  return minor === undefined ? NEWEST : Math.min(NEWEST, Number(minor));
}

function below({ origin }: NonNullable<Namespace['built']>, ...path: readonly string[]): { readonly file: string; readonly document: number; readonly at: readonly (string | number)[] } {
  return { ...origin.source, at: [...origin.source.at, ...path] };
}
