/** Small tricky trees: every form of what kustomize does that is done in process. Each is built by the real kustomize as well, object by object. */
export interface SmallTree {
  readonly name: string;
  /** Folder that is built. */
  readonly folder?: string;
  readonly files: Readonly<Record<string, string>>;
}

const kustomization = (rest: string): string => `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n${rest}`;
const component = (rest: string): string => `apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n${rest}`;

export const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  labels: {app: web}
  annotations:
    number: "1"
spec:
  replicas: 1
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      serviceAccountName: web
      imagePullSecrets: [{name: pull}]
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 1
              podAffinityTerm: {topologyKey: zone, labelSelector: {matchLabels: {app: web}}}
      topologySpreadConstraints:
        - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}
        - {maxSkew: 1, topologyKey: host, whenUnsatisfiable: ScheduleAnyway}
      initContainers:
        - name: init
          image: busybox:1.36
      containers:
        - name: web
          image: registry.example.com:5000/team/web:1.0.0
          args: [--one, --two]
          ports:
            - {name: http, containerPort: 8080}
            - {name: metrics, containerPort: 9090, protocol: TCP}
          env:
            - {name: A, value: "1"}
            - {name: B, valueFrom: {configMapKeyRef: {name: settings, key: b}}}
            - name: C
              valueFrom: {secretKeyRef: {name: passwords, key: c}}
          envFrom: [{configMapRef: {name: settings}}]
          volumeMounts:
            - {name: data, mountPath: /data}
            - {name: tmp, mountPath: /tmp}
        - name: sidecar
          image: envoy@sha256:0000000000000000000000000000000000000000000000000000000000000000
      volumes:
        - name: tmp
          emptyDir:
        - {name: data, persistentVolumeClaim: {claimName: data}}
        - name: settings
          configMap: {name: settings}
`;
const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports:
    - {name: http, port: 80, targetPort: http, protocol: TCP}
    - {name: dns, port: 53, protocol: UDP}
    - {name: dns-tcp, port: 53, protocol: TCP}
`;
const RELEASE = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: shop}
spec:
  interval: 1h
  chartRef: {kind: OCIRepository, name: app}
  valuesFrom:
    - {kind: ConfigMap, name: app-values}
  values:
    list: [{name: a, value: 1}, {name: b, value: 2}]
    map: {x: 1, y: {z: 2}}
`;
const base = (more: Readonly<Record<string, string>>, top: string): Readonly<Record<string, string>> => ({ 'web.yaml': DEPLOYMENT, 'service.yaml': SERVICE, 'release.yaml': RELEASE, 'kustomization.yaml': kustomization(top), ...more });
const ALL = 'resources: [web.yaml, service.yaml, release.yaml]\n';
const patched = (name: string, patches: string, more: Readonly<Record<string, string>> = {}): SmallTree => ({ name, files: base(more, `${ALL}${patches}`) });
/** One inline strategic merge of the Deployment. */
const merged = (name: string, spec: string): SmallTree => {
  const body = spec.startsWith('metadata:') ? spec.replace('metadata:', 'metadata:\n  name: web\n  namespace: shop') : `metadata: {name: web, namespace: shop}\n${spec}`;
  return patched(`merge: ${name}`, `patches:\n  - patch: |\n      apiVersion: apps/v1\n      kind: Deployment\n${body.split('\n').map((line) => `      ${line}`).join('\n')}\n`);
};
const mergedService = (name: string, ports: string): SmallTree => patched(`merge: ${name}`, `patches:\n  - patch: |\n      apiVersion: v1\n      kind: Service\n      metadata: {name: web, namespace: shop}\n      spec:\n        ports: ${ports}\n`);
const operated = (name: string, operations: string): SmallTree => patched(`operations: ${name}`, `patches:\n  - target: {kind: Deployment}\n    patch: |\n${operations.split('\n').map((line) => `      ${line}`).join('\n')}\n`);

const MERGES: readonly SmallTree[] = [
  merged('a map, null takes away, new keys', 'spec:\n  replicas: 3\n  strategy: {type: Recreate}\n  selector: null\n  template:\n    spec:\n      serviceAccountName: null\n      nodeSelector: {a: b}'),
  merged('containers by name, the patch in front', 'spec:\n  template:\n    spec:\n      containers:\n        - {name: sidecar, image: envoy:2}\n        - {name: new, image: x}\n        - {name: web, resources: {limits: {cpu: 1}}}'),
  merged('ports by two keys, one left out', 'spec:\n  template:\n    spec:\n      containers:\n        - name: web\n          ports:\n            - {containerPort: 9090, name: other}\n            - {containerPort: 1, protocol: UDP}'),
  merged('ports by two keys, both given', 'spec:\n  template:\n    spec:\n      containers:\n        - name: web\n          ports:\n            - {containerPort: 9090, protocol: TCP, name: other}\n            - {containerPort: 8080, protocol: TCP, name: http}'),
  merged('an entry of a list goes', 'spec:\n  template:\n    spec:\n      containers:\n        - $patch: delete\n          name: sidecar\n        - name: web\n          env:\n            - {name: B, $patch: delete}\n            - {name: A, value: "2"}'),
  merged('a list is replaced whole', 'spec:\n  template:\n    spec:\n      containers:\n        - $patch: replace\n        - {name: only, image: one}'),
  merged('an entry is replaced whole', 'spec:\n  template:\n    spec:\n      containers:\n        - {name: web, $patch: replace, image: one}'),
  merged('a map is replaced, another goes', 'metadata:\n  labels: {$patch: replace, only: one}\nspec:\n  template:\n    metadata:\n      labels: {$patch: delete}\n    spec:\n      volumes:\n        - name: tmp\n          emptyDir: {medium: Memory}'),
  merged('lists of plain values are replaced', 'spec:\n  template:\n    spec:\n      containers:\n        - name: web\n          args: [--three]\n          command: []'),
  merged('finalizers are a set', 'metadata:\n  finalizers: [b, a]\n  ownerReferences: [{uid: 1, name: x}]'),
  merged('topology by two keys', 'spec:\n  template:\n    spec:\n      topologySpreadConstraints:\n        - {topologyKey: host, whenUnsatisfiable: ScheduleAnyway, maxSkew: 5}\n        - {topologyKey: new, whenUnsatisfiable: DoNotSchedule, maxSkew: 2}'),
  merged('volumes and mounts by their keys', 'spec:\n  template:\n    spec:\n      containers:\n        - name: web\n          volumeMounts: [{mountPath: /tmp, name: other}, {mountPath: /new, name: data}]\n      volumes: [{name: other, configMap: {name: settings}}, {name: data, $patch: delete}]'),
  merged('quotes of what is replaced stay', 'metadata:\n  annotations: {number: 2, bool: true}\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          env: [{name: A, value: 3}]'),
  merged('nulls and directives in what is new', 'spec:\n  strategy: {rollingUpdate: null, type: Recreate, x: {y: null}}\n  template:\n    spec:\n      hostAliases: [{ip: 1.1.1.1, hostnames: [a]}]\n      securityContext: {$patch: replace, a: 1}\n      dnsConfig: {$patch: delete, a: 1}'),
  merged('empty lists and maps', 'spec:\n  template:\n    spec:\n      containers: []\n      volumes: []\n      nodeSelector: {}'),
  mergedService('service ports, given whole', '[{port: 53, protocol: UDP, targetPort: 5353}, {port: 443, protocol: TCP}]'),
  mergedService('service ports, protocol left out', '[{port: 80, targetPort: 8080}, {port: 443}]'),
  mergedService('service ports, one goes', '[{port: 53, protocol: TCP, $patch: delete}]'),
  patched('merge: a kind nobody knows has its lists replaced', 'patches:\n  - patch: |\n      apiVersion: helm.toolkit.fluxcd.io/v2\n      kind: HelmRelease\n      metadata: {name: app, namespace: shop, finalizers: [x]}\n      spec:\n        values: {list: [{name: a, value: 9}], map: {y: null, w: {v: 1}}, new: {deep: [1]}}\n'),
  patched('merge: an object goes', 'patches:\n  - patch: |\n      $patch: delete\n      apiVersion: v1\n      kind: Service\n      metadata: {name: web, namespace: shop}\n'),
  patched('merge: all of a kind go', 'patches:\n  - target: {kind: Service}\n    patch: |\n      $patch: delete\n      apiVersion: v1\n      kind: Service\n      metadata: {name: any}\n'),
];

const TARGETS: readonly SmallTree[] = [
  ['kind: ".*Release"', 'namespace: shop'], ['labelSelector: app=web'], ['labelSelector: "app in (web, other)"'], ['labelSelector: "!missing"'], ['annotationSelector: number=1'], ['name: "w.*"'], ['group: apps'], ['version: v1', 'kind: Service|Deployment'], ['name: nothing'], ['labelSelector: "app!=web"'],
].map((target) => patched(`target: ${target.join(', ')}`, `patches:\n  - target: {${target.join(', ')}}\n    patch: |\n      apiVersion: v1\n      kind: Any\n      metadata: {name: any, annotations: {patched: "yes"}}\n`));

const OPERATIONS: readonly SmallTree[] = [
  operated('add to maps and lists', '- {op: add, path: /spec/template/spec/containers/0/args/-, value: --last}\n- {op: add, path: /spec/template/spec/containers/0/args/0, value: --first}\n- {op: add, path: /metadata/annotations/example.com~1x, value: "y"}\n- {op: add, path: /spec/template/spec/containers/1/env, value: [{name: X, value: "1"}]}'),
  operated('replace and remove', '- {op: replace, path: /spec/replicas, value: 5}\n- {op: remove, path: /spec/template/spec/containers/1}\n- {op: replace, path: /spec/paused, value: true}\n- {op: remove, path: /spec/template/spec/topologySpreadConstraints/0}'),
  operated('move, copy and test', '- {op: test, path: /spec/replicas, value: 1}\n- {op: copy, from: /spec/template/spec/containers/0, path: /spec/template/spec/containers/-}\n- {op: move, from: /spec/template/spec/initContainers, path: /spec/template/spec/old}'),
  operated('counting from the end', '- {op: remove, path: /spec/template/spec/containers/-1}\n- {op: add, path: /spec/template/spec/containers/0/args/-1, value: --x}'),
  operated('as JSON', '[{"op": "add", "path": "/metadata/labels/json", "value": "1"}]'),
  operated('all annotations go', '- {op: remove, path: /metadata/annotations/number}'),
  operated('a remove of what is not there', '- {op: remove, path: /spec/nothing}'),
  operated('a parent that is not there', '- {op: add, path: /spec/nothing/below, value: 1}'),
  operated('an index outside', '- {op: add, path: /spec/template/spec/containers/9, value: {}}'),
  operated('a failing test', '- {op: test, path: /spec/replicas, value: 9}'),
  operated('an unknown operation', '- {op: put, path: /spec/replicas, value: 9}'),
  operated('YAML in short form is no patch', '[{op: add, path: /metadata/labels/x, value: y}]'),
];

const FORMS: readonly SmallTree[] = [
  patched('patches from files, several in one', 'patches:\n  - path: p.yaml\n  - {path: ops.yaml, target: {kind: Service, name: web}}\n', {
    'p.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {replicas: 2}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {type: NodePort}\n',
    'ops.yaml': '- op: replace\n  path: /spec/type\n  value: LoadBalancer\n',
  }),
  patched('the old fields of patches', 'patchesStrategicMerge:\n  - p.yaml\n  - |-\n    apiVersion: v1\n    kind: Service\n    metadata: {name: web, namespace: shop}\n    spec: {type: NodePort}\npatchesJson6902:\n  - target: {group: apps, version: v1, kind: Deployment, name: web}\n    path: ops.json\n  - target: {version: v1, kind: Service, name: web}\n    patch: |-\n      - op: add\n        path: /spec/x\n        value: 1\n', {
    'p.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {replicas: 2}\n', 'ops.json': '[{"op": "replace", "path": "/spec/replicas", "value": 7}]',
  }),
  patched('a patch whose object is not here', 'patches:\n  - patch: |\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: {name: other}\n      spec: {replicas: 2}\n'),
  patched('a patch without the namespace', 'patches:\n  - patch: |\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: {name: web}\n      spec: {replicas: 2}\n'),
  patched('a patch without a name', 'patches:\n  - target: {kind: Deployment}\n    patch: |\n      apiVersion: apps/v1\n      kind: Deployment\n      spec: {replicas: 2}\n'),
  patched('a patch for both kinds of meaning', 'patches:\n  - {path: a.yaml, patch: "x"}\n', { 'a.yaml': '{}' }),
  patched('namespace, names and labels together', 'namespace: other\nnamePrefix: pre-\nnameSuffix: -suf\ncommonLabels: {team: one}\nlabels:\n  - {pairs: {two: "2"}, includeSelectors: true}\n  - {pairs: {three: "3"}, includeTemplates: true}\n  - {pairs: {four: "4"}}\n  - {pairs: {five: "5"}, fields: [{path: spec/extra/labels, create: true, kind: HelmRelease}]}\ncommonAnnotations: {note: x}\n'),
  patched('replicas and images', 'replicas: [{name: web, count: 4}]\nimages:\n  - {name: registry.example.com:5000/team/web, newName: ghcr.io/web, newTag: v2}\n  - {name: envoy, newTag: v1}\n  - {name: busybox, digest: "sha256:1111111111111111111111111111111111111111111111111111111111111111"}\n'),
  patched('images: digest and tag, suffix, only a name', 'images:\n  - {name: registry.example.com:5000/team/web, newTag: v2, digest: "sha256:22"}\n  - {name: envoy, newName: mirror/envoy}\n  - {name: busybox, tagSuffix: -musl}\n'),
  patched('replicas of nothing', 'replicas: [{name: nothing, count: 4}]\n'),
  patched('replicas after a prefix', 'namePrefix: x-\nreplicas: [{name: web, count: 4}]\n'),
];

const GENERATED: readonly SmallTree[] = [
  { name: 'generators without hashes', files: { 'kustomization.yaml': kustomization('namespace: shop\ngeneratorOptions: {disableNameSuffixHash: true, labels: {a: b}, annotations: {x: "1"}}\nconfigMapGenerator:\n  - name: one\n    files: [a.txt, renamed=sub/b.txt]\n    literals: [k=v, "q=\'quoted\'", e=, "d=a=b"]\n    envs: [c.env]\n    options: {labels: {a: own}, immutable: true}\n  - name: empty\nsecretGenerator:\n  - name: two\n    type: kubernetes.io/tls\n    namespace: elsewhere\n    literals: [k=v]\n    files: [long.txt]\n  - {name: empty}\n'), 'a.txt': 'one\ntwo\n', 'sub/b.txt': 'b', 'c.env': '# comment\nX=1\n  Y=2\nZ\n\n', 'long.txt': 'x'.repeat(200) } },
  { name: 'hashes and what refers to them', files: { 'web.yaml': DEPLOYMENT, 'kustomization.yaml': kustomization('namespace: shop\nresources: [web.yaml]\nconfigMapGenerator:\n  - {name: settings, literals: [b=<1>&2]}\nsecretGenerator:\n  - {name: passwords, literals: [c=3]}\n  - {name: pull, type: kubernetes.io/dockerconfigjson, literals: [".dockerconfigjson={}"]}\n') } },
  { name: 'a prefix and what refers', files: { 'all.yaml': `${DEPLOYMENT}---\n${SERVICE}---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, namespace: shop}\nimagePullSecrets: [{name: pull}]\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: shop}\nspec: {storageClassName: fast}\n---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fast}\nprovisioner: x\n---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web, namespace: shop}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, namespace: shop, annotations: {nginx.ingress.kubernetes.io/auth-secret: passwords}}\nspec: {rules: [{http: {paths: [{backend: {service: {name: web, port: {number: 80}}}}]}}], tls: [{secretName: passwords}]}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: passwords, namespace: shop}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: web, namespace: shop}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: web}\nsubjects: [{kind: ServiceAccount, name: web, namespace: shop}, {kind: ServiceAccount, name: default, namespace: x}, {kind: User, name: web}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: web, namespace: shop}\nrules: [{apiGroups: [""], resources: [secrets], resourceNames: [passwords, other], verbs: [get]}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: web}\nrules: []\n---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: web}\nwebhooks: [{name: a, clientConfig: {service: {name: web, namespace: shop}}}]\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec: {conversion: {webhook: {clientConfig: {service: {name: web, namespace: shop}}}}}\n`, 'kustomization.yaml': kustomization('resources: [all.yaml]\nnamePrefix: pre-\n') } },
  { name: 'a namespace over everything', files: { 'kustomization.yaml': kustomization('namespace: other\nresources: [all.yaml]\n'), 'all.yaml': `${DEPLOYMENT}---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, annotations: {n: 1}}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: web, annotations: {}}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: web}\nsubjects: [{kind: ServiceAccount, name: web, namespace: shop}, {kind: ServiceAccount, name: default}]\n---\napiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1.x}\nspec: {service: {name: x, namespace: y}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\napiVersion: example.com/v1\nkind: ClusterThing\nmetadata: {name: x, annotations: {}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, annotations: {config.kubernetes.io/local-config: "true"}}\n` } },
  { name: 'generators that merge and replace', folder: 'over', files: { 'base/kustomization.yaml': kustomization('configMapGenerator:\n  - {name: one, literals: [a=1, b=2], options: {labels: {x: "1"}}}\n  - {name: two, literals: [a=1, b=2]}\n'), 'over/kustomization.yaml': kustomization('resources: [../base]\nnamePrefix: p-\nconfigMapGenerator:\n  - {name: one, behavior: merge, literals: [b=3, c=4], options: {labels: {z: "2"}}}\n  - {name: two, behavior: replace, literals: [d=5]}\n') } },
  { name: 'a generator that merges into nothing', files: { 'kustomization.yaml': kustomization('configMapGenerator: [{name: one, behavior: merge, literals: [a=1]}]\n') } },
  { name: 'a generator that makes what is there', files: { 'c.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n', 'kustomization.yaml': kustomization('resources: [c.yaml]\nconfigMapGenerator: [{name: one, literals: [a=1]}]\n') } },
  { name: 'a key twice', files: { 'kustomization.yaml': kustomization('configMapGenerator: [{name: one, literals: [a=1, a=2]}]\n') } },
];

const TREES: readonly SmallTree[] = [
  { name: 'components over resources, in order', folder: 'app', files: { 'app/kustomization.yaml': kustomization('namespace: shop\nresources: [web.yaml]\ncomponents: [../parts/one, ../parts/two]\nlabels: [{pairs: {last: "yes"}}]\n'), 'app/web.yaml': DEPLOYMENT, 'parts/one/kustomization.yaml': component('resources: [extra.yaml]\nnamespace: from-one\npatches:\n  - target: {kind: Deployment}\n    patch: |-\n      - {op: add, path: /metadata/annotations/one, value: "1"}\n'), 'parts/one/extra.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n', 'parts/two/kustomization.yaml': component('configMapGenerator: [{name: extra, namespace: from-one, behavior: merge, literals: [a=1]}]\npatches:\n  - target: {annotationSelector: one=1}\n    patch: |-\n      - {op: add, path: /metadata/annotations/two, value: "2"}\n') } },
  { name: 'bases within bases, prefixes at each', folder: 'c', files: { 'a/kustomization.yaml': kustomization('resources: [x.yaml]\nnamePrefix: a-\nconfigMapGenerator: [{name: settings, literals: [x=1]}]\n'), 'a/x.yaml': DEPLOYMENT.replace('namespace: shop', ''), 'b/kustomization.yaml': kustomization('bases: [../a]\nnameSuffix: -b\nnamespace: bee\n'), 'c/kustomization.yml': kustomization('resources: [../b/]\nnamePrefix: c-\npatches:\n  - patch: |\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: {name: web}\n      spec: {replicas: 9}\n') } },
  { name: 'lists and many documents', files: { 'kustomization.yaml': kustomization('resources: [l.yaml]\n'), 'l.yaml': '# first\n---\n---\napiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n  - apiVersion: v1\n    kind: ConfigMapList\n    items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}]\n---\n# nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n...\n' } },
  { name: 'scalars of all kinds', files: { 'kustomization.yaml': kustomization('resources: [s.yaml]\n'), 's.yaml': 'apiVersion: x.example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec:\n  octal: 0644\n  octal2: 0o17\n  hex: 0x1F\n  binary: 0b101\n  under: 1_000\n  float: 1.50\n  exp: 1e3\n  dot: .5\n  point: 1.\n  notoctal: 089\n  plus: +5\n  minus: -0x10\n  yes: yes\n  on: on\n  y: y\n  True: True\n  tilde: ~\n  nothing:\n  date: 2001-01-02\n  moment: 2001-12-14t21:59:43.10-05:00\n  space: 2001-12-14 21:59:43.1\n  nodate: 2001-99-99\n  sixty: 1:30\n  version: 1.2.3\n  string: !!str 5\n  quoted: "5"\n  folded: >-\n    a\n    b\n  literal: |+\n    a\n\n  anchor: &a {x: 1, y: 2}\n  alias: *a\n  merge:\n    <<: *a\n    y: 3\n  5: number\n  true: bool\n  empty: ""\n  list: [a, 1, true, null-ish, 0x]\n' } },
  { name: 'folded text that is indented further here and there', files: { 'kustomization.yaml': kustomization('resources: [f.yaml]\n'), 'f.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  one: >-\n    a\n      b\n    c\n  two: >\n    a\n    b\n\n    c\n\n      d\n      e\n\n      f\n    g\n  three: >+ # keeps\n    a\n     b\n\n  four: |\n    a >\n      b\n  five: a > b\n  six: >-\n    sum(x)\n\n\n      / y\n' } },
  { name: 'an empty entry in a list', files: { 'kustomization.yaml': kustomization('resources: [s.yaml]\n'), 's.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nlist: [a, null]\n' } },
  { name: 'the same object twice', files: { 'kustomization.yaml': kustomization('resources: [a.yaml, b.yaml]\n'), 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n', 'b.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n' } },
  { name: 'one by a namespace', files: { 'kustomization.yaml': kustomization('namespace: x\nresources: [a.yaml]\n'), 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: one}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: two}\n' } },
  { name: 'fields in any case of letters', files: { 'kustomization.yaml': kustomization('Resources: [a.yaml]\n'), 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n' } },
  { name: 'a kind of its own without a version', files: { 'kustomization.yaml': 'resources: [a.yaml]\n', 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n' } },
  { name: 'an unknown field', files: { 'kustomization.yaml': kustomization('resource: [a.yaml]\n') } },
  { name: 'nothing in it', files: { 'kustomization.yaml': kustomization('') } },
  { name: 'no such file', files: { 'kustomization.yaml': kustomization('resources: [a.yaml]\n') } },
  { name: 'a folder without one', files: { 'kustomization.yaml': kustomization('resources: [a]\n'), 'a/x.yaml': 'a: b\n' } },
  { name: 'a folder with two', files: { 'kustomization.yaml': kustomization('resources: [a]\n'), 'a/kustomization.yaml': kustomization('namespace: x\n'), 'a/kustomization.yml': kustomization('namespace: x\n') } },
  { name: 'a cycle', files: { 'kustomization.yaml': kustomization('resources: [a]\n'), 'a/kustomization.yaml': kustomization('resources: [..]\n') } },
  { name: 'a component among resources', files: { 'kustomization.yaml': kustomization('resources: [a]\n'), 'a/kustomization.yaml': component('namespace: x\n') } },
  { name: 'no object', files: { 'kustomization.yaml': kustomization('resources: [a.yaml]\n'), 'a.yaml': 'kind: ConfigMap\n' } },
  { name: 'broken YAML', files: { 'kustomization.yaml': kustomization('resources: [a.yaml]\n'), 'a.yaml': 'a: b: c\n' } },
  { name: 'a key twice in a map', files: { 'kustomization.yaml': kustomization('resources: [a.yaml]\n'), 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: a\n  x: b\n' } },
];

export const SMALL_TREES: readonly SmallTree[] = [...MERGES, ...TARGETS, ...OPERATIONS, ...FORMS, ...GENERATED, ...TREES];
