import { describe, expect, test } from 'vitest';
import { at, list, plain, strings } from '../../lab/catalog/data.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { eachWith, items, objectOf } from './identity.seen.ts';
import { metricsIn } from './metrics.ts';
import { all, file, infraOf, one, settingsOf, type Check, type Seen } from './networking.checks.ts';
import { built, CLUSTERS, type BuiltCluster } from './tree.ts';

/** Who people are: what of Keycloak must agree, and that each check finds the mistake it is for. */

const trees = CLUSTERS.map(built);
function seen(): Seen { return { clusters: structuredClone(trees), files: new Map() }; }
const keycloak = (cluster: BuiltCluster): KubeObject => one(cluster, 'Keycloak', 'keycloak');
const realm = (cluster: BuiltCluster): Record<string, unknown> => plain(at(one(cluster, 'KeycloakRealmImport', 'platform-realm').spec, 'realm'));
const clientsOf = (cluster: BuiltCluster): readonly Record<string, unknown>[] => list(realm(cluster)['clients']).map(plain);
const clientOf = (cluster: BuiltCluster, id: string): Record<string, unknown> => clientsOf(cluster).find((client) => client['clientId'] === id) ?? {};
const operator = (cluster: BuiltCluster): Record<string, unknown> => plain(list(at(one(cluster, 'Deployment', 'keycloak-operator').spec, 'template.spec.containers'))[0]);
const envOf = (cluster: BuiltCluster, name: string): unknown => list(operator(cluster)['env']).map(plain).find((entry) => entry['name'] === name)?.['value'];
const CALLBACKS: Readonly<Record<string, string>> = { gitlab: 'gitlab.apps.monosense.io/users/auth/openid_connect/callback', grafana: 'grafana.monosense.io/login/generic_oauth', harbor: 'harbor.infra.monosense.io/c/oidc/callback' };
const alertsOf = (cluster: BuiltCluster): readonly Record<string, unknown>[] => list(at(one(cluster, 'VMRule', 'keycloak').spec, 'groups')).flatMap((group) => list(plain(group)['rules'])).map(plain);
/** https://www.keycloak.org/observability/configuration-metrics and its guides of each area; kube-state-metrics. */
const METRICS = new Set(['http_server_requests_seconds_count', 'http_server_requests_seconds_bucket', 'jvm_memory_usage_after_gc_percent', 'jvm_gc_pause_seconds_sum', 'agroal_active_count', 'agroal_awaiting_count', 'vendor_cluster_size', 'kube_statefulset_status_replicas_ready']);
/** What the operator labels the pods of an instance with (Constants.java, Utils.allInstanceLabels). */
const PODS: Readonly<Record<string, string>> = { app: 'keycloak', 'app.kubernetes.io/managed-by': 'keycloak-operator', 'app.kubernetes.io/instance': 'keycloak', 'app.kubernetes.io/component': 'server' };

const ALL: readonly Check[] = [
  {
    holds: 'both definitions are in the tree, come before what uses them, and outlive their Kustomization', defect: 'no definition of Keycloak is installed anywhere',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      for (const plural of ['keycloaks', 'keycloakrealmimports']) {
        const definition = all(cluster, 'CustomResourceDefinition').find(({ metadata }) => metadata.name === `${plural}.k8s.keycloak.org`);
        if (definition === undefined) { say(`nobody brings ${plural}`); continue; }
        if (definition.metadata.annotations?.['kustomize.toolkit.fluxcd.io/prune'] !== 'disabled') say(`${plural} would be pruned`);
        const version = plain(list(at(definition.spec, 'versions'))[0]);
        if (version['name'] !== 'v2alpha1' || at(version, 'subresources.status') === undefined) say(`${plural} is not what the operator serves`);
        if (at(version, 'schema.openAPIV3Schema.properties.spec.x-kubernetes-preserve-unknown-fields') !== true) say(`${plural} drops what it does not know`);
      }
    }),
    plant: (seen_) => { const definition = one(infraOf(seen_), 'CustomResourceDefinition', 'keycloaks.k8s.keycloak.org'); definition.metadata.annotations = {}; },
  },
  {
    holds: 'operator and server are of one version, by whole names of images, and the operator looks where the instance is', defect: 'RELATED_IMAGE_KEYCLOAK is missing, the image becomes /:26.4.5',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      if (operator(cluster)['image'] !== 'quay.io/keycloak/keycloak-operator:26.4.5') say(`operator ${String(operator(cluster)['image'])}`);
      if (envOf(cluster, 'RELATED_IMAGE_KEYCLOAK') !== 'quay.io/keycloak/keycloak:26.4.5') say(`server ${String(envOf(cluster, 'RELATED_IMAGE_KEYCLOAK'))}`);
      for (const kind of ['KEYCLOAK', 'KEYCLOAKREALMIMPORT']) if (envOf(cluster, `QUARKUS_OPERATOR_SDK_CONTROLLERS_${kind}CONTROLLER_NAMESPACES`) !== keycloak(cluster).metadata.namespace) say(`${kind} is looked for elsewhere`);
      if (at(keycloak(cluster).spec, 'image') !== undefined || at(keycloak(cluster).spec, 'startOptimized') !== false) say('an image of its own would be started as optimized');
    }),
    plant: (seen_) => { operator(infraOf(seen_))['env'] = []; },
  },
  {
    holds: 'the operator may do where the instance is what its own bundle grants, and nothing cluster-wide but asking for OpenShift', defect: 'rights other than those of the official bundle',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const granted = list(objectOf(cluster, 'Role', 'keycloak-operator', 'keycloak-system')['rules']).map(plain).flatMap((rule) => list(rule['resources']).flatMap((resource) => list(rule['verbs']).map((verb) => `${String(resource)}:${String(verb)}`)));
      for (const needed of ['statefulsets:create', 'jobs:create', 'secrets:create', 'services:patch', 'keycloaks/status:patch', 'keycloakrealmimports/status:patch', 'networkpolicies:watch', 'ingresses:watch', 'servicemonitors:watch', 'pods/log:get', 'pods:list', 'configmaps:watch']) if (!granted.includes(needed)) say(`it may not ${needed}`);
      const binding = objectOf(cluster, 'RoleBinding', 'keycloak-operator', 'keycloak-system');
      if (at(list(binding['subjects'])[0], 'namespace') !== 'keycloak-operator-system') say('the rights are somebody else\'s');
      const wide = list(one(cluster, 'ClusterRole', 'keycloak-operator')['rules']).map(plain).flatMap((rule) => list(rule['apiGroups']));
      if (wide.join() !== 'config.openshift.io') say(`cluster-wide: ${wide.join()}`);
    }),
    plant: (seen_) => { const role = objectOf(infraOf(seen_), 'Role', 'keycloak-operator', 'keycloak-system'); role['rules'] = list(role['rules']).filter((rule) => !list(plain(rule)['resources']).includes('jobs')); },
  },
  {
    holds: 'administrator and database come from Secrets made of 1Password, the database\'s from the item of its role', defect: 'KEYCLOAK_ADMIN as an option; credentials in the tree',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const { spec } = keycloak(cluster);
      if (at(spec, 'bootstrapAdmin.user.secret') !== 'keycloak-admin' || items(objectOf(cluster, 'ExternalSecret', 'keycloak-admin', 'keycloak-system')) !== 'username=kubernetes/infra/keycloak/admin#username,password=kubernetes/infra/keycloak/admin#password') say('the administrator is from elsewhere');
      if (items(objectOf(cluster, 'ExternalSecret', 'keycloak-db-credentials', 'keycloak-system')) !== items(objectOf(cluster, 'ExternalSecret', 'keycloak-db-credentials', 'cnpg-system'))) say('server and role have two passwords');
      for (const side of ['username', 'password']) if (at(spec, `db.${side}Secret.name`) !== 'keycloak-db-credentials' || at(spec, `db.${side}Secret.key`) !== side) say(`db.${side}Secret`);
      for (const option of list(at(spec, 'additionalOptions')).map(plain)) if (!/^(metrics|http|log|health|cache)-/.test(String(option['name']))) say(`option ${String(option['name'])}`);
      for (const made of all(cluster, 'Secret')) if (made.metadata.namespace === 'keycloak-system') say(`Secret ${made.metadata.name} is in the tree`);
    }),
    plant: (seen_) => { plain(keycloak(infraOf(seen_)).spec)['additionalOptions'] = [{ name: 'KEYCLOAK_ADMIN', value: 'admin' }]; },
  },
  {
    holds: 'the database is reached by its pooler, by the pooler\'s own name, in a pool that fits into it', defect: 'a host with -rw, which no Pooler\'s Service has',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const { spec } = keycloak(cluster);
      const [host, namespace] = String(at(spec, 'db.host')).split('.');
      const pooler = objectOf(cluster, 'Pooler', 'keycloak-pooler', 'cnpg-system');
      if (host !== pooler.metadata.name || namespace !== pooler.metadata.namespace) say(`it asks ${String(at(spec, 'db.host'))}`);
      if (at(spec, 'db.database') !== objectOf(cluster, 'Database', 'keycloak', 'cnpg-system').spec?.['name']) say('another database');
      if (Number(at(spec, 'db.poolMaxSize')) * Number(at(spec, 'instances')) > Number(at(pooler.spec, 'pgbouncer.parameters.max_client_conn'))) say('more connections than the pooler takes');
    }),
    plant: (seen_) => { plain(at(keycloak(infraOf(seen_)).spec, 'db'))['host'] = 'keycloak-pooler-rw.cnpg-system.svc.cluster.local'; },
  },
  {
    holds: 'the gateway speaks to it as it listens, under the name it answers with, and that name has a certificate', defect: 'a gateway that ends TLS and speaks HTTP to an https backend',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const { spec } = keycloak(cluster);
      const route = objectOf(cluster, 'HTTPRoute', 'keycloak', 'keycloak-system');
      const backend = plain(list(at(list(at(route.spec, 'rules'))[0], 'backendRefs'))[0]);
      const tls = all(cluster, 'BackendTLSPolicy').length > 0;
      if (backend['name'] !== 'keycloak-service') say(`it goes to ${String(backend['name'])}`);
      if (tls ? backend['port'] !== 8443 : backend['port'] !== 8080 || at(spec, 'http.httpEnabled') !== true || at(spec, 'proxy.headers') !== 'xforwarded') say(`port ${String(backend['port'])} is not what it listens on`);
      const name = `sso.${settingsOf(cluster)['SECRET_DOMAIN'] ?? ''}`;
      if (list(at(route.spec, 'hostnames')).join() !== name || at(spec, 'hostname.hostname') !== `https://${name}` || at(spec, 'hostname.strict') !== true) say('two names, or one that is not whole');
      if (at(list(at(route.spec, 'parentRefs'))[0], 'name') !== settingsOf(cluster)['CILIUM_GATEWAY_EXTERNAL_NAME']) say('another gateway');
      const certificate = one(cluster, 'Certificate', 'sso-tls');
      if (at(certificate.spec, 'secretName') !== at(spec, 'http.tlsSecret') || list(at(certificate.spec, 'dnsNames')).join() !== name || at(certificate.spec, 'renewBefore') !== '720h') say('the certificate is for something else');
      if (at(spec, 'ingress.enabled') !== false || at(spec, 'networkPolicy.enabled') !== false) say('the operator lets people in by itself');
    }),
    plant: (seen_) => { plain(list(at(list(at(objectOf(infraOf(seen_), 'HTTPRoute', 'keycloak', 'keycloak-system').spec, 'rules'))[0], 'backendRefs'))[0])['port'] = 8443; },
  },
  {
    holds: 'two instances stand on two nodes, may be drained one at a time, and whatever chooses their pods does so by labels they have', defect: 'instances beside each other; selectors on labels nobody sets',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const { spec } = keycloak(cluster);
      if (at(spec, 'instances') !== 2) say(`${String(at(spec, 'instances'))} instances`);
      const apart = plain(list(at(spec, 'scheduling.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution'))[0]);
      if (apart['topologyKey'] !== 'kubernetes.io/hostname') say('they may share a node');
      const selectors = [
        strings(at(apart, 'labelSelector.matchLabels')), strings(at(one(cluster, 'PodDisruptionBudget', 'keycloak').spec, 'selector.matchLabels')),
        strings(at(one(cluster, 'CiliumNetworkPolicy', 'keycloak').spec, 'endpointSelector.matchLabels')), strings(at(one(cluster, 'VMServiceScrape', 'keycloak').spec, 'selector.matchLabels')),
      ];
      for (const selector of selectors) if (Object.keys(selector).length === 0 || Object.entries(selector).some(([key, value]) => PODS[key] !== value)) say(JSON.stringify(selector));
      if (at(list(at(one(cluster, 'VMServiceScrape', 'keycloak').spec, 'endpoints'))[0], 'port') !== 'management') say('metrics are at the management port');
    }),
    plant: (seen_) => { plain(at(one(infraOf(seen_), 'PodDisruptionBudget', 'keycloak').spec, 'selector'))['matchLabels'] = { 'app.kubernetes.io/name': 'keycloak' }; },
  },
  {
    holds: 'each client is sent back to its real host and to nowhere else, and shows a secret that only 1Password knows', defect: 'redirect addresses of gitlab.monosense.io and harbor.monosense.io',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      if (clientsOf(cluster).map((client) => client['clientId']).join() !== Object.keys(CALLBACKS).join()) say('other clients');
      const filled = plain(at(one(cluster, 'KeycloakRealmImport', 'platform-realm').spec, 'placeholders'));
      const known = items(objectOf(cluster, 'ExternalSecret', 'keycloak-clients', 'keycloak-system'));
      for (const [id, callback] of Object.entries(CALLBACKS)) {
        const client = clientOf(cluster, id);
        if (list(client['redirectUris']).join() !== `https://${callback}`) say(`${id} goes back to ${list(client['redirectUris']).join()}`);
        if (client['secret'] !== `\${client_${id}}`) say(`the secret of ${id} is in the tree`);
        if (at(filled, `client_${id}.secret.name`) !== 'keycloak-clients' || at(filled, `client_${id}.secret.key`) !== id || !known.includes(`${id}=`)) say(`nothing fills in the secret of ${id}`);
        if (strings(client['attributes'])['pkce.code.challenge.method'] !== 'S256' || client['publicClient'] !== false || client['implicitFlowEnabled'] !== false) say(`${id} may log in by weaker ways`);
      }
    }),
    plant: (seen_) => { clientOf(infraOf(seen_), 'gitlab')['redirectUris'] = ['https://gitlab.monosense.io/users/auth/openid_connect/callback']; },
  },
  {
    holds: 'the realm is called platform and has the policy that was decided; no theme is named that the image does not have', defect: 'realm master; theme redhat',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const wanted = { realm: 'platform', enabled: true, verifyEmail: true, registrationAllowed: false, bruteForceProtected: true, failureFactor: 5, accessTokenLifespan: 300, ssoSessionIdleTimeout: 1800, ssoSessionMaxLifespan: 36_000 };
      for (const [key, value] of Object.entries(wanted)) if (realm(cluster)[key] !== value) say(`${key}: ${String(realm(cluster)[key])}`);
      for (const key of Object.keys(realm(cluster))) if (key.endsWith('Theme')) say(key);
    }),
    plant: (seen_) => { realm(infraOf(seen_))['loginTheme'] = 'redhat'; },
  },
  {
    holds: 'what it waits for exists, and the realm waits for the server', defect: 'dependsOn names that do not resolve; nothing wires the two Kustomizations',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const names = new Set(cluster.units.map(({ name }) => name));
      const needs = (name: string): readonly string[] => list(at(one(cluster, 'Kustomization', name).spec, 'dependsOn')).map((entry) => String(plain(entry)['name']));
      for (const name of ['keycloak-operator', 'keycloak', 'keycloak-realm']) for (const need of needs(name)) if (!names.has(need)) say(`${name} waits for ${need}`);
      for (const need of ['keycloak-operator', 'shared-postgres-databases', 'cilium-gateway', 'cert-manager-issuers', 'external-secrets-store']) if (!needs('keycloak').includes(need)) say(`keycloak does not wait for ${need}`);
      if (!needs('keycloak-realm').includes('keycloak')) say('the realm waits for nobody');
    }),
    plant: (seen_) => { plain(list(at(one(infraOf(seen_), 'Kustomization', 'keycloak').spec, 'dependsOn'))[1])['name'] = 'cloudnative-pg-shared-cluster'; },
  },
  {
    holds: 'Grafana logs people in by its client: the same secret, addresses of this realm and server, what the realm asks for, and roles by groups the realm has', defect: 'a client nobody uses; everybody an administrator',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const container = plain(list(at(objectOf(cluster, 'Deployment', 'grafana', 'observability').spec, 'template.spec.containers'))[0]);
      const entry = (name: string): Record<string, unknown> => list(container['env']).map(plain).find((each_) => each_['name'] === `GF_AUTH_GENERIC_OAUTH_${name}`) ?? {};
      const value = (name: string): string => String(entry(name)['value']);
      const client = clientOf(cluster, 'grafana');
      if (value('ENABLED') !== 'true' || value('CLIENT_ID') !== client['clientId']) say('it does not ask');
      const secret = plain(at(entry('CLIENT_SECRET'), 'valueFrom.secretKeyRef'));
      const [, here] = /^client-secret=(.*)$/.exec(items(objectOf(cluster, 'ExternalSecret', String(secret['name']), 'observability'))) ?? [];
      if (secret['key'] !== 'client-secret' || here === undefined || !items(objectOf(cluster, 'ExternalSecret', 'keycloak-clients', 'keycloak-system')).split(',').includes(`grafana=${here}`)) say('its secret is another');
      const base = `/realms/${String(realm(cluster)['realm'])}/protocol/openid-connect`;
      const inside = `http://keycloak-service.${keycloak(cluster).metadata.namespace ?? ''}.svc.cluster.local:8080${base}`;
      const outside = `${String(at(keycloak(cluster).spec, 'hostname.hostname'))}${base}`;
      if (value('AUTH_URL') !== `${outside}/auth` || value('TOKEN_URL') !== `${inside}/token` || value('API_URL') !== `${inside}/userinfo`) say('it asks elsewhere');
      const after = new URL(value('SIGNOUT_REDIRECT_URL')).searchParams.get('post_logout_redirect_uri') ?? '';
      if (!value('SIGNOUT_REDIRECT_URL').startsWith(`${outside}/logout?`) || !after.startsWith(String(strings(client['attributes'])['post.logout.redirect.uris']).replace('*', ''))) say('it logs out to elsewhere');
      const root = list(container['env']).map(plain).find((each_) => each_['name'] === 'GF_SERVER_ROOT_URL')?.['value'];
      if (`${String(root)}/login/generic_oauth` !== list(client['redirectUris']).join()) say('the realm sends people elsewhere');
      if (value('USE_PKCE') !== 'true' || !value('SCOPES').split(' ').includes('openid')) say('the realm refuses it');
      const groups = new Set(list(realm(cluster)['groups']).map((group) => String(at(group, 'name'))));
      const roles = [...value('ROLE_ATTRIBUTE_PATH').matchAll(/contains\(groups\[\*\], '([\w-]+)'\) && '(\w+)'/g)];
      for (const [, group = '', role = ''] of roles) if (!groups.has(group) || !['GrafanaAdmin', 'Admin', 'Editor', 'Viewer'].includes(role)) say(`${group} as ${role}`);
      if (roles.length !== 2 || value('ROLE_ATTRIBUTE_STRICT') !== 'true' || /\|\| '/.test(value('ROLE_ATTRIBUTE_PATH'))) say('who is in no group gets in');
      if (list(client['protocolMappers']).every((mapper) => plain(at(mapper, 'config'))['claim.name'] !== 'groups')) say('nobody tells it the groups');
      const allowed = (namespace: string, name: string): string => JSON.stringify(objectOf(cluster, 'CiliumNetworkPolicy', name, namespace).spec);
      if (!allowed('observability', 'allow-login-egress').includes('"k8s:app":"keycloak"') || !allowed('keycloak-system', 'allow-grafana-ingress').includes('"k8s:app.kubernetes.io/name":"grafana"')) say('policies keep it out');
    }),
    plant: (seen_) => { list(plain(list(at(objectOf(infraOf(seen_), 'Deployment', 'grafana', 'observability').spec, 'template.spec.containers'))[0])['env']).map(plain).forEach((each_) => { if (each_['name'] === 'GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_PATH') each_['value'] = `${String(each_['value'])} || 'Viewer'`; }); },
  },
  {
    holds: 'ten alerts ask for metrics that are documented, each with its place in the runbook', defect: 'alerts on metrics nobody exports',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      if (alertsOf(cluster).length !== 10) say(`${alertsOf(cluster).length} alerts`);
      for (const alert of alertsOf(cluster)) {
        for (const name of metricsIn(String(alert['expr']))) if (!METRICS.has(name)) say(`${String(alert['alert'])}: ${name}`);
        if (!file(seen_, 'docs/runbooks/keycloak.md').includes(`### ${String(alert['alert'])}\n`)) say(`the runbook is silent about ${String(alert['alert'])}`);
      }
      if (list(at(keycloak(cluster).spec, 'additionalOptions')).map(plain).filter((option) => ['metrics-enabled', 'http-metrics-histograms-enabled'].includes(String(option['name'])) && option['value'] === 'true').length !== 2) say('these metrics are not switched on');
    }),
    plant: (seen_) => { (alertsOf(infraOf(seen_))[2] ?? {})['expr'] = 'rate(keycloak_failed_login_attempts[5m]) > 1'; },
  },
];

describe('who people are', () => {
  test('only infra has it', () => { expect(trees.filter((cluster) => all(cluster, 'Keycloak').length > 0).map(({ name }) => name)).toEqual(['infra']); });
  test.each(ALL)('$holds', ({ find }) => { expect(find(seen())).toEqual([]); });
  test.each(ALL)('a mistake is found: $holds', ({ find, plant }) => {
    const wrong = seen();
    plant(wrong);
    expect(find(wrong)).not.toEqual([]);
  });
});
