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

const REGISTRY = `${PLATFORM}/messaging/schema-registry/app`;
const GRAFANA = `${HOUSE}/observability/grafana/app`;
const KEYCLOAK = `${HOUSE}/operators/keycloak/app/deployment.yaml`;
const scaler = (name: string, namespace: string, metric: string): string => `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  minReplicas: 2
  maxReplicas: 4
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: ${name}
  metrics:
    - type: Resource
      resource:
        name: ${metric}
        target:
          type: Utilization
          averageUtilization: 80
`;
const stateful = (replicas: number): string => web().replace('kind: Deployment', 'kind: StatefulSet').replace('replicas: 2', `serviceName: web-headless\n  replicas: ${replicas}`);
/** A file more in a list, beside one that stands there. */
const listed = (folder: string, beside: string, more: string): Planted['change'][number] => ({ file: `${folder}/kustomization.yaml`, from: `  - ${beside}\n`, to: `  - ${beside}\n  - ${more}\n` });

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
  { rule: 'stateful-service', variant: 'of members that call each other', ...beside(GATEWAY, 'prometheusrule.yaml', stateful(3), 'serviceName: web-headless'), says: /^nobody makes Service shop-\w+\/web-headless$/ },
  { rule: 'quota', variant: 'less than the pods ask for', ...beside(BGP, 'prometheusrule.yaml', `${web()}---\napiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: shop\n  namespace: shop\nspec:\n  hard:\n    requests.memory: 24Mi\n`, 'requests.memory: 24Mi'), says: /^the workloads of shop-\w+ ask for more memory than 24Mi$/ },
  { rule: 'quota', variant: 'of what nobody says', ...beside(IPAM, 'prometheusrule.yaml', `${web()}---\napiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: shop\n  namespace: shop\nspec:\n  hard:\n    limits.cpu: "4"\n`, 'limits:'), says: /^container web says nothing of limits\.cpu, and a quota of shop-\w+ counts it$/ },
  { rule: 'disruption-budget-twice', variant: 'one more for the same pods', change: [listed(REGISTRY, 'poddisruptionbudget.yaml', 'budget.yaml'), { file: `${REGISTRY}/budget.yaml`, whole: 'apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: registry\n  namespace: messaging\nspec:\n  minAvailable: 1\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: schema-registry\n' }], at: { file: `${REGISTRY}/budget.yaml`, line: 'selector:' }, says: /^pods of Deployment schema-registry have another budget already, schema-registry$/ },
  { rule: 'scale-replicas', variant: 'both say how many', change: [listed(REGISTRY, 'service.yaml', 'scaler.yaml'), { file: `${REGISTRY}/scaler.yaml`, whole: scaler('schema-registry', 'messaging', 'memory') }], at: { file: `${REGISTRY}/deployment.yaml`, line: 'replicas: 2' }, says: /^replicas is written, and HorizontalPodAutoscaler schema-registry changes it$/ },
  { rule: 'scale-metric', variant: 'a share of what one container does not ask for', change: [
    listed(GRAFANA, 'service.yaml', 'scaler.yaml'), { file: `${GRAFANA}/scaler.yaml`, whole: scaler('grafana', 'observability', 'cpu') },
    { file: `${GRAFANA}/deployment.yaml`, from: '  replicas: 1\n', to: '' },
    { file: `${GRAFANA}/deployment.yaml`, from: '              cpu: 20m\n              memory: 64Mi\n            limits:\n              cpu: 200m\n', to: '              memory: 64Mi\n            limits:\n' },
  ], at: { file: `${GRAFANA}/scaler.yaml`, line: 'name: cpu' }, says: /^container dashboards of grafana asks for no cpu, so there is no share of it$/ },
  { rule: 'volume-claim', variant: 'a claim nobody adds', ...at(`${GRAFANA}/deployment.yaml`, '        - name: data\n          emptyDir: {}', '        - name: data\n          persistentVolumeClaim:\n            claimName: grafana-data', 'claimName: grafana-data'), says: /^nobody makes claim observability\/grafana-data$/ },
  { rule: 'claim-shared', variant: 'two pods on one disk', change: [
    listed(GRAFANA, 'config.yaml', 'claim.yaml'), { file: `${GRAFANA}/claim.yaml`, whole: 'apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: grafana-data\n  namespace: observability\nspec:\n  accessModes: [ReadWriteOnce]\n  storageClassName: ${BLOCK_SC}\n  resources:\n    requests:\n      storage: 1Gi\n' },
    { file: `${GRAFANA}/deployment.yaml`, from: '  replicas: 1\n', to: '  replicas: 2\n' },
    { file: `${GRAFANA}/deployment.yaml`, from: '        - name: data\n          emptyDir: {}', to: '        - name: data\n          persistentVolumeClaim:\n            claimName: grafana-data' },
  ], at: { file: `${GRAFANA}/deployment.yaml`, line: 'claimName: grafana-data' }, says: /^2 pods mount claim grafana-data, which is for one node \(ReadWriteOnce\)$/ },
  { rule: 'pod-affinity', variant: 'near a name nobody has', ...at(KEYCLOAK, '      serviceAccountName: keycloak-operator\n', '      serviceAccountName: keycloak-operator\n      affinity:\n        podAffinity:\n          requiredDuringSchedulingIgnoredDuringExecution:\n            - topologyKey: kubernetes.io/hostname\n              labelSelector:\n                matchLabels:\n                  app.kubernetes.io/name: keycloak\n', 'labelSelector:'), says: /^podAffinity to pods that nobody runs: app\.kubernetes\.io\/name=keycloak$/ },
  { rule: 'operator-reference', variant: 'the archive a database is taken out of', ...at(`${PLATFORM}/databases/shared-postgres/restore/bootstrap.yaml`, 'barmanObjectName: shared-postgres-backups', 'barmanObjectName: postgres-backups'), says: /^nobody makes ObjectStore cnpg-system\/postgres-backups \(with DATA_MODE=restore\)$/ },
];
