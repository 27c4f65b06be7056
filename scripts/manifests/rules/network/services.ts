import type { Path } from '../../../config/source.ts';
import { listed, meant } from '../../../config/words.ts';
import type { Built, Found, Rule, View } from '../../model.types.ts';
import { labelsIn } from '../../index/hints.ts';
import { indexOf, type Index } from '../../index/index.ts';
import { declared, hasPort, type Pods } from '../../index/pods.ts';
import { at, entries, fields, isHole, text, whole } from '../../index/read.ts';
import { any, hasAll, saidLabels, type Verdict } from '../../index/selectors.ts';

type Finding = Omit<Found, 'rule'>;

/** A Service of the tree itself that looks for pods. What a chart's Service finds is the chart's: often pods of an operator, or of the machines. */
function* asking(index: Index): Iterable<{ readonly built: Built; readonly namespace: string; readonly found: readonly { readonly pods: Pods; readonly verdict: Verdict }[] }> {
  for (const built of index.kind('Service')) {
    const spec = built.object['spec'];
    const selector = at(spec, 'selector');
    const namespace = index.namespaceOf(built);
    // The machines run pods of their own in kube-system.
    if (built.release !== undefined || namespace === 'kube-system' || at(spec, 'type') === 'ExternalName' || isHole(selector) || Object.keys(fields(selector)).length === 0 || index.unseen(namespace) !== undefined) continue;
    yield { built, namespace, found: index.podsIn(namespace).map((pods) => ({ pods, verdict: hasAll(selector, pods.labels) })) };
  }
}

export const serviceSelects: Rule = {
  id: 'service-selects',
  severity: 'error',
  summary: 'Services find pods.',
  why: 'Whoever calls it is refused: it has no endpoints.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const { built, namespace, found } of asking(index)) {
      if (any(found.map(({ verdict }) => verdict)) !== false) continue;
      yield { built, path: ['spec', 'selector'], message: `no pod of ${namespace} has ${saidLabels(at(built.object['spec'], 'selector'))}`, hint: labelsIn(index, namespace) };
    }
  },
};

interface Port { readonly port: unknown; readonly path: Path }
function targets(built: Built): readonly Port[] {
  return entries(at(built.object['spec'], 'ports')).map(({ entry, index }): Port => {
    const target = entry['targetPort'];
    return target === undefined || target === null ? { port: entry['port'], path: ['spec', 'ports', index, 'port'] } : { port: target, path: ['spec', 'ports', index, 'targetPort'] };
  });
}

export const servicePort: Rule = {
  id: 'service-port',
  severity: 'error',
  summary: 'Ports of pods that Services name are there.',
  why: 'The port has no endpoints, and whoever calls it is refused.',
  * check(view: View): Iterable<Finding> {
    for (const { built, found } of asking(indexOf(view))) {
      const sure = found.filter(({ verdict }) => verdict !== false).map(({ pods }) => pods);
      if (sure.length === 0) continue;
      for (const { port, path } of targets(built)) {
        const name = text(port);
        if (name === undefined || /^\d+$/.test(name) || any(sure.map((pods) => hasPort(pods, name))) !== false) continue;
        const there = [...new Set(sure.flatMap((pods) => [...pods.ports.keys()]))];
        yield { built, path, message: `no pod it finds has a port ${name}`, hint: meant(name, there, there.length === 0 ? 'give the container\'s port this name, or write its number' : `they have ${listed(there)}`) };
      }
    }
  },
};

export const serviceNumber: Rule = {
  id: 'service-number',
  severity: 'warning',
  summary: 'Services lead to a port their pods say they have.',
  why: 'Most likely nobody listens there, and whoever calls it is refused.',
  * check(view: View): Iterable<Finding> {
    for (const { built, found } of asking(indexOf(view))) {
      const sure = found.filter(({ verdict }) => verdict !== false);
      const numbers = sure.map(({ pods, verdict }) => (verdict === true && pods.built.release === undefined ? declared(pods) : undefined));
      const own = targets(built);
      // What a container listens on beside the ports it declares is its own affair; a Service that leads to none of them is not.
      if (sure.length === 0 || own.length === 0 || numbers.includes(undefined)) continue;
      const all = new Set(numbers.flatMap((each) => [...each ?? []]));
      const asked = own.map(({ port }) => whole(port));
      if (asked.some((number) => number === undefined || all.has(number))) continue;
      const [first] = own;
      if (first !== undefined) yield { built, path: first.path, message: `the pods it finds say they listen on ${listed([...all].map(String))}, not on ${listed(asked.map(String))}`, hint: `set targetPort to ${[...all].map(String)[0] ?? 'theirs'}, or declare the port in the container` };
    }
  },
};
