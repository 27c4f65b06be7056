import type { Path } from '../../config/source.ts';
import type { Built } from '../model.types.ts';
import type { Index } from './index.ts';
import { containers, type Pods } from './pods.ts';
import { at, entries, fields, isFields, isHole, kindOf, text, type Fields } from './read.ts';
import type { Holder } from './secrets.ts';

/** A place that names a Secret or a ConfigMap. */
export interface Reference {
  readonly built: Built;
  readonly kind: Holder;
  readonly namespace: string;
  readonly name: string;
  /** Where the name is written. */
  readonly path: Path;
  /** Keys it needs, each with where it is written. */
  readonly keys: readonly { readonly key: string; readonly path: Path }[];
  readonly optional: boolean;
  /** Who needs it, for messages. */
  readonly who: string;
}

/** What the containers and volumes of pods name. */
export function referencesOf(pods: Pods): readonly Reference[] {
  const { path } = pods;
  if (path === undefined) return [];
  const made = (who: string, kind: Holder, holder: unknown, at_: Path, nameKey: string, keys: Reference['keys']): readonly Reference[] => {
    const name = text(at(holder, nameKey));
    return name === undefined || name === '' ? [] : [{ built: pods.built, kind, namespace: pods.namespace, name, path: [...at_, nameKey], keys, optional: at(holder, 'optional') === true, who }];
  };
  const found: Reference[] = [];
  for (const container of containers(pods.spec, path)) {
    const who = `container ${container.name}`;
    for (const { entry, index } of entries(container.fields['env'])) {
      for (const [field, kind] of [['configMapKeyRef', 'ConfigMap'], ['secretKeyRef', 'Secret']] as const) {
        const ref = at(entry, 'valueFrom', field);
        const where: Path = [...container.path, 'env', index, 'valueFrom', field];
        const key = text(at(ref, 'key'));
        if (isFields(ref)) found.push(...made(`${who} (${String(entry['name'])})`, kind, ref, where, 'name', key === undefined ? [] : [{ key, path: [...where, 'key'] }]));
      }
    }
    for (const { entry, index } of entries(container.fields['envFrom'])) {
      for (const [field, kind] of [['configMapRef', 'ConfigMap'], ['secretRef', 'Secret']] as const) found.push(...made(who, kind, entry[field], [...container.path, 'envFrom', index, field], 'name', []));
    }
  }
  for (const { entry, index } of entries(pods.spec['volumes'])) {
    const where: Path = [...path, 'spec', 'volumes', index];
    const who = `volume ${String(entry['name'])}`;
    found.push(...made(who, 'ConfigMap', entry['configMap'], [...where, 'configMap'], 'name', [...itemsOf(entry['configMap'], [...where, 'configMap']), ...parts(pods, entry, 'configMap')]));
    found.push(...made(who, 'Secret', entry['secret'], [...where, 'secret'], 'secretName', [...itemsOf(entry['secret'], [...where, 'secret']), ...parts(pods, entry, 'secret')]));
    for (const { entry: source, index: part } of entries(at(entry, 'projected', 'sources'))) {
      for (const [field, kind] of [['configMap', 'ConfigMap'], ['secret', 'Secret']] as const) {
        const inner: Path = [...where, 'projected', 'sources', part, field];
        found.push(...made(who, kind, source[field], inner, 'name', itemsOf(source[field], inner)));
      }
    }
  }
  for (const { entry, index } of entries(pods.spec['imagePullSecrets'])) found.push(...made('the pod, to pull images', 'Secret', entry, [...path, 'spec', 'imagePullSecrets', index], 'name', []));
  return found;
}

function itemsOf(holder: unknown, where: Path): Reference['keys'] {
  return entries(at(holder, 'items')).flatMap(({ entry, index }) => {
    const key = text(entry['key']);
    return key === undefined ? [] : [{ key, path: [...where, 'items', index, 'key'] }];
  });
}

/** Single files that containers mount of a volume (subPath): without `items` each is a key. */
function parts(pods: Pods, volume: Fields, field: 'configMap' | 'secret'): Reference['keys'] {
  if (pods.path === undefined || at(volume, field, 'items') !== undefined) return [];
  return containers(pods.spec, pods.path).flatMap((container) => entries(container.fields['volumeMounts']).flatMap(({ entry, index }) => {
    const part = text(entry['subPath']);
    // `$(NAME)` belongs to subPathExpr; a folder cannot be in there at all.
    return entry['name'] !== volume['name'] || part === undefined || part === '' ? [] : [{ key: part, path: [...container.path, 'volumeMounts', index, 'subPath'] }];
  }));
}

/**
 * Fields of other kinds that name Secrets, `*` for each entry of a list or map, `**` for any depth. Ends in a map with name (and key), or
 * in a name itself. Sources: the definitions of each kind.
 */
const FIELDS: Readonly<Record<string, readonly (readonly [path: string, kind: Holder])[]>> = {
  ServiceAccount: [['imagePullSecrets.*', 'Secret']],
  'cert-manager.io/Issuer': [['spec.acme.solvers.**SecretRef', 'Secret'], ['spec.vault.auth.**ecretRef', 'Secret'], ['spec.ca.secretName', 'Secret'], ['spec.acme.externalAccountBinding.keySecretRef', 'Secret']],
  'cert-manager.io/ClusterIssuer': [['spec.acme.solvers.**SecretRef', 'Secret'], ['spec.vault.auth.**ecretRef', 'Secret'], ['spec.ca.secretName', 'Secret'], ['spec.acme.externalAccountBinding.keySecretRef', 'Secret']],
  'external-secrets.io/SecretStore': [['spec.provider.**ecretRef', 'Secret']],
  'external-secrets.io/ClusterSecretStore': [['spec.provider.**ecretRef', 'Secret']],
  'external-secrets.io/ExternalSecret': [['spec.target.template.templateFrom.*.secret', 'Secret'], ['spec.target.template.templateFrom.*.configMap', 'ConfigMap']],
  'external-secrets.io/PushSecret': [['spec.selector.secret', 'Secret']],
  'postgresql.cnpg.io/Cluster': [
    ['spec.bootstrap.initdb.secret', 'Secret'], ['spec.bootstrap.recovery.secret', 'Secret'], ['spec.superuserSecret', 'Secret'], ['spec.externalClusters.*.password', 'Secret'], ['spec.managed.roles.*.passwordSecret', 'Secret'],
    ['spec.backup.barmanObjectStore.s3Credentials.*', 'Secret'], ['spec.externalClusters.*.barmanObjectStore.s3Credentials.*', 'Secret'], ['spec.imagePullSecrets.*', 'Secret'],
    ['spec.bootstrap.initdb.postInitApplicationSQLRefs.secretRefs.*', 'Secret'], ['spec.bootstrap.initdb.postInitApplicationSQLRefs.configMapRefs.*', 'ConfigMap'], ['spec.monitoring.customQueriesConfigMap.*', 'ConfigMap'],
  ],
  'barmancloud.cnpg.io/ObjectStore': [['spec.configuration.s3Credentials.*', 'Secret'], ['spec.configuration.endpointCA', 'Secret']],
  'dragonflydb.io/Dragonfly': [['spec.authentication.passwordFromSecret', 'Secret'], ['spec.authentication.clientCaCertSecret', 'Secret'], ['spec.tlsSecretRef', 'Secret'], ['spec.aclFromSecret', 'Secret']],
  'k8s.keycloak.org/Keycloak': [['spec.db.usernameSecret', 'Secret'], ['spec.db.passwordSecret', 'Secret'], ['spec.http.tlsSecret', 'Secret'], ['spec.bootstrapAdmin.user.secret', 'Secret'], ['spec.additionalOptions.*.secret', 'Secret']],
  'kafka.strimzi.io/Kafka': [['spec.kafka.metricsConfig.valueFrom.configMapKeyRef', 'ConfigMap'], ['spec.zookeeper.metricsConfig.valueFrom.configMapKeyRef', 'ConfigMap'], ['spec.kafka.logging.valueFrom.configMapKeyRef', 'ConfigMap']],
  'kafka.strimzi.io/KafkaUser': [['spec.authentication.password.valueFrom.secretKeyRef', 'Secret']],
  'volsync.backube/ReplicationSource': [['spec.restic.repository', 'Secret'], ['spec.kopia.repository', 'Secret'], ['spec.rclone.rcloneConfig', 'Secret']],
  'volsync.backube/ReplicationDestination': [['spec.restic.repository', 'Secret'], ['spec.kopia.repository', 'Secret'], ['spec.rclone.rcloneConfig', 'Secret']],
  'monitoring.coreos.com/ServiceMonitor': [['spec.endpoints.*.basicAuth.*', 'Secret'], ['spec.endpoints.*.authorization.credentials', 'Secret'], ['spec.endpoints.*.bearerTokenSecret', 'Secret']],
  'monitoring.coreos.com/PodMonitor': [['spec.podMetricsEndpoints.*.basicAuth.*', 'Secret'], ['spec.podMetricsEndpoints.*.authorization.credentials', 'Secret'], ['spec.podMetricsEndpoints.*.bearerTokenSecret', 'Secret']],
  'operator.victoriametrics.com/VMAlertmanager': [['spec.configSecret', 'Secret']],
  'keda.sh/TriggerAuthentication': [['spec.secretTargetRef.*', 'Secret'], ['spec.configMapTargetRef.*', 'ConfigMap']],
  'helm.toolkit.fluxcd.io/HelmRelease': [['spec.kubeConfig.secretRef', 'Secret']],
};

/** What objects of other kinds name. */
export function referencesIn(built: Built, index: Index): readonly Reference[] {
  const kind = kindOf(built.object);
  return (FIELDS[kind] ?? []).flatMap(([pattern, holder]) => nodes(built.object, pattern.split('.')).flatMap(({ path, value }): readonly Reference[] => {
    const named = isFields(value);
    const name = text(named ? value['name'] : value);
    const namespace = named && typeof value['namespace'] === 'string' ? value['namespace'] : kind.startsWith('cert-manager.io/Cluster') ? certManager(index) : index.namespaceOf(built);
    if (name === undefined || name === '' || namespace === '' || isHole(namespace)) return [];
    const key = named ? text(value['key']) : undefined;
    return [{ built, kind: holder, namespace, name, path: named ? [...path, 'name'] : path, keys: key === undefined ? [] : [{ key, path: [...path, 'key'] }], optional: named && value['optional'] === true, who: `${built.object.kind} ${built.object.metadata.name}` }];
  }));
}

/** The namespace ClusterIssuers take their Secrets from: where cert-manager runs; '' when that is not known. */
function certManager(index: Index): string {
  const releases = index.view.releases.filter(({ chart }) => /(^|\/)cert-manager$/.test(chart.name));
  const [only, second] = releases;
  if (only !== undefined && second === undefined) return only.namespace;
  return index.find('apps/Deployment', 'cert-manager', 'cert-manager') === undefined ? '' : 'cert-manager';
}

function nodes(value: unknown, pattern: readonly string[], path: Path = []): readonly { readonly path: Path; readonly value: unknown }[] {
  const [step, ...rest] = pattern;
  if (step === undefined) return value === undefined || value === null ? [] : [{ path, value }];
  const children: readonly (readonly [string | number, unknown])[] = Array.isArray(value) ? [...value.entries()] : Object.entries(fields(value));
  if (step === '*') return children.flatMap(([key, child]) => nodes(child, rest, [...path, key]));
  if (step.startsWith('**')) return children.flatMap(([key, child]) => (String(key).endsWith(step.slice(2)) && typeof at(child, 'name') === 'string' ? nodes(child, rest, [...path, key]) : nodes(child, pattern, [...path, key])));
  return nodes(at(value, step), rest, [...path, step]);
}
