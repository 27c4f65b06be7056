/** What Keycloak's operator makes of an instance, and of a realm that is imported into it. */
import type { ControllerContext, KubeObject } from '../world/types.ts';
import { at, isTrue, list, plain, text, whole, withConditions, type Plain } from '../catalog/data.ts';
import { making, serviceOf, statefulSetOf } from './made.ts';
import type { OperatorKind } from './operator-kinds.ts';

const OPERATOR = { 'app.kubernetes.io/name': 'keycloak-operator' };
const API = 'k8s.keycloak.org/v2alpha1';
const IMAGE = 'quay.io/keycloak/keycloak:26.4.5';

const labelsOf = (name: string): Record<string, string> => ({ app: 'keycloak', 'app.kubernetes.io/managed-by': 'keycloak-operator', 'app.kubernetes.io/instance': name });
const said = (object: KubeObject, cx: ControllerContext, type: string, status: 'True' | 'False', message = ''): Plain => ({ conditions: withConditions(object, cx.clock.now(), [{ type, status, reason: type, message, observedGeneration: object.metadata.generation ?? 1 }]) });

/** Secrets a field names, that are not there. */
function missingSecrets(cx: ControllerContext, object: KubeObject, names: readonly unknown[]): string | undefined {
  const missing = names.map(text).filter((name) => name !== undefined).filter((name) => cx.store.get({ apiVersion: 'v1', kind: 'Secret', name, namespace: object.metadata.namespace ?? '' }) === undefined);
  return missing.length === 0 ? undefined : `Secrets not found: ${[...new Set(missing)].join(', ')}`;
}
/** The pooler or server behind the host, when it is one of this cluster: a server that has no database does not start. */
function database(cx: ControllerContext, object: KubeObject): string | undefined {
  const [name, namespace, ...rest] = (text(at(object.spec, 'db.host')) ?? '').split('.');
  if (name === undefined || namespace === undefined || rest[0] !== 'svc') return undefined;
  const service = cx.store.get({ apiVersion: 'v1', kind: 'Service', name, namespace });
  if (service === undefined) return `database host ${name}.${namespace} not found`;
  const pooler = cx.store.get({ apiVersion: 'apps/v1', kind: 'Deployment', name, namespace });
  return pooler === undefined || isTrue(pooler, 'Available') ? undefined : `database ${name}.${namespace} takes no connections`;
}

const keycloak = making({
  apiVersion: API, kind: 'Keycloak', operator: OPERATOR,
  lacks: (object, cx) => missingSecrets(cx, object, ['db.usernameSecret.name', 'db.passwordSecret.name', 'http.tlsSecret', 'bootstrapAdmin.user.secret'].map((path) => at(object.spec, path))) ?? database(cx, object),
  make(object) {
    const { name } = object.metadata;
    const labels = labelsOf(name);
    const tls = text(at(object.spec, 'http.tlsSecret'));
    const plainHttp = tls === undefined || at(object.spec, 'http.httpEnabled') === true;
    return [
      statefulSetOf({ name, labels: { ...labels, 'app.kubernetes.io/component': 'server' }, image: text(at(object.spec, 'image')) ?? IMAGE, container: 'keycloak', replicas: whole(at(object.spec, 'instances'), 1), ports: { https: 8443, http: 8080, management: 9000 }, ...(tls === undefined ? {} : { secrets: [tls] }) }),
      serviceOf(`${name}-service`, labels, { ...(plainHttp ? { http: 8080 } : {}), ...(tls === undefined ? {} : { https: 8443 }), management: 9000 }),
      serviceOf(`${name}-discovery`, labels, { jgroups: 7800 }, { headless: true }),
    ];
  },
  done: (object, cx) => ({ observedGeneration: object.metadata.generation ?? 1, instances: whole(at(object.spec, 'instances'), 1), selector: Object.entries(labelsOf(object.metadata.name)).map((pair) => pair.join('=')).join(), ...said(object, cx, 'Ready', 'True') }),
  open: (object, missing, cx) => (isTrue(object, 'Ready') ? {} : { observedGeneration: object.metadata.generation ?? 1, ...said(object, cx, 'Ready', 'False', `Waiting for more replicas: ${missing.join(', ')}`) }),
});

/** Placeholders of a realm nobody fills in would be imported as they stand. */
function unfilled(object: KubeObject): readonly string[] {
  const known = Object.keys(plain(at(object.spec, 'placeholders')));
  return list(at(object.spec, 'realm.clients')).flatMap((client) => [...JSON.stringify(client).matchAll(/\$\{([A-Za-z_]\w*)\}/g)]).map(([, name]) => name ?? '').filter((name) => !known.includes(name));
}

/** A Job of the server's image imports it, once there is a server. */
const realm = making({
  apiVersion: API, kind: 'KeycloakRealmImport', operator: OPERATOR, dependsOn: 'Keycloak',
  lacks(object, cx) {
    const name = text(at(object.spec, 'keycloakCRName')) ?? '';
    const server = cx.store.get({ apiVersion: API, kind: 'Keycloak', name, namespace: object.metadata.namespace ?? '' });
    if (!isTrue(server, 'Ready')) return `Keycloak ${name} is not ready`;
    const open = unfilled(object);
    if (open.length > 0) return `nothing fills in ${open.join(', ')}`;
    return missingSecrets(cx, object, Object.values(plain(at(object.spec, 'placeholders'))).map((entry) => at(entry, 'secret.name')));
  },
  make: (object) => {
    const labels = { app: 'keycloak-realm-import', 'app.kubernetes.io/managed-by': 'keycloak-operator', 'app.kubernetes.io/instance': object.metadata.name };
    const { template } = plain(statefulSetOf({ name: object.metadata.name, labels, image: IMAGE, container: 'keycloak' }).spec);
    const pods = plain(template);
    return [{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: object.metadata.name, labels }, spec: { backoffLimit: 0, template: { ...pods, spec: { ...plain(pods['spec']), restartPolicy: 'Never' } } } }];
  },
  done: (object, cx) => said(object, cx, 'Done', 'True'),
  open: (object, missing, cx) => (isTrue(object, 'Done') ? {} : said(object, cx, 'Done', 'False', missing.join(', '))),
});

export const IDENTITY_KINDS: readonly OperatorKind[] = [keycloak, realm];
