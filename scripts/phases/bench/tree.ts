import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Site } from '../../config/cluster.ts';
import { timeCommand } from '../../tools/stopwatch.ts';
import type { ActionContext } from '../task.ts';

/** A repository to build: its folder, and the entry in it. */
export interface BenchTree { readonly root: string; readonly entry: string }

/** What a tree is made of, besides its own folder: what its settings speak of. */
const PARTS = ['kubernetes', 'bootstrap', 'helmfile.d', 'docs/runbooks', '.manifests.yaml'];

/**
 * Our own tree of one cluster, as a Git repository that other tools understand too: whoever installs Flux makes the Kustomization
 * the tree begins with, so one is laid beside it, as `flux bootstrap` would.
 */
export async function ownTree(cx: ActionContext, site: Site, cluster: string, root: string): Promise<BenchTree> {
  for (const part of PARTS) if (existsSync(join(cx.root, part))) cpSync(join(cx.root, part), join(root, part), { recursive: true });
  const entry = site.bootstrap.flux.path.replace('{cluster}', cluster);
  mkdirSync(join(root, entry, 'flux-system'), { recursive: true });
  writeFileSync(join(root, entry, 'flux-system/gotk-sync.yaml'), sync(entry));
  await commit(cx, root);
  return { root, entry };
}

/** A tree of so many Kustomizations, each with a folder of its own: a Deployment, its Service and a generated ConfigMap, variables and a patch. */
export function madeTree(count: number, root: string): BenchTree {
  const entry = 'clusters/made';
  mkdirSync(join(root, entry), { recursive: true });
  writeFileSync(join(root, entry, 'gotk-sync.yaml'), sync(entry));
  writeFileSync(join(root, entry, 'settings.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: flux-system\ndata:\n  DOMAIN: made.example\n  LEVEL: info\n');
  for (let index = 0; index < count; index += 1) {
    const name = `app-${String(index).padStart(4, '0')}`;
    const folder = join(root, 'apps', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(root, entry, `${name}.yaml`), kustomization(name, index));
    writeFileSync(join(folder, 'kustomization.yaml'), 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - deployment.yaml\n  - service.yaml\nconfigMapGenerator:\n  - name: config\n    files:\n      - app.conf\n');
    writeFileSync(join(folder, 'app.conf'), `listen = 8080\nname = ${name}\nlevel = \${LEVEL}\n`);
    writeFileSync(join(folder, 'deployment.yaml'), deployment(name));
    writeFileSync(join(folder, 'service.yaml'), `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${name}\nspec:\n  selector:\n    app: ${name}\n  ports:\n    - port: 80\n      targetPort: 8080\n`);
  }
  return { root, entry };
}

async function commit(cx: ActionContext, root: string): Promise<void> {
  const git = async (...argv: string[]): Promise<number> => timeCommand('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@example.invalid', '-c', 'commit.gpgsign=false', ...argv], { cwd: root, env: cx.environment, signal: cx.signal });
  await git('init', '--quiet');
  await git('add', '--all');
  await git('commit', '--quiet', '--no-verify', '--message', 'bench');
}

function sync(entry: string): string {
  return `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 1m
  ref:
    branch: main
  url: https://example.invalid/bench.git
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 10m
  path: ./${entry}
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
`;
}

function kustomization(name: string, index: number): string {
  return `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: ${name}
  namespace: flux-system
spec:
  interval: 10m
  path: ./apps/${name}
  prune: true
  targetNamespace: default
  sourceRef:
    kind: GitRepository
    name: flux-system
${index === 0 ? '' : `  dependsOn:\n    - name: app-${String(Math.floor(index / 2)).padStart(4, '0')}\n`}  postBuild:
    substitute:
      APP: ${name}
    substituteFrom:
      - kind: ConfigMap
        name: settings
  patches:
    - target:
        kind: Deployment
      patch: |
        - op: add
          path: /metadata/labels
          value:
            bench: "true"
`;
}

function deployment(name: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: ${name}
  template:
    metadata:
      labels:
        app: ${name}
    spec:
      containers:
        - name: app
          image: registry.example/app:1.0.0
          args: ["--host=\${APP}.\${DOMAIN}", "--tag=\${TAG:=none}"]
          ports:
            - containerPort: 8080
          volumeMounts:
            - name: config
              mountPath: /etc/app
      volumes:
        - name: config
          configMap:
            name: config
`;
}
