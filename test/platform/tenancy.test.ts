import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { load, loadAll } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { at, isPlain, list, plain, strings, text } from '../../lab/catalog/data.ts';
import { build } from '../../lab/flux/kustomize.ts';
import { buildFluxKustomization } from '../../lab/flux/build.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { realTool } from '../real-tool.ts';
import { KNOWN, metricsIn } from './metrics.ts';
import { appsOf, each, exists, file, type Check, type Seen } from './networking.checks.ts';
import { built, CLUSTERS, files, PROJECT, type BuiltCluster } from './tree.ts';

/** Tenants: what their fence is made of, what it keeps in, and that each check finds the mistake it is for. */

const trees = CLUSTERS.map(built);
function seen(): Seen { return { clusters: structuredClone(trees), files: new Map() }; }

const COMPONENTS = 'kubernetes/components';
const TENANTS = 'kubernetes/workloads/tenants';
const FENCE = ['namespace', 'rbac', 'quota', 'networkpolicy/deny-all', 'networkpolicy/allow-dns', 'networkpolicy/allow-kube-api', 'networkpolicy/allow-observability'];
/** Names of tenants of a cluster, by the Kustomizations of their fences. */
const tenants = (cluster: BuiltCluster): readonly string[] => cluster.units.flatMap(({ name }) => (name.startsWith('tenant-') ? [name.slice(7)] : []));
const inside = (cluster: BuiltCluster, kind: string, namespace: string): readonly KubeObject[] => cluster.objects.filter((object) => object.kind === kind && object.metadata.namespace === namespace);
function its(cluster: BuiltCluster, kind: string, namespace: string, name: string): KubeObject {
  const found = inside(cluster, kind, namespace).find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`${cluster.name} has no ${kind} ${namespace}/${name}`);
  return found;
}
/** Everyone's namespace by its name, its fence made of what the tenant is. */
function eachTenant(seen_: Seen, find: (cluster: BuiltCluster, team: string, say: (trouble: string) => void) => void): readonly string[] {
  return each(seen_, (cluster, say) => { for (const team of tenants(cluster)) find(cluster, team, (trouble) => { say(`${team}: ${trouble}`); }); });
}
const rules = (role: KubeObject): readonly Record<string, unknown>[] => list(role['rules']).map(plain);
/** Whether a role lets do something to a kind of object; subresources are written as they are asked for. */
const allows = (role: KubeObject, group: string, resource: string, verb: string): boolean => rules(role).some((rule) => list(rule['apiGroups']).some((each_) => each_ === group || each_ === '*') && list(rule['resources']).some((each_) => each_ === resource || each_ === '*') && list(rule['verbs']).some((each_) => each_ === verb || each_ === '*'));

const HARD = { 'requests.cpu': '4', 'requests.memory': '8Gi', 'limits.cpu': '8', 'limits.memory': '16Gi', pods: '20', services: '10', 'services.loadbalancers': '0', 'services.nodeports': '0', persistentvolumeclaims: '5', 'requests.storage': '50Gi' };
const LIMITS = [
  { type: 'Container', default: { cpu: '100m', memory: '128Mi' }, defaultRequest: { cpu: '100m', memory: '128Mi' }, max: { cpu: '2', memory: '4Gi' }, min: { cpu: '10m', memory: '16Mi' } },
  { type: 'PersistentVolumeClaim', max: { storage: '10Gi' }, min: { storage: '1Gi' } },
];
const PLURALS: Readonly<Record<string, readonly [group: string, plural: string]>> = {
  Deployment: ['apps', 'deployments'], StatefulSet: ['apps', 'statefulsets'], Service: ['', 'services'], ServiceAccount: ['', 'serviceaccounts'], ConfigMap: ['', 'configmaps'], PersistentVolumeClaim: ['', 'persistentvolumeclaims'], HTTPRoute: ['gateway.networking.k8s.io', 'httproutes'],
};
/** What the tenant itself brings: Kustomizations in its own namespace. */
const own = (cluster: BuiltCluster, team: string): readonly BuiltCluster['units'][number][] => cluster.units.filter(({ object }) => object.metadata.namespace === team);

const CHECKS: readonly Check[] = [
  {
    holds: 'what a fence is made of are kustomize Components', defect: 'kind Kustomization under components:, which kustomize refuses',
    find: (seen_) => FENCE.flatMap((name) => {
      const { kind, apiVersion } = plain(load(file(seen_, `${COMPONENTS}/${name}/kustomization.yaml`)));
      return kind === 'Component' && apiVersion === 'kustomize.config.k8s.io/v1alpha1' ? [] : [`${name} is a ${String(kind)}`];
    }),
    plant: (seen_) => { const path = `${COMPONENTS}/quota/kustomization.yaml`; seen_.files.set(path, file(seen_, path).replace('kind: Component', 'kind: Kustomization')); },
  },
  {
    holds: 'policies of tenants are the ones every namespace has, and one for the collector', defect: 'a second set of files with the names of the first',
    find: (seen_) => [
      ...['demo', '_template'].flatMap((team) => {
        const used = list(plain(load(file(seen_, `${TENANTS}/${team}/fence/kustomization.yaml`)))['components']).map(String);
        return used.join() === FENCE.map((name) => `../../../../components/${name}`).join() ? [] : [`${team}: ${used.join()}`];
      }),
      ...['deny-all.yaml', 'allow-dns.yaml', 'allow-kube-api.yaml'].filter((name) => exists(`${COMPONENTS}/networkpolicy/${name}`)),
    ],
    plant: (seen_) => { const path = `${TENANTS}/demo/fence/kustomization.yaml`; seen_.files.set(path, file(seen_, path).replace('  - ../../../../components/networkpolicy/deny-all\n', '')); },
  },
  {
    holds: 'viewers read no secrets, by no star either, and no rule is without a verb', defect: 'resources "*" of the core group; an empty verbs rule meant as a denial',
    find: (seen_) => eachTenant(seen_, (cluster, team, say) => {
      for (const verb of ['get', 'list', 'watch']) if (allows(its(cluster, 'Role', team, 'viewer'), '', 'secrets', verb)) say(`viewers may ${verb} secrets`);
      if (rules(its(cluster, 'Role', team, 'viewer')).some((rule) => list(rule['verbs']).some((verb) => !['get', 'list', 'watch'].includes(String(verb))))) say('viewers may write');
      for (const role of inside(cluster, 'Role', team)) {
        for (const rule of rules(role)) {
          if (list(rule['verbs']).length === 0 || list(rule['resources']).length === 0) say(`${role.metadata.name}: an empty rule`);
          if ([...list(rule['apiGroups']), ...list(rule['resources']), ...list(rule['verbs'])].includes('*')) say(`${role.metadata.name}: a star`);
        }
      }
    }),
    plant: (seen_) => { const role = its(appsOf(seen_), 'Role', 'demo', 'viewer'); role['rules'] = [{ apiGroups: [''], resources: ['*'], verbs: ['get'] }]; },
  },
  {
    holds: 'each role is for its group or its account, and does what it is for', defect: 'roles that nobody has',
    find: (seen_) => eachTenant(seen_, (cluster, team, say) => {
      const subjects = { developer: `Group ${team}-developers`, viewer: `Group ${team}-viewers`, cicd: `ServiceAccount cicd`, flux: 'ServiceAccount flux' };
      for (const [name, who] of Object.entries(subjects)) {
        const binding = its(cluster, 'RoleBinding', team, name);
        const subject = plain(list(binding['subjects'])[0]);
        if (at(binding['roleRef'], 'name') !== name || at(binding['roleRef'], 'kind') !== 'Role' || `${String(subject['kind'])} ${String(subject['name'])}` !== who) say(`${name} is bound to ${String(subject['name'])}`);
        if (subject['kind'] === 'ServiceAccount' && (subject['namespace'] !== team || its(cluster, 'ServiceAccount', team, name)['automountServiceAccountToken'] !== false)) say(`account ${name}`);
      }
      const developer = its(cluster, 'Role', team, 'developer');
      for (const resource of ['pods', 'services', 'configmaps', 'secrets', 'persistentvolumeclaims']) for (const verb of ['create', 'delete', 'patch', 'get']) if (!allows(developer, '', resource, verb)) say(`developers may not ${verb} ${resource}`);
      for (const [group, resource] of [['apps', 'deployments'], ['apps', 'statefulsets'], ['batch', 'jobs'], ['networking.k8s.io', 'ingresses'], ['gateway.networking.k8s.io', 'httproutes']] as const) if (!allows(developer, group, resource, 'create')) say(`developers may not create ${resource}`);
      for (const resource of ['pods/exec', 'pods/portforward']) if (!allows(developer, '', resource, 'create')) say(`developers have no ${resource}`);
      if (!allows(developer, '', 'pods/log', 'get') || !allows(developer, '', 'events', 'list')) say('developers see no logs or events');
      const cicd = its(cluster, 'Role', team, 'cicd');
      if (!allows(cicd, 'apps', 'deployments', 'patch') || !allows(cicd, 'batch', 'jobs', 'create') || !allows(cicd, '', 'pods/log', 'get') || allows(cicd, '', 'secrets', 'get') || allows(cicd, '', 'pods', 'create')) say('pipelines may do other things than deploy');
    }),
    plant: (seen_) => { list(its(appsOf(seen_), 'RoleBinding', 'demo', 'developer')['subjects']).filter(isPlain).forEach((subject) => { subject['name'] = 'developers'; }); },
  },
  {
    holds: 'nobody of a tenant touches the fence, nor asks 1Password or backups for what is not its own', defect: 'a tenant that grants itself more',
    find: (seen_) => eachTenant(seen_, (cluster, team, say) => {
      const fence = [['', 'resourcequotas'], ['', 'limitranges'], ['', 'namespaces'], ['rbac.authorization.k8s.io', 'roles'], ['rbac.authorization.k8s.io', 'rolebindings'], ['networking.k8s.io', 'networkpolicies'], ['cilium.io', 'ciliumnetworkpolicies'], ['external-secrets.io', 'externalsecrets'], ['volsync.backube', 'replicationdestinations'], ['kustomize.toolkit.fluxcd.io', 'kustomizations']] as const;
      for (const role of inside(cluster, 'Role', team)) for (const [group, resource] of fence) for (const verb of ['create', 'update', 'patch', 'delete']) if (allows(role, group, resource, verb)) say(`${role.metadata.name} may ${verb} ${resource}`);
      for (const binding of cluster.objects.filter(({ kind }) => kind === 'ClusterRoleBinding')) if (list(binding['subjects']).some((subject) => String(at(subject, 'name')).startsWith(`${team}-`) || at(subject, 'namespace') === team)) say(`${binding.metadata.name} is for the whole cluster`);
    }),
    plant: (seen_) => { const role = its(appsOf(seen_), 'Role', 'demo', 'flux'); role['rules'] = [...list(role['rules']), { apiGroups: ['external-secrets.io'], resources: ['externalsecrets'], verbs: ['create'] }]; },
  },
  {
    holds: 'Flux applies what a tenant brings as the tenant\'s account, which may do exactly that in its namespace', defect: 'a tenant\'s tree applied as the administrator',
    find: (seen_) => eachTenant(seen_, (cluster, team, say) => {
      for (const unit of own(cluster, team)) {
        if (at(unit.object.spec, 'serviceAccountName') !== 'flux') say(`${unit.name} is applied as the administrator`);
        for (const object of unit.objects) {
          const [group, plural] = PLURALS[object.kind] ?? ['?', object.kind];
          if (object.metadata.namespace !== team) say(`${object.kind} ${object.metadata.name} is in ${object.metadata.namespace ?? 'no namespace'}`);
          for (const verb of ['get', 'list', 'watch', 'create', 'patch', 'delete']) if (!allows(its(cluster, 'Role', team, 'flux'), group, plural, verb)) say(`${unit.name}: it may not ${verb} ${plural}`);
        }
      }
      if (own(cluster, team).length === 0) say('it runs nothing');
    }),
    plant: (seen_) => { for (const unit of own(appsOf(seen_), 'demo')) delete plain(unit.object.spec)['serviceAccountName']; },
  },
  {
    holds: 'quota and limits are what was decided', defect: 'load balancers and node ports by the back door',
    find: (seen_) => eachTenant(seen_, (cluster, team, say) => {
      if (JSON.stringify(at(its(cluster, 'ResourceQuota', team, `${team}-quota`).spec, 'hard')) !== JSON.stringify(HARD)) say('quota');
      if (JSON.stringify(at(its(cluster, 'LimitRange', team, `${team}-limits`).spec, 'limits')) !== JSON.stringify(LIMITS)) say('limits');
    }),
    plant: (seen_) => { plain(at(its(appsOf(seen_), 'ResourceQuota', 'demo', 'demo-quota').spec, 'hard'))['services.loadbalancers'] = '1'; },
  },
  {
    holds: 'what a tenant runs fits into its own fence', defect: 'an example that its own quota refuses',
    find: (seen_) => eachTenant(seen_, (cluster, team, say) => {
      const size = (value: unknown): number => Number.parseFloat(String(value)) * ({ Gi: 1024, Mi: 1 }[/[GM]i$/.exec(String(value))?.[0] ?? ''] ?? Number.NaN);
      for (const claim of inside(cluster, 'PersistentVolumeClaim', team)) if (!(size(at(claim.spec, 'resources.requests.storage')) <= 10_240)) say(`${claim.metadata.name} is too large`);
      for (const pods of inside(cluster, 'Deployment', team)) {
        for (const container of list(at(pods.spec, 'template.spec.containers')).map(plain)) {
          if (!(size(at(container, 'resources.limits.memory')) <= 4096) || !(size(at(container, 'resources.requests.memory')) >= 16)) say(`memory of ${pods.metadata.name}`);
          if (at(container, 'securityContext.allowPrivilegeEscalation') !== false || at(pods.spec, 'template.spec.securityContext.runAsNonRoot') !== true) say(`${pods.metadata.name} is a bad example`);
        }
      }
      // What VolSync makes of a protected volume meanwhile: cache and copy, or what is restored, beside the claim itself.
      if (inside(cluster, 'PersistentVolumeClaim', team).length + 3 * inside(cluster, 'ReplicationSource', team).length > Number(HARD.persistentvolumeclaims)) say('no room for its backups');
    }),
    plant: (seen_) => { for (const claim of inside(appsOf(seen_), 'PersistentVolumeClaim', 'demo')) plain(at(claim.spec, 'resources.requests'))['storage'] = '20Gi'; },
  },
  {
    holds: 'the namespace says whose it is and whom to ask, has its three Pod Security labels, and is never pruned', defect: 'a namespace without Pod Security',
    find: (seen_) => eachTenant(seen_, (cluster, team, say) => {
      const namespace = cluster.objects.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === team);
      const wanted = { 'app.kubernetes.io/managed-by': 'flux', 'toolkit.fluxcd.io/tenant': team, team, 'kustomize.toolkit.fluxcd.io/prune': 'disabled', ...Object.fromEntries(['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'baseline'])) };
      for (const [key, value] of Object.entries(wanted)) if (namespace?.metadata.labels?.[key] !== value) say(key);
      for (const key of ['contact', 'description']) if ((namespace?.metadata.annotations?.[key] ?? '') === '') say(key);
    }),
    plant: (seen_) => { for (const object of appsOf(seen_).objects) if (object.kind === 'Namespace') delete object.metadata.labels?.['pod-security.kubernetes.io/enforce']; },
  },
  {
    holds: 'a namespace is closed both ways, but for names, the API, and the collector at two ports', defect: 'the collector that reaches everything, or nothing',
    find: (seen_) => eachTenant(seen_, (cluster, team, say) => {
      const names = ['NetworkPolicy', 'CiliumNetworkPolicy'].flatMap((kind) => inside(cluster, kind, team).map(({ metadata }) => metadata.name));
      for (const name of ['default-deny-all', 'default-deny-all-ingress', 'default-deny-all-egress', 'allow-dns-egress', 'allow-kube-api-egress', 'allow-observability']) if (!names.includes(name)) say(`no ${name}`);
      const [plainly, ciliums] = [its(cluster, 'NetworkPolicy', team, 'allow-observability'), its(cluster, 'CiliumNetworkPolicy', team, 'allow-observability')].map((policy) => list(at(list(at(policy.spec, 'ingress'))[0], policy.kind === 'NetworkPolicy' ? 'ports' : 'toPorts')));
      if ((plainly ?? []).map((port) => at(port, 'port')).join() !== '8080,9090' || list(at((ciliums ?? [])[0], 'ports')).map((port) => at(port, 'port')).join() !== '8080,9090') say('it is scraped elsewhere');
    }),
    plant: (seen_) => { const policy = its(appsOf(seen_), 'CiliumNetworkPolicy', 'demo', 'allow-observability'); delete plain(list(at(policy.spec, 'ingress'))[0])['toPorts']; },
  },
  {
    holds: 'nothing of a tenant is left to fill in, and what is filled in are two values', defect: 'kustomize replacements, which cannot reach ${TEAM}',
    find: (seen_) => [
      ...eachTenant(seen_, (cluster, team, say) => { for (const object of [...cluster.units.find(({ name }) => name === `tenant-${team}`)?.objects ?? [], ...own(cluster, team).flatMap(({ objects }) => objects)]) if (/\$\{|my-team/.test(JSON.stringify(object))) say(`${object.kind} ${object.metadata.name}`); }),
      ...['demo', '_template'].flatMap((team) => {
        const ks = plain(load(file(seen_, `${TENANTS}/${team}/ks.yaml`)));
        return Object.keys(plain(at(ks['spec'], 'postBuild.substitute'))).join() === 'TEAM,CONTACT' && !file(seen_, `${TENANTS}/${team}/fence/kustomization.yaml`).includes('replacements') ? [] : [team];
      }),
    ],
    plant: (seen_) => { const path = `${TENANTS}/demo/ks.yaml`; seen_.files.set(path, file(seen_, path).replace('      CONTACT:', '      PLATFORM: x\n      CONTACT:')); },
  },
  {
    holds: 'two alerts tell of it by its name, each with its place in the runbook', defect: 'a namespace nobody watches',
    find: (seen_) => eachTenant(seen_, (cluster, team, say) => {
      const alerts = list(at(its(cluster, 'VMRule', team, `tenant-${team}`).spec, 'groups')).flatMap((group) => list(at(group, 'rules'))).map(plain);
      if (alerts.map((alert) => alert['alert']).join() !== 'TenantQuotaNearlyUsed,TenantWorkloadUnavailable') say(alerts.map((alert) => alert['alert']).join());
      for (const alert of alerts) {
        if (!String(alert['expr']).includes(`namespace="${team}"`) || at(alert, 'labels.team') !== team) say(`${String(alert['alert'])} is about somebody else`);
        for (const name of metricsIn(String(alert['expr']))) if (!KNOWN.has(name)) say(`${String(alert['alert'])}: ${name}`);
        if (!file(seen_, 'docs/runbooks/tenant-onboarding.md').includes(`### ${String(alert['alert'])}\n`)) say(`the runbook is silent about ${String(alert['alert'])}`);
      }
    }),
    plant: (seen_) => { delete plain(at(list(at(list(at(its(appsOf(seen_), 'VMRule', 'demo', 'tenant-demo').spec, 'groups'))[0], 'rules'))[0], 'labels'))['team']; },
  },
  {
    holds: 'the runbook tells of the template, groups, quotas, policies and what goes wrong', defect: 'a runbook that ends with the happy path',
    find: (seen_) => ['_template', '-developers', 'resourcequota', 'fence/kustomization.yaml', '## Policies', '## When it does not work', 'serviceAccountName: flux'].filter((words) => !file(seen_, 'docs/runbooks/tenant-onboarding.md').includes(words)),
    plant: (seen_) => { seen_.files.set('docs/runbooks/tenant-onboarding.md', file(seen_, 'docs/runbooks/tenant-onboarding.md').replaceAll('-developers', '')); },
  },
];

describe('tenants', () => {
  test.each(CHECKS)('$holds', ({ find }) => { expect(find(seen())).toEqual([]); });
  test.each(CHECKS)('a mistake is found: $holds', ({ find, plant }) => {
    const wrong = seen();
    plant(wrong);
    expect(find(wrong)).not.toEqual([]);
  });
  test('there is one on apps, and none on infra', () => { expect(seen().clusters.map((cluster) => [cluster.name, tenants(cluster)])).toEqual([['apps', ['demo']], ['infra', []]]); });

  /** As docs/runbooks/tenant-onboarding.md has it: the template's files with two words exchanged. */
  function copied(team: string, contact: string): ReadonlyMap<string, string> {
    const tree = files();
    return new Map([...tree, ...[...tree].filter(([path]) => path.startsWith(`${TENANTS}/_template/`)).map(([path, content]) => [path.replace('_template', team), path.endsWith('/ks.yaml') ? content.replace('my-team@example.org', contact).replaceAll('my-team', team) : content] as const)]);
  }
  function fenceOf(tree: ReadonlyMap<string, string>, team: string): readonly KubeObject[] {
    const [ks] = build(tree, `${TENANTS}/${team}`);
    if (ks === undefined) throw new Error('no Kustomization');
    return [ks, ...buildFluxKustomization(ks.metadata.name, plain(ks.spec), tree, { NODE_CIDR: '10.25.11.0/24', ...strings(at(ks.spec, 'postBuild.substitute')) })];
  }
  test('a copy of the template with two values is what demo is, under another name', () => {
    const made = fenceOf(copied('payments', 'payments@monosense.io'), 'payments');
    const asDemo: unknown = JSON.parse(JSON.stringify(made).replaceAll('payments@monosense.io', 'platform@monosense.io').replaceAll('payments', 'demo'));
    expect(asDemo).toEqual(fenceOf(files(), 'demo'));
    expect(JSON.stringify(made)).not.toMatch(/\$\{|my-team/);
  });
  test('and by the real kustomize, each object of it fits its schema', (context) => {
    const [kustomize, kubeconform] = [realTool('kustomize'), realTool('kubeconform')];
    const schemas = join(PROJECT, '../shared/reference/schemas');
    if (kustomize === undefined || kubeconform === undefined || !existsSync(schemas)) { context.skip('skipped: no kustomize, kubeconform or reference'); return; }
    const ran = spawnSync(kustomize, ['build', join(PROJECT, TENANTS, '_template/fence')], { encoding: 'utf8' });
    expect(ran.stderr).toBe('');
    const input = ran.stdout.replaceAll('${TEAM}', 'payments').replaceAll('${CONTACT}', 'payments@monosense.io').replaceAll('${NODE_CIDR}', '10.25.11.0/24');
    expect(loadAll(input).map((object) => text(at(object, 'kind')))).toHaveLength(fenceOf(files(), 'demo').length - 1);
    expect(spawnSync(kubeconform, ['-strict', '-summary', '-schema-location', `${schemas}/core-v1.34/{{.ResourceKind}}{{.KindSuffix}}.json`, '-schema-location', `${schemas}/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json`, '-'], { encoding: 'utf8', input }).stdout).toMatch(/Invalid: 0, Errors: 0, Skipped: 0/);
  });
});
