import { describe, expect, test } from 'vitest';
import { configKey, configReference, serviceAccount } from '../../../../scripts/manifests/rules/workloads/references.ts';
import { roleBinding } from '../../../../scripts/manifests/rules/workloads/rbac.ts';
import { UNKNOWN } from '../../../../scripts/manifests/build/unknown.ts';
import { finds } from '../../index/rig.ts';

const pod = (spec: string, namespace = 'shop'): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ${namespace}}
spec: {template: {metadata: {labels: {app: web}}, spec: ${spec}}}
`;
const env = (ref: string): string => pod(`{containers: [{name: web, env: [{name: TOKEN, valueFrom: ${ref}}]}]}`);
const secret = (name: string, data = '{token: eA==}'): string => `---\napiVersion: v1\nkind: Secret\nmetadata: {name: ${name}, namespace: shop}\ndata: ${data}\n`;
const external = (target: string, more = 'data: [{secretKey: token, remoteRef: {key: x}}]'): string => `---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: made, namespace: shop}\nspec: {target: ${target}, ${more}}\n`;
const ENV = env('{secretKeyRef: {name: auth, key: token}}');
const MISSING = 'Deployment web spec.template.spec.containers.0.env.0.valueFrom.secretKeyRef.name: nobody makes Secret shop/auth, which container web (TOKEN) needs';

describe('config-reference', () => {
  test.each([
    ['env', ENV, MISSING],
    ['envFrom', pod('{containers: [{name: web, envFrom: [{configMapRef: {name: settings}}]}]}'), 'Deployment web spec.template.spec.containers.0.envFrom.0.configMapRef.name: nobody makes ConfigMap shop/settings, which container web needs'],
    ['a volume', pod('{containers: [], volumes: [{name: tls, secret: {secretName: cert}}]}'), 'Deployment web spec.template.spec.volumes.0.secret.secretName: nobody makes Secret shop/cert, which volume tls needs'],
    ['a projected volume', pod('{containers: [], volumes: [{name: all, projected: {sources: [{configMap: {name: a}}]}}]}'), 'Deployment web spec.template.spec.volumes.0.projected.sources.0.configMap.name: nobody makes ConfigMap shop/a, which volume all needs'],
    ['what pulls images', pod('{containers: [], imagePullSecrets: [{name: registry}]}'), 'Deployment web spec.template.spec.imagePullSecrets.0.name: nobody makes Secret shop/registry, which the pod, to pull images needs'],
    ['a container that comes first', pod('{containers: [], initContainers: [{name: first, envFrom: [{secretRef: {name: x}}]}]}'), 'Deployment web spec.template.spec.initContainers.0.envFrom.0.secretRef.name: nobody makes Secret shop/x, which container first needs'],
    ['one of another namespace', ENV + secret('auth').replace('namespace: shop', 'namespace: other'), MISSING],
    ['an ExternalSecret that makes none', ENV + external('{name: auth, creationPolicy: None}'), MISSING],
    ['an ExternalSecret that only adds to one', ENV + external('{name: auth, creationPolicy: Merge}'), MISSING],
    ['a chart not here that calls things otherwise', { tree: ENV, charts: { 'shop/cert-manager': undefined } }, MISSING],
    ['what the values of a rendered chart name', { charts: { 'shop/web': ENV }, values: { 'shop/web': { existingSecret: 'auth' } } }, MISSING],
    ['the token of a store', 'apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {name: s}\nspec: {provider: {onepassword: {auth: {secretRef: {connectTokenSecretRef: {name: t, namespace: shop, key: token}}}}}}', 'ClusterSecretStore s spec.provider.onepassword.auth.secretRef.connectTokenSecretRef.name: nobody makes Secret shop/t, which ClusterSecretStore s needs'],
    ['the token of an issuer', { tree: 'apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: le}\nspec: {acme: {privateKeySecretRef: {name: k}, solvers: [{dns01: {cloudflare: {apiTokenSecretRef: {name: t, key: token}}}}]}}', charts: { 'cm/cert-manager': '' } }, 'ClusterIssuer le spec.acme.solvers.0.dns01.cloudflare.apiTokenSecretRef.name: nobody makes Secret cm/t, which ClusterIssuer le needs'],
    ['a database', 'apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db, namespace: shop}\nspec: {externalClusters: [{name: a, password: {name: pw, key: password}}]}', 'Cluster db spec.externalClusters.0.password.name: nobody makes Secret shop/pw, which Cluster db needs'],
  ])('%s', (_, parts, message) => {
    expect(finds(configReference, parts)).toEqual([message]);
  });

  test.each([
    ['a Secret', ENV + secret('auth')],
    ['an ExternalSecret by its own name', ENV.replace('auth', 'made') + external('{}')],
    ['an ExternalSecret by its target', ENV + external('{name: auth}')],
    ['a ClusterExternalSecret', `${ENV}---\napiVersion: external-secrets.io/v1\nkind: ClusterExternalSecret\nmetadata: {name: all}\nspec: {externalSecretName: auth, namespaceSelectors: [{matchLabels: {a: b}}], externalSecretSpec: {data: []}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {a: b}}`],
    ['a Certificate', `${ENV}---\napiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c, namespace: shop}\nspec: {secretName: auth}`],
    ['an Ingress that asks for a certificate', `${ENV}---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: shop, annotations: {cert-manager.io/cluster-issuer: le}}\nspec: {tls: [{secretName: auth}]}`],
    ['a SealedSecret', `${ENV}---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: auth, namespace: shop}\nspec: {encryptedData: {token: x}}`],
    ['a database', `${ENV.replace('auth', 'db-app')}---\napiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db, namespace: shop}`],
    ['a chart', { tree: ENV, charts: { 'shop/x': secret('auth') } }],
    ['perhaps a chart that is not here', { tree: ENV, charts: { 'shop/x': undefined } }],
    ['perhaps a chart that is not here, after its release', { tree: ENV, charts: { 'shop/auth': undefined } }],
    ['perhaps an operator nobody knows', `${ENV}---\napiVersion: example.com/v1\nkind: Vault\nmetadata: {name: v, namespace: shop}`],
    ['perhaps a copy', ENV + secret('auth').replace('namespace: shop', 'namespace: a, annotations: {reflector.v1.k8s.emberstack.com/reflection-auto-enabled: "true"}')],
    ['perhaps a Job that may', `${ENV}---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r, namespace: shop}\nrules: [{apiGroups: [""], resources: [secrets], verbs: [create]}]`],
    ['what is there before Flux', { tree: ENV, given: secret('auth') }],
    ['nobody, and it is optional', env('{secretKeyRef: {name: auth, key: token, optional: true}}')],
    ['nobody knows', env(`{secretKeyRef: {name: "a${UNKNOWN}", key: token}}`)],
    ['the chart itself, when it runs', { charts: { 'shop/web': ENV } }],
    ['Kubernetes', pod('{containers: [], volumes: [{name: ca, configMap: {name: kube-root-ca.crt}}]}')],
    ['whatever a broken Kustomization holds', { tree: ENV, unit: { broken: true } }],
  ])('silent, made by %s', (_, parts) => {
    expect(finds(configReference, parts)).toEqual([]);
  });
});

describe('config-key', () => {
  const at = 'Deployment web spec.template.spec.containers.0.env.0.valueFrom.secretKeyRef.key: Secret shop/auth has no key token, which container web (TOKEN) needs';
  const files = (mount: string, volume: string): string => `${pod(`{containers: [{name: web, volumeMounts: [{name: v, mountPath: /x, ${mount}}]}], volumes: [{name: v, ${volume}}]}`)}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\ndata: {app.yaml: x}\n`;
  test.each([
    ['a Secret', ENV + secret('auth', '{other: eA==}'), at],
    ['an ExternalSecret', ENV + external('{name: auth}', 'data: [{secretKey: other, remoteRef: {key: x}}]'), at],
    ['an ExternalSecret with a template, which alone counts', ENV + external('{name: auth, template: {data: {other: "{{ .token }}"}}}'), at],
    ['a Certificate', `${ENV}---\napiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c, namespace: shop}\nspec: {secretName: auth}`, at],
    ['a file of a volume', files('subPath: app.yml', 'configMap: {name: c}'), 'Deployment web spec.template.spec.containers.0.volumeMounts.0.subPath: ConfigMap shop/c has no key app.yml, which volume v needs'],
    ['an item of a volume', files('readOnly: true', 'configMap: {name: c, items: [{key: app.yml, path: x}]}'), 'Deployment web spec.template.spec.volumes.0.configMap.items.0.key: ConfigMap shop/c has no key app.yml, which volume v needs'],
  ])('%s', (_, parts, message) => {
    expect(finds(configKey, parts)).toEqual([message]);
  });

  test.each([
    ['the key is there', ENV + secret('auth')],
    ['an encrypted Secret', ENV + secret('auth', '{token: "ENC[AES256_GCM,data:x,type:str]"}')],
    ['an empty Secret somebody fills', ENV + secret('auth', '{}')],
    ['all fields of an item', ENV + external('{name: auth}', 'dataFrom: [{extract: {key: x}}]')],
    ['a template beside what is fetched', ENV + external('{name: auth, template: {mergePolicy: Merge, data: {other: x}}}')],
    ['a second ExternalSecret that adds it', ENV + secret('auth', '{other: eA==}') + external('{name: auth, creationPolicy: Merge}')],
    ['a Secret nobody makes (config-reference says it)', ENV],
    ['a file by its item', files('subPath: x', 'configMap: {name: c, items: [{key: app.yaml, path: x}]}')],
    ['a file by its key', files('subPath: app.yaml', 'configMap: {name: c}')],
    ['keys that are not known', ENV + secret('auth', `{"a${UNKNOWN}": eA==}`)],
  ])('silent: %s', (_, parts) => {
    expect(finds(configKey, parts)).toEqual([]);
  });
});

const account = (name: string): string => `---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ${name}, namespace: shop}\n`;

describe('service-account', () => {
  const POD = pod('{serviceAccountName: web, containers: []}');
  test('nobody makes it', () => {
    expect(finds(serviceAccount, POD)).toEqual(['Deployment web spec.template.spec.serviceAccountName: nobody makes ServiceAccount shop/web']);
  });
  test.each([
    ['it is there', POD + account('web')],
    ['default', pod('{serviceAccountName: default, containers: []}')],
    ['a chart not here', { tree: POD, charts: { 'shop/web': undefined } }],
    ['the chart\'s own', { charts: { 'shop/x': POD } }],
    ['a controller of Kubernetes', pod('{serviceAccountName: node-controller, containers: []}', 'kube-system')],
    ['not known', pod(`{serviceAccountName: "${UNKNOWN}", containers: []}`)],
  ])('silent: %s', (_, parts) => {
    expect(finds(serviceAccount, parts)).toEqual([]);
  });
});

describe('role-binding', () => {
  const binding = (kind: string, role: string, subject: string): string => `apiVersion: rbac.authorization.k8s.io/v1\nkind: ${kind}\nmetadata: {name: b${kind === 'RoleBinding' ? ', namespace: shop' : ''}}\nroleRef: ${role}\nsubjects: [${subject}]\n`;
  const role = (kind: string): string => `---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ${kind}\nmetadata: {name: r, namespace: shop}\n`;
  test.each([
    ['a Role', binding('RoleBinding', '{kind: Role, name: r}', ''), 'RoleBinding b roleRef.name: nobody makes Role shop/r'],
    ['a ClusterRole', binding('ClusterRoleBinding', '{kind: ClusterRole, name: r}', ''), 'ClusterRoleBinding b roleRef.name: nobody makes ClusterRole r'],
    ['a subject', binding('ClusterRoleBinding', '{kind: ClusterRole, name: view}', '{kind: ServiceAccount, name: web, namespace: shop}'), 'ClusterRoleBinding b subjects.0.name: nobody makes ServiceAccount shop/web'],
    ['a subject of the same namespace', binding('RoleBinding', '{kind: ClusterRole, name: view}', '{kind: ServiceAccount, name: web}'), 'RoleBinding b subjects.0.name: nobody makes ServiceAccount shop/web'],
  ])('%s', (_, parts, message) => {
    expect(finds(roleBinding, parts)).toEqual([message]);
  });
  test.each([
    ['all is there', binding('RoleBinding', '{kind: Role, name: r}', '{kind: ServiceAccount, name: web}') + role('Role') + account('web')],
    ['of Kubernetes', binding('ClusterRoleBinding', '{kind: ClusterRole, name: "system:auth-delegator"}', '{kind: User, name: someone}, {kind: Group, name: x}')],
    ['a chart not here may make it', { tree: binding('ClusterRoleBinding', '{kind: ClusterRole, name: r}', ''), charts: { 'else/x': undefined } }],
    ['a chart binds its own', { charts: { 'shop/x': binding('RoleBinding', '{kind: Role, name: r}', '') } }],
    ['not known', binding('RoleBinding', `{kind: Role, name: "${UNKNOWN}"}`, `{kind: ServiceAccount, name: "${UNKNOWN}"}`)],
  ])('silent: %s', (_, parts) => {
    expect(finds(roleBinding, parts)).toEqual([]);
  });
});
