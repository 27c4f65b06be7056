/** What each operator makes of its custom resources, and how long it takes. */
import type { ControllerContext, KubeObject } from '../world/types.ts';
import { at, conditionOf, duration, isPlain, isTrue, iso, list, plain, sha256, strings, text, whole, withConditions, type Condition, type Plain } from '../catalog/data.ts';
import { TIMES } from '../catalog/timings.ts';
import { befalls, faultsOf, otherAuthority } from './faults/befalls.ts';
import { backup, databaseOf, scheduledBackup } from './data/backups.ts';
import { POSTGRES, postgres } from './data/databases.ts';
import { VOLSYNC_KINDS } from './data/volsync.ts';
import { DATABASE_KINDS } from './operator-databases.ts';
import { IDENTITY_KINDS } from './operator-identity.ts';
import { MESSAGING_KINDS } from './operator-messaging.ts';
import { OBSERVABILITY_KINDS } from './operator-observability.ts';
import { RUNNER_KINDS } from './operator-runners.ts';
import { STORAGE_KINDS } from './operator-storage.ts';
import type { Again } from './runtime.ts';

export interface Outcome { readonly status?: Plain | undefined; readonly again?: Again }
export interface OperatorKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** Labels of the Deployment that does the work. */
  readonly operator: Readonly<Record<string, string>>;
  readonly afterMs: number;
  /** What the operator says at once, before it is done; without it, no status would count as ready. */
  readonly pending?: Condition;
  /** Kind whose change makes this one be looked at again. */
  readonly dependsOn?: string;
  /** The one (`namespace/name`) that a change of something else concerns: what the operator made for it. */
  wokenBy?(object: KubeObject): string | undefined;
  reconcile(cx: ControllerContext, object: KubeObject): Outcome;
}
const WORKING: Condition = { type: 'Ready', status: 'False', reason: 'Pending', message: 'not reconciled yet' };
export function isStatus(status: Plain | undefined): status is Plain { return status !== undefined; }

const CERT_MANAGER = { 'app.kubernetes.io/name': 'cert-manager', 'app.kubernetes.io/component': 'controller' };
const EXTERNAL_SECRETS = { 'app.kubernetes.io/name': 'external-secrets' };
const CILIUM = { 'io.cilium/app': 'operator' };
const CNPG = { 'app.kubernetes.io/name': 'cloudnative-pg' };

function conditions(cx: ControllerContext, object: KubeObject, ...entries: readonly Condition[]): Plain[] {
  return withConditions(object, cx.clock.now(), entries.map((entry) => ({ ...entry, observedGeneration: object.metadata.generation ?? 1 })));
}
/** External Secrets does not put a generation into its conditions. */
function bare(cx: ControllerContext, object: KubeObject, entry: Condition): Plain[] { return withConditions(object, cx.clock.now(), [entry]); }

function issuer(cx: ControllerContext, object: KubeObject): Outcome {
  const acme = at(object.spec, 'acme') !== undefined;
  const place = object.kind === 'ClusterIssuer' ? 'cert-manager' : object.metadata.namespace ?? '';
  if (acme) {
    const account = text(at(object.spec, 'acme.privateKeySecretRef.name'));
    if (account !== undefined) secret(cx, place, account, { 'tls.key': Buffer.from(`account key of ${object.metadata.name}`).toString('base64') }, {});
  }
  const message = acme ? 'The ACME account was registered with the ACME server' : 'Signing CA verified';
  return { status: {
    ...(acme ? { acme: { uri: `${text(at(object.spec, 'acme.server'))?.replace('/directory', '/acme/acct') ?? ''}/1`, lastRegisteredEmail: at(object.spec, 'acme.email') } } : {}),
    conditions: conditions(cx, object, { type: 'Ready', status: 'True', reason: acme ? 'ACMEAccountRegistered' : 'IsReady', message }),
  } };
}
function secret(cx: ControllerContext, namespace: string, name: string, data: Record<string, string>, labels: Record<string, string>, type = 'Opaque', annotations: Record<string, string> = {}): void {
  cx.store.apply({ apiVersion: 'v1', kind: 'Secret', type, metadata: { name, namespace, labels, annotations }, data }, { manager: 'lab-operator', force: true });
}

function certificate(cx: ControllerContext, object: KubeObject): Outcome {
  const namespace = object.metadata.namespace ?? '';
  const reference = plain(at(object.spec, 'issuerRef'));
  const kind = text(reference['kind']) ?? 'Issuer'; const name = text(reference['name']) ?? '';
  const from = cx.store.get({ apiVersion: 'cert-manager.io/v1', kind, name, ...(kind === 'Issuer' ? { namespace } : {}) });
  const secretName = text(at(object.spec, 'secretName')) ?? '';
  if (!isTrue(from, 'Ready')) {
    return { status: { conditions: conditions(cx, object, { type: 'Issuing', status: 'True', reason: 'DoesNotExist', message: 'Issuing certificate as Secret does not exist' }, { type: 'Ready', status: 'False', reason: 'DoesNotExist', message: 'Issuing certificate as Secret does not exist' }) }, again: TIMES.certificate };
  }
  if (befalls(cx, 'certificate-pending', object)) {
    const issuing = { status: 'True', reason: 'DoesNotExist', message: 'Issuing certificate as Secret does not exist' } as const;
    return { status: { conditions: conditions(cx, object, { type: 'Issuing', ...issuing }, { ...issuing, type: 'Ready', status: 'False' }) }, again: 10_000 };
  }
  const now = cx.clock.now();
  const made = cx.store.get({ apiVersion: 'v1', kind: 'Secret', name: secretName, namespace });
  if (made === undefined && at(from?.spec, 'acme') !== undefined && faultsOf(cx, 'certificate-limit').length > 0) return limited(cx, object, now);
  if (made === undefined) secret(cx, namespace, secretName, { 'tls.crt': Buffer.from(`simulated certificate of ${object.metadata.name}`).toString('base64'), 'tls.key': Buffer.from(`simulated key ${sha256(`${cx.cluster}|${secretName}`)}`).toString('base64') }, { 'controller.cert-manager.io/fao': 'true' }, 'kubernetes.io/tls');
  const lifetime = duration(at(object.spec, 'duration'), 90 * 24 * 3_600_000);
  const notBefore = text(object.status?.['notBefore']) ?? iso(now);
  const until = Date.parse(notBefore) + lifetime;
  return { status: {
    notBefore, notAfter: iso(until), renewalTime: iso(until - lifetime / 3), revision: whole(object.status?.['revision'], 1),
    conditions: withConditions(object, now, [{ type: 'Ready', status: 'True', reason: 'Ready', message: 'Certificate is up to date and has not expired', observedGeneration: object.metadata.generation ?? 1 }], ['Issuing']),
  } };
}

/** Asked for a certificate it has issued too often this week, Let's Encrypt says when it may be asked again. */
function limited(cx: ControllerContext, object: KubeObject, now: number): Outcome {
  const failedAt = text(object.status?.['lastFailureTime']) ?? iso(now);
  const again = `${iso(Date.parse(failedAt) + 34 * 3_600_000).replace('T', ' ').replace('Z', '')} UTC`;
  const because = `The certificate request has failed to complete and will be retried: Failed to wait for order resource "${object.metadata.name}-1-${sha256(object.metadata.name).replaceAll(/\D/g, '').slice(0, 10)}" to become ready: order is in "errored" state: Failed to create Order: 429 urn:ietf:params:acme:error:rateLimited: too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after ${again}: see https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers`;
  return { status: {
    lastFailureTime: failedAt, failedIssuanceAttempts: whole(object.status?.['failedIssuanceAttempts'], 1),
    conditions: conditions(cx, object, { type: 'Issuing', status: 'False', reason: 'Failed', message: because }, { type: 'Ready', status: 'False', reason: 'DoesNotExist', message: 'Issuing certificate as Secret does not exist' }),
  }, again: 10_000 };
}

function secretStore(cx: ControllerContext, object: KubeObject): Outcome {
  const provider = plain(at(object.spec, 'provider'));
  const token = plain(at(provider, 'onepassword.auth.secretRef.connectTokenSecretRef') ?? at(provider, 'onepasswordSDK.auth.serviceAccountSecretRef'));
  const name = text(token['name']);
  const namespace = text(token['namespace']) ?? object.metadata.namespace ?? '';
  if (Object.keys(provider).length > 0 && name !== undefined && cx.store.get({ apiVersion: 'v1', kind: 'Secret', name, namespace })?.data?.[text(token['key']) ?? 'token'] === undefined) {
    return { status: { conditions: bare(cx, object, { type: 'Ready', status: 'False', reason: 'InvalidProviderConfig', message: `unable to create client: cannot get Kubernetes secret "${name}" from namespace "${namespace}": secrets "${name}" not found` }) }, again: TIMES.secretStore };
  }
  if (faultsOf(cx, 'secret-store-down').length > 0) {
    const host = text(at(provider, 'onepassword.connectHost')) ?? 'https://my.1password.com';
    return { status: { conditions: bare(cx, object, { type: 'Ready', status: 'False', reason: 'ValidationFailed', message: `unable to validate store: status 0: Get "${host}/v1/vaults": dial tcp 192.0.2.30:80: connect: connection refused` }) }, again: 10_000 };
  }
  return { status: { capabilities: 'ReadWrite', conditions: bare(cx, object, { type: 'Ready', status: 'True', reason: 'Valid', message: 'store validated' }) } };
}

/** Names used in a template as `{{ .NAME }}`. */
function templateNames(template: unknown): string[] {
  return Object.values(strings(at(template, 'data'))).flatMap((value) => [...value.matchAll(/\{\{-?\s*(?:index\s+\.\s+"([^"]+)"|\.([A-Za-z0-9_]+))/g)].map((match) => match[1] ?? match[2] ?? ''));
}
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{\{-?\s*(?:index\s+\.\s+"([^"]+)"|\.([A-Za-z0-9_]+))[^}]*\}\}/g, (_all, quoted: string | undefined, bareName: string | undefined) => values[quoted ?? bareName ?? ''] ?? '');
}

function externalSecret(cx: ControllerContext, object: KubeObject): Outcome {
  const namespace = object.metadata.namespace ?? '';
  const problem = (message: string): Outcome => ({ status: { conditions: bare(cx, object, { type: 'Ready', status: 'False', reason: 'SecretSyncedError', message }) }, again: 10_000 });
  // Made once means once, whatever became of the Secret, or of the store, since.
  if (at(object.spec, 'refreshPolicy') === 'CreatedOnce' && text(object.status?.['syncedResourceVersion']) !== undefined) return {};
  const reference = plain(at(object.spec, 'secretStoreRef'));
  const kind = text(reference['kind']) ?? 'SecretStore'; const name = text(reference['name']) ?? '';
  const store = cx.store.get({ apiVersion: 'external-secrets.io/v1', kind, name, ...(kind === 'SecretStore' ? { namespace } : {}) });
  if (store === undefined) return problem(`could not get ${kind} "${name}", ${kind}.external-secrets.io "${name}" not found`);
  if (conditionOf(store, 'Ready')?.['status'] !== 'True') return problem(`the desired SecretStore ${name} is not ready`);
  const values: Record<string, string> = {};
  const template = at(object.spec, 'target.template');
  for (const entry of list(at(object.spec, 'dataFrom')).map(plain)) {
    const searched = text(at(entry, 'find.path'));
    if (searched !== undefined) {
      // A search that finds nothing is no error.
      const wanted = new RegExp(text(at(entry, 'find.name.regexp')) ?? '.*');
      for (const field of (cx.secretFields?.(searched) ?? []).filter((each) => wanted.test(each))) values[field] = cx.secret(searched, field) ?? '';
      continue;
    }
    const item = text(at(entry, 'extract.key'));
    if (item === undefined) return problem('only dataFrom.extract and dataFrom.find by path are known to the lab');
    const fields = cx.secretFields?.(item) ?? templateNames(template);
    for (const field of fields) { const value = cx.secret(item, field); if (value !== undefined) values[field] = value; }
    if (fields.every((field) => values[field] === undefined)) return problem(`error processing spec.dataFrom[0].extract, err: key not found in 1Password Vaults: ${item}`);
  }
  for (const entry of list(at(object.spec, 'data')).map(plain)) {
    const item = text(at(entry, 'remoteRef.key')) ?? ''; const field = text(at(entry, 'remoteRef.property')) ?? 'password';
    const value = befalls(cx, 'secret-key-missing', object) ? undefined : otherAuthority(cx, item, field) ?? cx.secret(item, field);
    if (value === undefined) return problem(`error processing spec.data[0] (key: ${item}), err: key not found in 1Password Vaults: ${item} in field ${field}`);
    values[text(entry['secretKey']) ?? ''] = value;
  }
  const templated = strings(at(template, 'data'));
  const merged = Object.keys(templated).length === 0 ? values : Object.fromEntries(Object.entries(templated).map(([key, value]) => [key, fill(value, values)]));
  const target = text(at(object.spec, 'target.name')) ?? object.metadata.name;
  const found = list(at(object.spec, 'dataFrom')).map(plain).some((entry) => at(entry, 'find') !== undefined);
  if (found && Object.keys(values).length === 0) return { status: { refreshTime: iso(cx.clock.now()), syncedResourceVersion: `${object.metadata.generation ?? 1}-none`, conditions: bare(cx, object, { type: 'Ready', status: 'True', reason: 'SecretSynced', message: 'secret retained due to DeletionPolicy=Retain' }) } };
  secret(cx, namespace, target, Object.fromEntries(Object.entries(merged).map(([key, value]) => [key, Buffer.from(value).toString('base64')])), { 'reconcile.external-secrets.io/managed': 'true', ...strings(at(template, 'metadata.labels')) }, text(at(template, 'type')) ?? 'Opaque', strings(at(template, 'metadata.annotations')));
  return { status: { binding: { name: target }, refreshTime: text(object.status?.['refreshTime']) ?? iso(cx.clock.now()), syncedResourceVersion: `${object.metadata.generation ?? 1}-${sha256(JSON.stringify(merged)).slice(0, 32)}`, conditions: bare(cx, object, { type: 'Ready', status: 'True', reason: 'SecretSynced', message: 'secret synced' }) } };
}

/** Copies fields of a Secret to the secret store, from where a later cluster takes them. */
function pushSecret(cx: ControllerContext, object: KubeObject): Outcome {
  const namespace = object.metadata.namespace ?? '';
  const errored = (message: string): Outcome => ({ status: { conditions: bare(cx, object, { type: 'Ready', status: 'False', reason: 'Errored', message }) }, again: TIMES.pushSecret });
  const reference = plain(list(at(object.spec, 'secretStoreRefs'))[0]);
  const store = cx.store.get({ apiVersion: 'external-secrets.io/v1', kind: text(reference['kind']) ?? 'SecretStore', name: text(reference['name']) ?? '', ...(reference['kind'] === 'ClusterSecretStore' ? {} : { namespace }) });
  if (conditionOf(store, 'Ready')?.['status'] !== 'True') return errored(`could not get SecretStore "${text(reference['name']) ?? ''}"`);
  const name = text(at(object.spec, 'selector.secret.name')) ?? '';
  const source = cx.store.get({ apiVersion: 'v1', kind: 'Secret', name, namespace });
  if (source === undefined) return errored(`could not get source secret: secrets "${name}" not found`);
  for (const entry of list(at(object.spec, 'data')).map(plain)) {
    const key = text(at(entry, 'match.secretKey')) ?? '';
    const value = source.data?.[key];
    if (value === undefined) return errored(`set secret failed: secret key "${key}" does not exist`);
    cx.keepSecret?.(text(at(entry, 'match.remoteRef.remoteKey')) ?? '', text(at(entry, 'match.remoteRef.property')) ?? 'password', Buffer.from(value, 'base64').toString());
  }
  return { status: { refreshTime: text(object.status?.['refreshTime']) ?? iso(cx.clock.now()), syncedResourceVersion: `${object.metadata.generation ?? 1}-${sha256(JSON.stringify(source.data)).slice(0, 32)}`, conditions: bare(cx, object, { type: 'Ready', status: 'True', reason: 'Synced', message: 'PushSecret synced successfully' }) } };
}

function gatewayClass(cx: ControllerContext, object: KubeObject): Outcome {
  return at(object.spec, 'controllerName') === 'io.cilium/gateway-controller' ? { status: { conditions: conditions(cx, object, { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'Valid GatewayClass' }) } } : {};
}
function gateway(cx: ControllerContext, object: KubeObject): Outcome {
  const namespace = object.metadata.namespace ?? ''; const name = `cilium-gateway-${object.metadata.name}`;
  const addresses = list(at(object.spec, 'addresses')).map(plain);
  cx.store.apply({
    apiVersion: 'v1', kind: 'Service',
    metadata: { name, namespace, labels: { 'io.cilium.gateway/owning-gateway': object.metadata.name, 'gateway.networking.k8s.io/gateway-name': object.metadata.name }, annotations: { ...strings(at(object.spec, 'infrastructure.annotations')), ...(addresses.length > 0 ? { 'lbipam.cilium.io/ips': addresses.map((entry) => String(entry['value'])).join(',') } : {}) } },
    spec: { type: 'LoadBalancer', ports: list(at(object.spec, 'listeners')).map(plain).map((listener) => ({ name: `port-${String(listener['port'])}`, port: listener['port'], protocol: 'TCP' })).filter((port, index, all) => all.findIndex((other) => other.port === port.port) === index) },
  }, { manager: 'cilium-operator', force: true });
  const ip = list(at(cx.store.get({ apiVersion: 'v1', kind: 'Service', name, namespace })?.status, 'loadBalancer.ingress')).map(plain)[0]?.['ip'];
  const accepted: Condition = { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'Gateway successfully scheduled' };
  if (ip === undefined) return { status: { conditions: conditions(cx, object, accepted, { type: 'Programmed', status: 'False', reason: 'AddressNotAssigned', message: 'Address not ready yet' }) }, again: TIMES.gateway };
  return { status: {
    addresses: [{ type: 'IPAddress', value: ip }], conditions: conditions(cx, object, accepted, { type: 'Programmed', status: 'True', reason: 'Programmed', message: 'Gateway successfully reconciled' }),
    listeners: list(at(object.spec, 'listeners')).map(plain).map((listener) => ({ name: listener['name'], attachedRoutes: 0, supportedKinds: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }], conditions: conditions(cx, { ...object, status: {} }, { type: 'Programmed', status: 'True', reason: 'Programmed', message: 'Listener Programmed' }) })),
  } };
}
function httpRoute(cx: ControllerContext, object: KubeObject): Outcome {
  return { status: { parents: list(at(object.spec, 'parentRefs')).filter(isPlain).map((parentRef) => ({ parentRef, controllerName: 'io.cilium/gateway-controller', conditions: conditions(cx, { ...object, status: {} }, { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'Accepted HTTPRoute' }, { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: 'Service reference is valid' }) })) } };
}
function addressPool(cx: ControllerContext, object: KubeObject): Outcome {
  return { status: { conditions: conditions(cx, object, { type: 'cilium.io/PoolConflict', status: 'False', reason: 'resolved', message: '' }, { type: 'cilium.io/IPsTotal', status: 'Unknown', reason: 'noreason', message: '20' }) } };
}

export const OPERATORS: readonly OperatorKind[] = [
  { apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', operator: CERT_MANAGER, afterMs: TIMES.operatorStatus, pending: WORKING, reconcile: issuer },
  { apiVersion: 'cert-manager.io/v1', kind: 'Issuer', operator: CERT_MANAGER, afterMs: TIMES.operatorStatus, pending: WORKING, reconcile: issuer },
  { apiVersion: 'cert-manager.io/v1', kind: 'Certificate', operator: CERT_MANAGER, afterMs: TIMES.certificate, pending: WORKING, reconcile: certificate },
  { apiVersion: 'external-secrets.io/v1', kind: 'ClusterSecretStore', operator: EXTERNAL_SECRETS, afterMs: TIMES.secretStore, pending: WORKING, reconcile: secretStore },
  { apiVersion: 'external-secrets.io/v1', kind: 'SecretStore', operator: EXTERNAL_SECRETS, afterMs: TIMES.secretStore, pending: WORKING, reconcile: secretStore },
  { apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret', operator: EXTERNAL_SECRETS, afterMs: TIMES.externalSecret, pending: WORKING, dependsOn: 'ClusterSecretStore', reconcile: externalSecret },
  { apiVersion: 'external-secrets.io/v1alpha1', kind: 'PushSecret', operator: EXTERNAL_SECRETS, afterMs: TIMES.pushSecret, pending: WORKING, reconcile: pushSecret },
  { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', operator: CILIUM, afterMs: TIMES.operatorStatus, reconcile: gatewayClass },
  { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', operator: CILIUM, afterMs: TIMES.gateway, reconcile: gateway },
  { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', operator: CILIUM, afterMs: TIMES.operatorStatus, reconcile: httpRoute },
  { apiVersion: 'cilium.io/v2', kind: 'CiliumLoadBalancerIPPool', operator: CILIUM, afterMs: TIMES.operatorStatus, reconcile: addressPool },
  { apiVersion: POSTGRES, kind: 'Cluster', operator: CNPG, afterMs: 0, wokenBy: databaseOf, reconcile: postgres },
  { apiVersion: POSTGRES, kind: 'Backup', operator: CNPG, afterMs: 0, reconcile: backup },
  { apiVersion: POSTGRES, kind: 'ScheduledBackup', operator: CNPG, afterMs: 0, reconcile: scheduledBackup },
  ...DATABASE_KINDS,
  ...MESSAGING_KINDS, ...RUNNER_KINDS, ...IDENTITY_KINDS,
  ...OBSERVABILITY_KINDS,
  ...VOLSYNC_KINDS,
  ...STORAGE_KINDS,
];
