/** Small trees with one Flux Kustomization each, for what the controller does around kustomize: built by its own code as well. */
export interface FluxTree {
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly files: Readonly<Record<string, string>>;
  /** What the finding says, where the controller refuses. */
  readonly refused?: RegExp;
}

const DEPLOYMENT = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1, template: {spec: {containers: [{name: web, image: "nginx:1", env: [{name: A, value: "${A}"}]}]}}}\n';
const map = (data: string, name = 'm'): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata:\n${data.split('\n').map((line) => (line === '' ? '' : `  ${line}`)).join('\n')}\n`;
const top = (rest: string): string => `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n${rest}`;
const filled = (name: string, data: string, substitute: Readonly<Record<string, string>>, refused?: RegExp): FluxTree => ({ name: `filled in: ${name}`, spec: { postBuild: { substitute } }, files: { 'app/m.yaml': map(data), 'app/kustomization.yaml': top('resources: [m.yaml]\n') }, ...(refused === undefined ? {} : { refused }) });

const BUILDS: readonly FluxTree[] = [
  { name: 'no kustomization.yaml anywhere', spec: {}, files: { 'app/a.yaml': map('a: b', 'a'), 'app/sub/b.yml': map('a: b', 'b'), 'app/sub/deep/c.yaml': map('a: b', 'c'), 'app/own/kustomization.yml': top('namespace: own\nresources: [d.yaml]\n'), 'app/own/d.yaml': map('a: b', 'd'), 'app/own/unlisted.yaml': map('a: b', 'e'), 'app/notes.txt': 'text', 'app/.hidden/f.yaml': map('a: b', 'f') } },
  { name: 'an empty folder', spec: {}, files: { 'app/readme.md': 'nothing' } },
  { name: 'a namespace over the one that is written', spec: { targetNamespace: 'flux' }, files: { 'app/kustomization.yaml': top('namespace: own\nresources: [a.yaml]\n'), 'app/a.yaml': map('a: b') } },
  { name: 'names, images, common metadata', spec: { namePrefix: 'p-', nameSuffix: '-s', images: [{ name: 'nginx', newTag: '2' }, { name: 'other', newName: 'x' }], commonMetadata: { labels: { a: 'b' }, annotations: { c: 'd' } } }, files: { 'app/kustomization.yaml': top('namePrefix: own-\nresources: [d.yaml]\nimages: [{name: nginx, newName: mirror/nginx, digest: "sha256:00"}]\n'), 'app/d.yaml': DEPLOYMENT.replace('${A}', 'a') } },
  { name: 'patches behind those that are written', spec: { patches: [{ patch: '- op: replace\n  path: /spec/replicas\n  value: 5\n', target: { kind: 'Deployment' } }, { patch: 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: any\nspec:\n  paused: true\n', target: { name: 'w.*' } }, { patch: 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  labels:\n    by: flux\n' }] }, files: { 'app/kustomization.yaml': top('resources: [d.yaml]\npatches: [{target: {kind: Deployment}, patch: "[{\\"op\\": \\"replace\\", \\"path\\": \\"/spec/replicas\\", \\"value\\": 3}]"}]\n'), 'app/d.yaml': DEPLOYMENT.replace('${A}', 'a') } },
  { name: 'components, one of them not there', spec: { components: ['../parts/a', '../parts/none'], ignoreMissingComponents: true }, files: { 'app/d.yaml': DEPLOYMENT.replace('${A}', 'a'), 'parts/a/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{target: {kind: Deployment}, patch: "[{\\"op\\": \\"replace\\", \\"path\\": \\"/spec/replicas\\", \\"value\\": 3}]"}]\nconfigMapGenerator: [{name: gen, literals: [a=b]}]\n' } },
  { name: 'only components, so that origins are written', spec: {}, files: { 'app/kustomization.yaml': top('components: [../parts/a]\nconfigMapGenerator: [{name: gen, literals: [a=b]}]\n'), 'parts/a/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [sub]\nsecretGenerator: [{name: gen, literals: [a=b]}]\n', 'parts/a/sub/kustomization.yaml': top('resources: [x.yaml]\n'), 'parts/a/sub/x.yaml': map('a: b', 'x') } },
  { name: 'a component itself', spec: {}, files: { 'app/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [x.yaml]\n', 'app/x.yaml': map('a: b') } },
  { name: 'a component that is not there', spec: { components: ['../parts/none'] }, files: { 'app/d.yaml': map('a: b') }, refused: /there is no folder parts\/none/ },
  { name: 'a file that is no manifest in a folder without a list', spec: {}, files: { 'app/d.yaml': map('a: b'), 'app/values.yaml': 'replicas: 1\n' }, refused: /no Kubernetes object/ },
];

const VALUES: readonly FluxTree[] = [
  filled('numbers and words become what YAML takes them for', 'plain: ${N}\nquoted: "${N}"\nsingle: \'${N}\'\nword: ${Y}\non: ${O}\noctal: ${C}\ndate: ${D}\nfloat: ${F}\nzero: ${Z}\nempty: ${E}\nmixed: a${N}\nspace: ${N} ${N}\ntilde: "${T}"', { N: '5', Y: 'yes', O: 'on', C: '0644', D: '2001-01-01', F: '1e3', Z: 'null', E: '', T: '~' }),
  filled('lists and maps in the value', 'list: ${L}\nmap: ${M}\nin: x ${S}\nquoted: "[${N}]"', { L: '[{"a": 1}, {"b": "c"}]', M: '{a: 1}', N: '5', S: '[1]' }),
  filled('quotes and signs in the value', 'a: ${Q}\nb: "${Q} x"\nc: "it\'s ${W}"\nd: "- ${W}"\ne: "#${W}"\nf: "@${W}"\ng: "${W}: x"\nh: "${H}"\ni: "a ${H}"', { Q: "it's", W: 'w', H: 'x#y' }),
  filled('blocks of text', 'a: |\n  one ${A}\n  two: ${B}\n\nb: |-\n  ${A}\n  x\nc: |+\n  ${E}\n\nd: |\n  x\n  ${E}\ne: |-\n  x\n  ${E}\nf: "two\\nlines ${A}"\ng: "trail \\n${B}"', { A: 'a: "b" \'c\'', B: 'b', E: '' }),
  filled('a value that ends a double quote', 'g: "trail \\n${A}"', { A: 'a "b"' }, /no YAML any more/),
  filled('long lines', `long: ${'word '.repeat(30)}\${A} ${'word '.repeat(30)}\nquoted: "a: ${'word '.repeat(30)}\${A} ${'word '.repeat(30)}"\ntab: "a\\t\${A}"\nuni: "ü \${A} ☃ 🎉"\nbell: "\\a\${A}"`, { A: 'value' }),
  filled('what looks like a variable and is none', 'a: $A ${A} $${A} $$ $ $$$ $(A) {A} $}\nb: "$${A:-b}"\nc: cost $5', { A: 'x' }),
  filled('operators', 'a: ${A:-d} ${N1:-d} ${E:-d} ${E-}\nb: x', { A: 'x', E: '' }, /cannot read/),
  filled('defaults', 'a: ${A:-d} ${N1:-d} ${E:-d}\nb: ${N1:=d} ${N1=d} ${A:=d} ${E=d}\nc: ${N1:-${A}} ${N1:-a${A}b${E}c}\nd: ${N1:?oops} ${A:?oops} ${A:+plus} ${N1:+plus}\ne: ${N1:-}x${N1:=}\nf: ${N1:-5}\ng: ${N1:-"q"}\nh: ${N1:-[1, 2]}', { A: 'x', E: '' }),
  filled('case, length, pieces', 'a: ${A^} ${A^^} ${B,} ${B,,} ${#A} ${#U}\nb: "${A:1} ${A:1:2} ${A:-2} ${A: -2} ${A:0:-1} ${A:9} ${A:x} ${A:1:99}"\nc: ${U:0:2}', { A: 'hello', B: 'WORLD', U: 'üx' }),
  filled('beginnings and ends', 'a: ${P#*/} ${P##*/} ${P%/*} ${P%%/*} ${P#a} ${P#[a-z]} ${P%?} ${P#nothing}\nb: ${P/b/X} ${P//b/X} ${P/#a/X} ${P/%b/X} ${P//b/} ${P/\\//-}', { P: 'a/b/c/b' }),
  filled('a variable as a key', '${K}: x\nplain-${K}: ${N}', { K: 'key', N: '1' }),
  filled('line breaks in values go', 'a: ${A}', { A: 'one\ntwo\n' }),
  filled('a variable without a value', 'a: ${A}\nb: ${MISSING}', { A: 'x' }, /variable MISSING has no value/),
  filled('one in a default that is not needed', 'a: ${A:-${MISSING}}', { A: 'x' }, /variable MISSING has no value/),
  filled('an operator on one', 'a: ${MISSING^^}', { A: 'x' }, /variable MISSING has no value/),
  filled('a shell variable', 'a: ${array[@]}', { A: 'x' }, /missing closing brace/),
  filled('no name', 'a: ${}', { A: 'x' }, /unable to parse variable name/),
  filled('a value that breaks the text', 'a: ${A}', { A: 'b: c' }, /no YAML any more/),
  filled('a value that is a sign', 'a: ${A}', { A: '-' }, /no YAML any more/),
  filled('a value that ends a quote', 'a: "x: ${A}"', { A: "it's" }, /no YAML any more/),
  filled('a name that cannot be one', 'a: b', { 'a-b': 'x' }, /cannot be the name of a variable/),
  { name: 'switched off by label and annotation', spec: { postBuild: { substitute: { A: 'x' } } }, files: { 'app/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {kustomize.toolkit.fluxcd.io/substitute: disabled}}\ndata: {a: "${A} ${B} $${C}"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}}\ndata: {a: "${A} ${B} $${C}"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: "${A} $${C}"}\n' } },
  { name: 'common metadata is not filled in', spec: { commonMetadata: { annotations: { a: '${A} $${A}' } }, postBuild: { substitute: { A: 'x' } } }, files: { 'app/a.yaml': map('a: ${A}') } },
  { name: 'nothing is filled in without postBuild', spec: {}, files: { 'app/a.yaml': map('a: ${A} $${A} ${') } },
];

export const FLUX_TREES: readonly FluxTree[] = [...BUILDS, ...VALUES];

/** The files of a tree, with its Kustomization in `cluster/`. */
export function filesOf({ spec, files }: FluxTree): Readonly<Record<string, string>> {
  const ks = { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', metadata: { name: 'app', namespace: 'flux-system' }, spec: { interval: '1h', prune: true, path: './app', sourceRef: { kind: 'GitRepository', name: 'flux-system' }, ...spec } };
  return { ...files, 'cluster/ks.yaml': `${JSON.stringify(ks, null, 2)}\n` };
}
