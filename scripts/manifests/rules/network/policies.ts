import { listed, meant } from '../../../config/words.ts';
import type { Found, Rule, View } from '../../model.types.ts';
import { labelsIn } from '../../index/hints.ts';
import { indexOf, type Index } from '../../index/index.ts';
import { TEMPLATES } from '../../index/operators.ts';
import { declared, hasPort, type Pods } from '../../index/pods.ts';
import { at, entries, kindOf, text, whole } from '../../index/read.ts';
import { any, hasAll } from '../../index/selectors.ts';
import { chosenBy, choosesAny, namespacesOf, policiesOf, type Choice, type Policy, type PolicyRule } from './policy-model.ts';

type Finding = Omit<Found, 'rule'>;

/**
 * Whether the tree can say what runs in a namespace: where nothing of it runs, policies wait for what is still to come, and in
 * kube-system the machines run pods of their own.
 */
function isKnown(index: Index, namespace: string): boolean {
  return namespace !== 'kube-system' && index.podsIn(namespace).length > 0 && index.unseen(namespace) === undefined;
}

export const policySelects: Rule = {
  id: 'policy-selects',
  severity: 'error',
  summary: 'Network policies are for pods that exist.',
  why: 'The pods it was meant for stay as open, or as closed, as they were.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const { built, selects } of policiesOf(index)) {
      if (selects.everything || choosesAny(index, selects) !== false) continue;
      const names = namespacesOf(index, selects);
      if (!names.every((name) => isKnown(index, name)) || names.length === 0) continue;
      yield { built, path: selects.path, message: `no pod of ${names.length === 1 ? listed(names) : 'any namespace'} has ${selects.text}`, hint: names.length === 1 ? labelsIn(index, names[0] ?? '') : 'choose labels that pods have' };
    }
  },
};

export const policyPeer: Rule = {
  id: 'policy-peer',
  severity: 'error',
  summary: 'Who a network policy lets through exists.',
  why: 'It lets nobody through, and what was meant to be let through is cut off.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    const elsewhere = runsElsewhere(view);
    // A tree that makes no namespaces does not know which there are.
    const makes = index.kind('Namespace').length > 0;
    for (const { built, rules } of policiesOf(index)) {
      for (const peer of rules.flatMap(({ peers }) => peers)) {
        const missing = makes ? peer.named.find(({ name }) => !index.namespaces.has(name) && !elsewhere.has(name) && index.exists('Namespace', '', name) === false) : undefined;
        if (missing !== undefined) {
          yield { built, path: missing.path, message: `nobody makes namespace ${missing.name}, so nobody is let through`, hint: meant(missing.name, index.namespaces.keys(), 'name a namespace that exists') };
          continue;
        }
        if (peer.everything || choosesAny(index, peer) !== false) continue;
        const names = namespacesOf(index, peer);
        if (names.length === 0 ? !makes || index.unseen('') !== undefined : !names.every((name) => isKnown(index, name) && !elsewhere.has(name))) continue;
        yield { built, path: peer.path, message: names.length === 0 ? `no namespace has ${peer.text}` : `no pod of ${listed(names)} has ${peer.text}`, hint: names.length === 1 ? labelsIn(index, names[0] ?? '') : 'choose labels that are there' };
      }
    }
  },
};

/** Namespaces in which other clusters of the tree run something: meshed clusters let each other's pods through. */
function runsElsewhere(view: View): ReadonlySet<string> {
  return new Set(view.others.flatMap((tree) => tree.objects.flatMap(({ object }) => (TEMPLATES[kindOf(object)] !== undefined || object.kind === 'HelmRelease' ? [text(at(object['spec'], 'targetNamespace')) ?? object.metadata.namespace ?? ''] : []))));
}

export const policyPort: Rule = {
  id: 'policy-port',
  severity: 'error',
  summary: 'Ports that network policies let through are ports of the pods behind them.',
  why: 'Policies see the port of the pod, after the Service: what was meant to be let through is cut off.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const policy of policiesOf(index)) {
      for (const rule of policy.rules) {
        const behind = podsBehind(index, policy, rule);
        if (behind === undefined || rule.ports === undefined) continue;
        const asked = new Set(rule.ports.map(({ port }) => port));
        for (const { port, path } of rule.ports) {
          const number = whole(port);
          if (number === undefined) {
            if (any(behind.map((pods) => hasPort(pods, port))) !== false) continue;
            const there = [...new Set(behind.flatMap((pods) => [...pods.ports.keys()]))];
            yield { built: policy.built, path, message: `no pod behind it has a port ${port}`, hint: meant(port, there, there.length === 0 ? 'write the number of the port' : `they have ${listed(there)}`) };
            continue;
          }
          const real = behindService(index, behind, number);
          if (real === undefined || asked.has(real)) continue;
          yield { built: policy.built, path, message: `${port} is the port of the Service, and the pods behind it listen on ${real}`, hint: `let ${real} through` };
        }
      }
    }
  },
};

/** The pods whose ports a rule is about; undefined when they are not all known. */
function podsBehind(index: Index, policy: Policy, rule: PolicyRule): readonly Pods[] | undefined {
  const choices: readonly Choice[] = rule.direction === 'ingress' ? [policy.selects] : rule.anybody || rule.others.length > 0 ? [] : rule.peers;
  const names = choices.flatMap((choice) => namespacesOf(index, choice));
  if (choices.length === 0 || names.length === 0 || !names.every((name) => isKnown(index, name))) return undefined;
  const found = choices.flatMap((choice) => [...chosenBy(index, choice)]);
  return found.length === 0 || found.some(({ verdict }) => verdict === undefined) ? undefined : found.map(({ pods }) => pods);
}

/** The pods' own port, when this number is only that of the Services before them: no pod says it listens there. */
function behindService(index: Index, behind: readonly Pods[], number: number): string | undefined {
  const listens = behind.map(declared);
  if (listens.some((ports) => ports === undefined || ports.has(number))) return undefined;
  for (const pods of behind) {
    for (const { object } of index.kindIn('Service', pods.namespace)) {
      const selector = at(object['spec'], 'selector');
      if (selector === undefined || hasAll(selector, pods.labels) !== true) continue;
      for (const { entry } of entries(at(object['spec'], 'ports'))) {
        if (whole(entry['port']) !== number) continue;
        const target = entry['targetPort'] ?? number;
        const real = whole(target) ?? pods.ports.get(String(target));
        if (real !== undefined && real !== number) return String(real);
      }
    }
  }
  return undefined;
}
