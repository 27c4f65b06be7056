import type { Path } from '../../../config/source.ts';
import { listed, meant } from '../../../config/words.ts';
import type { Built, Found, Rule, View } from '../../model.types.ts';
import { indexOf } from '../../index/index.ts';
import { containers, type Container, type Pods } from '../../index/pods.ts';
import { at, entries, isHole, kindOf, text, whole } from '../../index/read.ts';
import { said, selects } from '../../index/selectors.ts';

type Finding = Omit<Found, 'rule'>;

/** Pods whose template is at hand. */
function* templates(view: View): Iterable<Pods & { readonly path: Path }> {
  for (const pods of indexOf(view).pods) if (pods.path !== undefined) yield { ...pods, path: pods.path };
}

export const duplicateEntry: Rule = {
  id: 'duplicate-entry',
  severity: 'error',
  summary: 'Containers, volumes, mounts, ports and variables of a pod are there once.',
  why: 'The API refuses the object, or applying it fails ("duplicate entries for key"), and nothing of its Kustomization goes on.',
  * check(view: View): Iterable<Finding> {
    for (const pods of templates(view)) {
      const { built, spec, path } = pods;
      const all = containers(spec, path);
      yield* twice(built, all.map(({ fields: { name }, path: where }) => [text(name), [...where, 'name']]), (name) => `two containers of the pod are called ${name}`);
      yield* twice(built, entries(spec['volumes']).map(({ entry, index }) => [text(entry['name']), [...path, 'spec', 'volumes', index, 'name']]), (name) => `two volumes of the pod are called ${name}`);
      for (const container of all) yield* inContainer(built, container);
    }
  },
};

function* inContainer(built: Built, { name, fields: container, path }: Container): Iterable<Finding> {
  yield* twice(built, entries(container['volumeMounts']).map(({ entry, index }) => [text(entry['mountPath']), [...path, 'volumeMounts', index, 'mountPath']]), (where) => `container ${name} mounts two things at ${where}`);
  const ports = entries(container['ports']);
  yield* twice(built, ports.map(({ entry, index }) => [text(entry['name']), [...path, 'ports', index, 'name']]), (port) => `two ports of container ${name} are called ${port}`);
  // Only what is applied by Flux itself is merged by these keys; Helm may send a list as it is.
  if (built.release !== undefined) return;
  yield* twice(built, ports.map(({ entry, index }) => {
    const number = whole(entry['containerPort']);
    return [number === undefined || isHole(entry['protocol']) ? undefined : `${number}/${text(entry['protocol']) ?? 'TCP'}`, [...path, 'ports', index, 'containerPort']];
  }), (port) => `container ${name} has port ${port} twice`);
  yield* twice(built, entries(container['env']).map(({ entry, index }) => [text(entry['name']), [...path, 'env', index, 'name']]), (variable) => `container ${name} sets ${variable} twice`);
}

function* twice(built: Built, keys: readonly (readonly [key: string | undefined, path: Path])[], message: (key: string) => string): Iterable<Finding> {
  const seen = new Map<string, Path>();
  for (const [key, path] of keys) {
    if (key === undefined) continue;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, path);
    else yield { built, path, message: message(key), hint: 'take one of them out' };
  }
}

export const volumeMount: Rule = {
  id: 'volume-mount',
  severity: 'error',
  summary: 'What containers mount is a volume of the pod.',
  why: 'The API refuses the object.',
  * check(view: View): Iterable<Finding> {
    for (const { built, spec, path } of templates(view)) {
      if (isHole(spec['volumes'])) continue;
      const claims = entries(at(built.object['spec'], 'volumeClaimTemplates'));
      const volumes = [...entries(spec['volumes']).map(({ entry }) => entry['name']), ...claims.map(({ entry }) => at(entry, 'metadata', 'name'))];
      if (volumes.some(isHole)) continue;
      const names = new Set(volumes.map(String));
      for (const container of containers(spec, path)) {
        for (const field of ['volumeMounts', 'volumeDevices']) {
          for (const { entry, index } of entries(container.fields[field])) {
            const name = text(entry['name']);
            if (name !== undefined && !names.has(name)) yield { built, path: [...container.path, field, index, 'name'], message: `container ${container.name} mounts ${name}, which is no volume of the pod`, hint: meant(name, names, `add it to volumes; there is ${listed([...names])}`) };
          }
        }
      }
    }
  },
};

export const namedPort: Rule = {
  id: 'named-port',
  severity: 'error',
  summary: 'Ports that probes and hooks name are ports of their container.',
  why: 'The probe can never succeed: the container is restarted for ever, or never gets traffic.',
  * check(view: View): Iterable<Finding> {
    for (const { built, spec, path } of templates(view)) {
      for (const container of containers(spec, path)) {
        const ports = entries(container.fields['ports']);
        if (isHole(container.fields['ports']) || ports.some(({ entry }) => isHole(entry['name']))) continue;
        const names = new Set(ports.flatMap(({ entry }) => (typeof entry['name'] === 'string' ? [entry['name']] : [])));
        for (const handler of [['livenessProbe'], ['readinessProbe'], ['startupProbe'], ['lifecycle', 'postStart'], ['lifecycle', 'preStop']]) {
          for (const how of ['httpGet', 'tcpSocket']) {
            const port = text(at(container.fields, ...handler, how, 'port'));
            if (port === undefined || names.has(port)) continue;
            const what = `${handler.at(-1) ?? ''} of container ${container.name}`;
            if (/^\d+$/.test(port)) continue;
            yield { built, path: [...container.path, ...handler, how, 'port'], message: `${what} asks port ${port}, which the container does not have`, hint: meant(port, names, names.size === 0 ? `give the port this name under ports, or write its number` : `it has ${listed([...names])}`) };
          }
        }
      }
    }
  },
};

export const workloadSelector: Rule = {
  id: 'workload-selector',
  severity: 'error',
  summary: 'A workload selects the pods of its own template.',
  why: 'The API refuses the object; and its selector cannot be changed later.',
  * check(view: View): Iterable<Finding> {
    for (const { built, labels } of templates(view)) {
      if (!['apps/Deployment', 'apps/StatefulSet', 'apps/DaemonSet', 'apps/ReplicaSet'].includes(kindOf(built.object))) continue;
      const selector = at(built.object['spec'], 'selector');
      if (selector !== undefined && selects(selector, labels) === false) yield { built, path: ['spec', 'selector'], message: `the selector (${said(selector)}) does not hold for the labels of the template`, hint: 'let spec.selector.matchLabels be labels of spec.template.metadata' };
    }
  },
};

export const statefulService: Rule = {
  id: 'stateful-service',
  severity: 'error',
  summary: 'The Service that gives a StatefulSet\'s pods their names exists.',
  why: 'Its pods have no names in DNS, so members of a cluster do not find each other.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const built of index.kind('apps/StatefulSet')) {
      const name = text(at(built.object['spec'], 'serviceName'));
      const namespace = index.namespaceOf(built);
      // Charts of single pods name one they do not make, and nobody asks for those names.
      if (name === undefined || name === '' || built.release !== undefined || index.exists('Service', namespace, name) !== false) continue;
      yield { built, path: ['spec', 'serviceName'], message: `nobody makes Service ${namespace}/${name}`, hint: meant(name, index.names('Service', namespace), 'add it without an address of its own (clusterIP: None)') };
    }
  },
};

