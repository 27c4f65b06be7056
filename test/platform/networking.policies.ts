import type { KubeObject } from '../../lab/world/types.ts';
import { at, list, plain, strings, text } from '../../lab/catalog/data.ts';
import type { BuiltCluster } from './tree.ts';
import { all, allowedNames, allows, appsOf, documents, each, hostOf, infraOf, one, values, type Check } from './networking.checks.ts';

/** Namespaces closed by default, by the cluster that has something in them. */
const BOTH = ['flux-system', 'cert-manager', 'external-secrets', 'kube-system', 'networking', 'rook-ceph', 'openebs-system', 'observability'];
const ONLY: Readonly<Record<string, readonly string[]>> = {
  infra: ['cnpg-system', 'dragonfly-system', 'dragonfly-operator-system', 'keycloak-operator-system', 'keycloak-system', 'harbor'], apps: ['gitlab-system'],
};
/** What the four components that every namespace has put into it. */
const BASELINE = [
  'NetworkPolicy/default-deny-all-ingress', 'NetworkPolicy/default-deny-all-egress', 'CiliumNetworkPolicy/default-deny-all', 'NetworkPolicy/allow-dns-egress', 'CiliumNetworkPolicy/allow-dns-egress',
  'NetworkPolicy/allow-kube-api-egress', 'CiliumNetworkPolicy/allow-kube-api-egress', 'NetworkPolicy/allow-internal', 'CiliumNetworkPolicy/allow-internal',
];

function policies(cluster: BuiltCluster, namespace?: string): readonly KubeObject[] {
  return [...all(cluster, 'NetworkPolicy'), ...all(cluster, 'CiliumNetworkPolicy')].filter((object) => namespace === undefined || object.metadata.namespace === namespace);
}
function rules(object: KubeObject, direction: 'ingress' | 'egress'): readonly Record<string, unknown>[] { return list(at(object.spec, direction)).map(plain); }
function entities(cluster: BuiltCluster, namespace: string, direction: 'ingress' | 'egress', selecting: (labels: Record<string, string>) => boolean): readonly string[] {
  const field = direction === 'ingress' ? 'fromEntities' : 'toEntities';
  return policies(cluster, namespace).filter((object) => selecting(strings(at(object.spec, 'endpointSelector.matchLabels')))).flatMap((object) => rules(object, direction)).flatMap((rule) => list(rule[field]).map(String));
}

/** Pods of these labels serve webhooks on this port, called by the API server from a node. */
const WEBHOOKS = [
  ['cert-manager', 'app.kubernetes.io/component', 'webhook', '10250'], ['external-secrets', 'app.kubernetes.io/name', 'external-secrets-webhook', '10250'],
] as const;

export const POLICIES: readonly Check[] = [
  {
    holds: 'fifteen namespaces have the nine policies of the baseline, and each of them is made before Flux, a tenant\'s with its policies', defect: '7.1.5 the baseline waits for a Kustomization that apps does not have',
    find: (seen) => {
      const made = new Set(['kube-system', ...documents(seen, 'bootstrap/namespaces.yaml').map((object) => String(at(object, 'metadata.name')))]);
      const closed = new Set<string>();
      const found = each(seen, (cluster, say) => {
        for (const namespace of [...BOTH, ...ONLY[cluster.name] ?? []]) {
          closed.add(namespace);
          const there = new Set(policies(cluster, namespace).map((object) => `${object.kind}/${object.metadata.name}`));
          for (const policy of BASELINE) if (!there.has(policy)) say(`${namespace} lacks ${policy}`);
          if (!made.has(namespace)) say(`nobody makes ${namespace}`);
        }
        const tenants = new Set(all(cluster, 'Namespace').map(({ metadata }) => metadata.name));
        for (const object of policies(cluster)) if (!made.has(object.metadata.namespace ?? '') && !tenants.has(object.metadata.namespace ?? '')) say(`a policy goes to ${object.metadata.namespace ?? 'nowhere'}`);
        const names = new Set(cluster.units.map(({ name }) => name));
        for (const need of list(at(one(cluster, 'Kustomization', 'networkpolicy-baseline').spec, 'dependsOn'))) if (!names.has(String(plain(need)['name']))) say(`the baseline waits for ${String(plain(need)['name'])}`);
      });
      return closed.size === 15 ? found : [...found, `${closed.size} namespaces`];
    },
    plant: (seen) => { plain(list(at(one(appsOf(seen), 'Kustomization', 'networkpolicy-baseline').spec, 'dependsOn'))[0])['name'] = 'cluster-infra-infrastructure'; },
  },
  {
    holds: 'what closes a namespace and what opens it again come in one piece',
    find: (seen) => each(seen, (cluster, say) => {
      // One that chooses its pods by their labels belongs to these pods, and comes with them.
      const ofAll = (object: KubeObject): boolean => object.kind === 'CiliumNetworkPolicy' && Object.keys(strings(at(object.spec, 'endpointSelector.matchLabels'))).length === 0;
      // A tenant's fence is one piece too: its namespace with all that closes and opens it.
      const isFence = (objects: readonly KubeObject[]): boolean => objects.filter(ofAll).every(({ metadata }) => objects.some((object) => object.kind === 'Namespace' && object.metadata.name === metadata.namespace));
      const owners = new Set(cluster.units.filter(({ objects }) => objects.some(ofAll) && !isFence(objects)).map(({ name }) => name));
      if ([...owners].join() !== 'networkpolicy-baseline') say(`policies are applied by ${[...owners].join(', ')}`);
    }),
    plant: (seen) => { for (const object of infraOf(seen).units.find(({ name }) => name === 'spegel')?.objects ?? []) object.kind = 'CiliumNetworkPolicy'; },
  },
  {
    holds: 'names are allowed only where answers of DNS pass the proxy that learns them', defect: '7.4 default-deny cut traffic in real life: DNS and API first',
    find: (seen) => each(seen, (cluster, say) => {
      for (const namespace of new Set(policies(cluster).map((object) => object.metadata.namespace ?? ''))) {
        if (allowedNames(cluster, namespace).length === 0) continue;
        const dns = policies(cluster, namespace).find((object) => object.kind === 'CiliumNetworkPolicy' && object.metadata.name === 'allow-dns-egress');
        const to = rules(dns ?? { apiVersion: '', kind: '', metadata: { name: '' } }, 'egress')[0] ?? {};
        const label = strings(at(plain(list(to['toEndpoints'])[0]), 'matchLabels'))['k8s:k8s-app'];
        if (label !== values(cluster, 'coredns')['k8sAppLabelOverride']) say(`${namespace} asks k8s-app=${label ?? 'nobody'}`);
        if (list(at(plain(list(to['toPorts'])[0]), 'rules.dns')).length === 0) say(`${namespace} has names but no DNS rule`);
      }
      const proxy = values(cluster, 'cilium');
      if (proxy['l7Proxy'] !== true) say('Cilium has no proxy');
    }),
    plant: (seen) => { delete plain(list(rules(one(infraOf(seen), 'CiliumNetworkPolicy', 'allow-dns-egress'), 'egress')[0]?.['toPorts'])[0])['rules']; },
  },
  {
    holds: 'External Secrets reaches 1Password, cert-manager its authorities and Cloudflare, ExternalDNS and the tunnel their servers', defect: '7.4 the second half of the policies was never written',
    find: (seen) => each(seen, (cluster, say) => {
      const need = (namespace: string, host: string): void => { if (!allows(allowedNames(cluster, namespace), host)) say(`${namespace} may not reach ${host}`); };
      for (const store of all(cluster, 'ClusterSecretStore')) need('external-secrets', hostOf(String(at(store.spec, 'provider.onepassword.connectHost'))));
      for (const issuer of all(cluster, 'ClusterIssuer')) need('cert-manager', hostOf(String(at(issuer.spec, 'acme.server'))));
      for (const [namespace, host] of [['cert-manager', 'api.cloudflare.com'], ['networking', 'api.cloudflare.com'], ['networking', 'region1.v2.argotunnel.com']] as const) need(namespace, host);
      const dns = policies(cluster, 'networking').flatMap((object) => rules(object, 'egress')).flatMap((rule) => list(rule['toCIDR']).map(String));
      const [server] = list(at(documents(seen, 'talos/patches/all.yaml')[0], 'machine.network.nameservers')).map(String);
      if (!dns.includes(`${server ?? ''}/32`)) say(`networking may not reach BIND at ${server ?? ''}`);
    }),
    plant: (seen) => { one(appsOf(seen), 'ClusterIssuer', 'letsencrypt-production').spec = { acme: { server: 'https://acme.example.com/directory' } }; },
  },
  {
    holds: 'the API server reaches webhooks, everybody reaches DNS, and neither kube-system nor rook-ceph is cut off', defect: '7.4 admission webhooks and system namespaces were cut off',
    find: (seen) => each(seen, (cluster, say) => {
      for (const [namespace, label, value, port] of WEBHOOKS) {
        const open = policies(cluster, namespace).filter((object) => strings(at(object.spec, 'endpointSelector.matchLabels'))[label] === value).flatMap((object) => rules(object, 'ingress'))
          .some((rule) => ['kube-apiserver', 'host', 'remote-node'].every((entity) => list(rule['fromEntities']).includes(entity)) && list(rule['toPorts']).flatMap((entry) => list(plain(entry)['ports'])).some((entry) => plain(entry)['port'] === port));
        if (!open) say(`nobody may call the webhook of ${namespace}`);
      }
      for (const namespace of ['kube-system', 'rook-ceph']) {
        for (const direction of ['ingress', 'egress'] as const) {
          const open = entities(cluster, namespace, direction, (labels) => Object.keys(labels).length === 0);
          if (!open.includes('cluster') && !open.includes('all')) say(`${namespace} is cut off (${direction})`);
        }
      }
      if (!entities(cluster, 'kube-system', 'ingress', (labels) => labels['k8s-app'] === 'clustermesh-apiserver').includes('world')) say('the peers\' nodes may not reach the mesh server');
    }),
    plant: (seen) => { const found = policies(infraOf(seen), 'kube-system').find((object) => object.metadata.name === 'allow-system'); if (found !== undefined) plain(found.spec)['ingress'] = []; },
  },
  {
    holds: 'components are components, each by itself, and their policies carry no namespace', defect: '7.4 a component directory that is a single file',
    find: (seen) => ['deny-all', 'allow-dns', 'allow-kube-api', 'allow-internal', 'allow-fqdn'].flatMap((name) => {
      const folder = `kubernetes/components/networkpolicy/${name}`;
      const kustomization = plain(documents(seen, `${folder}/kustomization.yaml`)[0]);
      const own = list(kustomization['resources']).flatMap((resource) => documents(seen, `${folder}/${String(resource)}`));
      return [
        ...(kustomization['kind'] === 'Component' ? [] : [`${name} is a ${text(kustomization['kind']) ?? 'nothing'}`]),
        ...own.filter((object) => at(object, 'metadata.namespace') !== undefined).map((object) => `${name}: ${String(at(object, 'metadata.name'))} has a namespace`),
      ];
    }),
    plant: (seen) => { seen.files.set('kubernetes/components/networkpolicy/allow-dns/kustomization.yaml', JSON.stringify({ kind: 'Kustomization', resources: [] })); },
  },
];
