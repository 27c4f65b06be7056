import type { Planted } from '../planted.ts';
import { at, besideWith } from '../planted-places.ts';

const HOUSE = 'kubernetes/infrastructure';
const PLATFORM = 'kubernetes/workloads/platform';
const CEPH = `${HOUSE}/storage/rook-ceph/cluster`;
const TOOLBOX = `${CEPH}/toolbox.yaml`;
const NETWORKING = `${HOUSE}/networking`;
const SECURITY = `${HOUSE}/security`;
const ISSUERS = `${SECURITY}/cert-manager/issuers/letsencrypt.yaml`;
const WILDCARD = `${SECURITY}/certificates/wildcard/wildcard.yaml`;
const TUNNEL = `${NETWORKING}/cloudflared/app/externalsecret.yaml`;

const NAMESPACE = `apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;
const beside = besideWith(NAMESPACE, 'w');
const GATEWAY = `${NETWORKING}/cilium/gateway/app`;
const BGP = `${NETWORKING}/cilium/bgp/app`;
const IPAM = `${NETWORKING}/cilium/ipam/app`;

/** Pods as they should be, two of them; `pod` and `box` are added to the pod and to its container. */
const web = (pod = '', box = ''): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  replicas: 2
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
${pod}      containers:
        - name: web
          image: registry.k8s.io/pause:3.10
          ports:
            - name: http
              containerPort: 8080
          resources:
            requests:
              cpu: 10m
              memory: 16Mi
            limits:
              memory: 64Mi
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop: [ALL]
${box}`;

/** What the chart makes of it is in the reference at the version that is pinned. */
const RENDERED = { needs: ['helm', 'reference'] } as const;
const OPERATOR = `${HOUSE}/gitops/flux-operator/app/values.yaml`;

export const PLANTED: readonly Planted[] = [
  {
    rule: 'pod-security', variant: 'a namespace enforces more than its pods keep',
    change: [{ file: 'bootstrap/namespaces.yaml', from: '  name: rook-ceph\n  labels:\n    pod-security.kubernetes.io/enforce: privileged', to: '  name: rook-ceph\n  labels:\n    pod-security.kubernetes.io/enforce: baseline' }],
    at: { file: TOOLBOX, line: 'hostNetwork: true' }, says: /the pod uses the node's own \(hostNetwork\); namespace rook-ceph enforces Pod Security baseline/,
  },
  { rule: 'pod-security', variant: 'a container keeps its capabilities', ...beside(GATEWAY, 'redirect.yaml', web().replace('drop: [ALL]', 'drop: [NET_RAW]'), 'drop: [NET_RAW]'), says: /container web keeps capabilities/ },
  { rule: 'pod-security', variant: 'a container may gain privileges', ...beside(BGP, 'advertisement.yaml', web().replace('allowPrivilegeEscalation: false', 'allowPrivilegeEscalation: true'), 'allowPrivilegeEscalation: true'), says: /container web may gain privileges/ },
  { rule: 'config-reference', variant: 'the token of an issuer', ...at(ISSUERS, 'name: letsencrypt-production\n    solvers:\n      - dns01:\n          cloudflare:\n            apiTokenSecretRef:\n              name: cloudflare-api-token', 'name: letsencrypt-production\n    solvers:\n      - dns01:\n          cloudflare:\n            apiTokenSecretRef:\n              name: cloudflare-token', 'name: cloudflare-token'), says: /nobody makes Secret cert-manager\/cloudflare-token, which ClusterIssuer letsencrypt-production needs/ },
  { rule: 'config-key', variant: 'the token of an issuer', ...at(ISSUERS, 'name: letsencrypt-staging\n    solvers:\n      - dns01:\n          cloudflare:\n            apiTokenSecretRef:\n              name: cloudflare-api-token\n              key: api-token', 'name: letsencrypt-staging\n    solvers:\n      - dns01:\n          cloudflare:\n            apiTokenSecretRef:\n              name: cloudflare-api-token\n              key: api-tokn', 'key: api-tokn'), says: /has no key api-tokn/ },
  { rule: 'config-reference', variant: 'a volume of a pod', ...beside(IPAM, 'l2.yaml', web('      volumes:\n        - name: settings\n          configMap:\n            name: web-settings\n'), 'name: web-settings'), says: /nobody makes ConfigMap shop-\w+\/web-settings, which volume settings needs/ },
  { rule: 'service-account', variant: 'of a Deployment', ...at(TOOLBOX, 'serviceAccountName: rook-ceph-default', 'serviceAccountName: toolbox'), says: /nobody makes ServiceAccount rook-ceph\/toolbox/ },
  { rule: 'role-binding', variant: 'the role', ...at(`${NETWORKING}/external-dns/cloudflare/app/rbac.yaml`, '  kind: ClusterRole\n  name: external-dns-cloudflare', '  kind: ClusterRole\n  name: external-dns-cloudfare', 'name: external-dns-cloudfare'), says: /nobody makes ClusterRole external-dns-cloudfare/ },
  { rule: 'role-binding', variant: 'the subject', ...at(`${NETWORKING}/external-dns/rfc2136/app/rbac.yaml`, '  - kind: ServiceAccount\n    name: external-dns-rfc2136', '  - kind: ServiceAccount\n    name: external-dns-rcf2136', 'name: external-dns-rcf2136'), says: /nobody makes ServiceAccount networking\/external-dns-rcf2136/ },
  { rule: 'duplicate-entry', variant: 'a variable', ...at(TOOLBOX, '          env:\n', '          env:\n            - name: CEPH_USER\n              value: admin\n', '- name: CEPH_USER'), says: /container rook-ceph-tools sets CEPH_USER twice/ },
  { rule: 'duplicate-entry', variant: 'a mount', ...at(TOOLBOX, 'mountPath: /etc/rook', 'mountPath: /etc/ceph'), says: /container rook-ceph-tools mounts two things at \/etc\/ceph/ },
  { rule: 'volume-mount', variant: 'a name misspelt', ...at(TOOLBOX, '- name: mon-endpoints\n              mountPath', '- name: mon-endpoint\n              mountPath', '- name: mon-endpoint'), says: /container rook-ceph-tools mounts mon-endpoint, which is no volume of the pod/ },
  { rule: 'named-port', variant: 'a probe', ...at(TOOLBOX, '          resources:\n', '          livenessProbe:\n            tcpSocket:\n              port: health\n          resources:\n', 'port: health'), says: /livenessProbe of container rook-ceph-tools asks port health/ },
  { rule: 'workload-selector', variant: 'another label', ...at(TOOLBOX, '    matchLabels:\n      app: rook-ceph-tools', '    matchLabels:\n      app: rook-ceph-toolbox', 'selector:'), says: /the selector \(app=rook-ceph-toolbox\) does not hold/ },
  { rule: 'resources', variant: 'no quantity', ...at(TOOLBOX, 'memory: 512Mi', 'memory: 512mi'), says: /512mi is no quantity/ },
  { rule: 'resources', variant: 'more than allowed, of another kind', ...at(`${CEPH}/cephcluster.yaml`, 'requests: {cpu: "1", memory: 2Gi}', 'requests: {cpu: "1", memory: 20Gi}'), says: /osd asks for more memory \(20Gi\) than it may use \(4Gi\)/ },
  { rule: 'resources', variant: 'in the values of a release', ...at(`${HOUSE}/storage/rook-ceph/operator/helmrelease.yaml`, '        memory: 512Mi', '        memory: 512m', 'memory: 512m'), says: /512m of memory is a thousandth of 512 bytes/ },
  { rule: 'pod-class', variant: 'a priority', ...at(TOOLBOX, '      hostNetwork: true', '      hostNetwork: true\n      priorityClassName: important', 'priorityClassName: important'), says: /nobody makes PriorityClass important/ },
  { rule: 'disruption-budget', variant: 'none may go', ...at(`${NETWORKING}/cloudflared/app/pdb.yaml`, 'minAvailable: 1', 'maxUnavailable: 0'), says: /maxUnavailable 0 lets no pod be moved/ },
  { rule: 'disruption-budget', variant: 'all must stay', ...at(`${HOUSE}/storage/openebs/app/pdb.yaml`, 'maxUnavailable: 1', 'minAvailable: 100%'), says: /minAvailable 100% lets no pod be moved/ },
  { rule: 'disruption-budget', variant: 'as many as there are', ...beside(GATEWAY, 'external.yaml', `${web()}---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  minAvailable: 2\n  selector:\n    matchLabels:\n      app: web\n`, 'minAvailable: 2'), says: /minAvailable 2 lets no pod be moved: there are 2/ },
  { rule: 'disruption-budget-selects', variant: 'another label', ...beside(BGP, 'cluster-config.yaml', `${web()}---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  maxUnavailable: 1\n  selector:\n    matchLabels:\n      app: website\n`, 'selector:'), says: /no pod of shop-\w+ has app=website/ },
  { rule: 'scale-target', variant: 'a name misspelt', ...beside(IPAM, 'pool.yaml', `${web()}---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  minReplicas: 2\n  maxReplicas: 4\n  scaleTargetRef:\n    apiVersion: apps/v1\n    kind: Deployment\n    name: wep\n`, 'name: wep'), says: /nobody makes Deployment shop-\w+\/wep/ },
  { rule: 'pod-spread', variant: 'another label', ...beside(GATEWAY, 'internal.yaml', web('      topologySpreadConstraints:\n        - maxSkew: 1\n          topologyKey: kubernetes.io/hostname\n          whenUnsatisfiable: ScheduleAnyway\n          labelSelector:\n            matchLabels:\n              app: website\n'), 'labelSelector:'), says: /the pods do not have app=website themselves/ },
  { rule: 'cron-schedule', variant: 'an hour there is not', ...beside(BGP, 'peer-config.yaml', `apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: clean\n  namespace: shop\nspec:\n  schedule: 0 24 * * *\n  jobTemplate:\n    spec:\n      template:\n${web().split('\n').slice(11).map((line) => `    ${line}`).join('\n').replace('spec:\n', 'spec:\n          restartPolicy: Never\n')}\n`, 'schedule: 0 24 * * *'), says: /hour 24 is not within 0-23/ },
  { rule: 'storage-class', variant: 'a claim', ...beside(GATEWAY, 'gatewayclass.yaml', 'apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\n  namespace: shop\nspec:\n  accessModes: [ReadWriteOnce]\n  storageClassName: local-nvme\n  resources:\n    requests:\n      storage: 1Gi\n', 'storageClassName: local-nvme'), says: /nobody makes StorageClass local-nvme/ },
  { rule: 'access-mode', variant: 'many nodes at once', ...beside(CEPH, 'cephblockpool.yaml', 'apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\n  namespace: shop\nspec:\n  accessModes: [ReadWriteMany]\n  storageClassName: ${BLOCK_SC}\n  resources:\n    requests:\n      storage: 1Gi\n', 'accessModes: [ReadWriteMany]'), says: /gives a volume to one node at a time, not ReadWriteMany/ },
  { rule: 'secret-store', variant: 'the other kind of store', ...at(`${SECURITY}/cert-manager/secrets/cloudflare.yaml`, '    kind: ClusterSecretStore\n', '    kind: SecretStore\n', 'name: ${EXTERNAL_SECRET_STORE}'), says: /nobody makes SecretStore cert-manager\/onepassword/ },
  { rule: 'secret-item', variant: 'a field', ...at(TUNNEL, 'property: CF_TUNNEL_ID', 'property: CF_TUNEL_ID'), says: /lists no field CF_TUNEL_ID of item kubernetes\/infra\/cloudflared/ },
  { rule: 'secret-item', variant: 'an item', ...at(`${NETWORKING}/external-dns/cloudflare/app/externalsecret.yaml`, '        key: kubernetes/infra/cloudflared\n        property: CF_ZONE_ID', '        key: kubernetes/infra/cloudflare\n        property: CF_ZONE_ID', 'key: kubernetes/infra/cloudflare'), says: /lists no item kubernetes\/infra\/cloudflare$/ },
  { rule: 'secret-twice', variant: 'two ExternalSecrets', change: [{ file: `${NETWORKING}/external-dns/rfc2136/app/externalsecret.yaml`, from: 'name: external-dns-rfc2136-secret', to: 'name: cloudflared-secret' }], at: { file: TUNNEL, line: 'name: cloudflared-secret' }, says: /Secret networking\/cloudflared-secret is made by ExternalSecret external-dns-rfc2136 as well/ },
  { rule: 'secret-merge', variant: 'nobody makes it', ...at(`${NETWORKING}/cilium/clustermesh/app/externalsecret.yaml`, '    name: cilium-ca\n', '    name: authority\n', 'creationPolicy: Merge'), says: /nobody makes Secret kube-system\/authority, to which this only adds/ },
  { rule: 'secret-template', variant: 'what is not fetched', ...at(TUNNEL, '.CF_ACCOUNT_ID "t"', '.CF_ACCOUNT "t"', '.CF_ACCOUNT "t"'), says: /the template uses \.CF_ACCOUNT, which is not fetched/ },
  { rule: 'secret-template', variant: 'a quote without end', ...at(TUNNEL, '"s" .CF_TUNNEL_SECRET', '"s .CF_TUNNEL_SECRET', '"s .CF_TUNNEL_SECRET'), says: /this template cannot be read/ },
  { rule: 'certificate-issuer', variant: 'the other kind of issuer', ...at(WILDCARD, '    kind: ClusterIssuer', '    kind: Issuer', 'name: ${WILDCARD_ISSUER:=letsencrypt-production}'), says: /nobody makes Issuer kube-system\/letsencrypt-production/ },
  { rule: 'certificate-request', variant: 'a zone no solver is for', ...at(WILDCARD, '"*.gitlab.${CLUSTER}.${SECRET_DOMAIN}"', '"*.gitlab.example.org"'), says: /no solver of letsencrypt-production is for \*\.gitlab\.example\.org/ },
  { rule: 'certificate-request', variant: 'renewed before it is issued', ...at(WILDCARD, 'renewBefore: 360h', 'renewBefore: 3600h'), says: /renewBefore is not below duration/ },
  { rule: 'config-reference', variant: 'a variable of a container', ...at(`${PLATFORM}/messaging/schema-registry/app/deployment.yaml`, '                  name: schema-registry\n                  key: sasl', '                  name: schema-registry-password\n                  key: sasl', 'name: schema-registry-password'), says: /nobody makes Secret messaging\/schema-registry-password/ },
  { rule: 'disruption-budget-selects', variant: 'beside pods of an operator', ...at(`${PLATFORM}/messaging/schema-registry/app/poddisruptionbudget.yaml`, 'app.kubernetes.io/name: schema-registry', 'app.kubernetes.io/name: registry', 'selector:'), says: /no pod of messaging has app\.kubernetes\.io\/name=registry/ },
  { rule: 'operator-reference', variant: 'the cluster of a topic', ...at(`${PLATFORM}/messaging/schema-registry/app/kafkatopic.yaml`, 'strimzi.io/cluster: kafka-cluster', 'strimzi.io/cluster: kafka'), says: /nobody makes Kafka messaging\/kafka$/ },
  { rule: 'operator-reference', variant: 'the archive of a database', ...at(`${PLATFORM}/databases/shared-postgres/base/cluster.yaml`, 'barmanObjectName: shared-postgres-backups', 'barmanObjectName: shared-postgres-backup'), says: /nobody makes ObjectStore cnpg-system\/shared-postgres-backup$/ },
  { rule: 'pod-security', variant: 'a value of a chart', ...RENDERED, ...at(OPERATOR, 'web:\n', 'hostNetwork: true\nweb:\n', 'hostNetwork: true'), says: /the pod uses the node's own \(hostNetwork\); namespace flux-system enforces Pod Security restricted/ },
  { rule: 'pod-class', variant: 'a value of a chart', ...RENDERED, ...at(OPERATOR, 'web:\n', 'priorityClassName: important\nweb:\n', 'priorityClassName: important'), says: /nobody makes PriorityClass important/ },
  { rule: 'resources', variant: 'a value of a chart', ...RENDERED, ...at(OPERATOR, '    memory: 64Mi', '    memory: 640Mi', 'memory: 640Mi'), says: /asks for more memory \(640Mi\) than it may use \(256Mi\)/ },
  { rule: 'config-reference', variant: 'a value of a chart, in a list', ...RENDERED, ...at(OPERATOR, 'web:\n', 'image:\n  pullSecrets:\n    - name: registry-login\nweb:\n', '- name: registry-login'), says: /nobody makes Secret flux-system\/registry-login/ },
  { rule: 'scrape-target', variant: 'pods with another label', ...RENDERED, ...at(`${HOUSE}/gitops/flux-instance/app/podmonitor.yaml`, 'app.kubernetes.io/part-of: flux', 'app.kubernetes.io/part-of: fluxcd', 'selector:'), says: /no Pod of flux-system has app\.kubernetes\.io\/part-of=fluxcd/ },
];
