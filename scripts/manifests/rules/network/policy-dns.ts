import type { Found, Rule, View } from '../../model.types.ts';
import { indexOf, type Index } from '../../index/index.ts';
import { any, type Verdict } from '../../index/selectors.ts';
import { policiesOf, type Policy, type PolicyRule } from './policy-model.ts';

/** Where DNS is answered: the port itself, OpenShift's, and names it goes by. */
const PORTS: ReadonlySet<string> = new Set(['53', '5353', 'dns', 'dns-tcp', 'dns-udp']);
/** Entities of Cilium that the cluster's DNS belongs to. */
const ENTITIES: ReadonlySet<string> = new Set(['all', 'cluster', 'toServices', 'toCIDRSet', 'toCIDR']);

export const policyDns: Rule = {
  id: 'policy-dns',
  severity: 'error',
  summary: 'Pods that are closed off can still ask DNS.',
  why: 'They find nobody by name, not even what they are let through to.',
  * check(view: View): Iterable<Omit<Found, 'rule'>> {
    const index = indexOf(view);
    const policies = policiesOf(index).filter(({ closes }) => closes.egress);
    const open = policiesOf(index).map((policy) => ({ policy, dns: policy.rules.filter((rule) => rule.direction === 'egress').some((rule) => letsDns(index, rule)) }));
    const told = new Set<string>();
    for (const { built, namespace, selects } of policies) {
      if (namespace === undefined || !selects.everything || told.has(namespace)) continue;
      told.add(namespace);
      const pods = index.podsIn(namespace).filter(({ spec }) => spec['hostNetwork'] !== true && spec['dnsPolicy'] !== 'Default' && spec['dnsPolicy'] !== 'None');
      const allowing = open.filter(({ policy, dns }) => dns && reaches(policy, namespace));
      const hint = `add a policy for ${namespace} that lets UDP and TCP 53 out to kube-dns in kube-system`;
      if (allowing.length === 0) {
        // Without a pod that is known, somebody may still run there.
        yield { built, path: selects.path, message: `nothing may leave ${namespace}, not even questions to DNS`, hint };
        continue;
      }
      const cut = pods.find((each) => any(allowing.map(({ policy }): Verdict => policy.selects.pods(each))) === false);
      if (cut !== undefined) yield { built, path: selects.path, message: `${cut.built.object.kind} ${cut.built.object.metadata.name} may not ask DNS: no policy of ${namespace} that lets it out is for its pods`, hint, related: [{ what: 'the pods', source: cut.built.origin.source }] };
    }
  },
};

function reaches(policy: Policy, namespace: string): boolean {
  return policy.namespace === undefined ? policy.selects.inNamespace(namespace) !== false : policy.namespace === namespace;
}

/** Whether a rule lets questions out to where DNS could be. */
function letsDns(index: Index, rule: PolicyRule): boolean {
  if (rule.nothing || (rule.ports !== undefined && !rule.ports.some(({ port }) => PORTS.has(port)))) return false;
  if (rule.ports !== undefined || rule.anybody) return true;
  // All ports: to somewhere DNS can be.
  return rule.others.some((other) => ENTITIES.has(other) || other === 'addresses') || rule.peers.some((peer) => peer.inNamespace('kube-system') !== false) || unknownPeers(index, rule);
}

function unknownPeers(index: Index, { peers }: PolicyRule): boolean {
  return peers.some((peer) => peer.named.some(({ name }) => !index.namespaces.has(name)));
}

