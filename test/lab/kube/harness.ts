/** A store with a clock that tests move by hand, and an API over it on a free loopback port with certificates of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '../../../lab/kube/server.ts';
import type { Api } from '../../../lab/kube/server.ts';
import { listenApi } from '../../../lab/kube/serve.ts';
import { createStore } from '../../../lab/kube/store.ts';
import type { StoreOptions } from '../../../lab/kube/store.ts';
import { createClock } from '../../../lab/world/clock.ts';
import { faultBoard } from '../../../lab/world/fault-board.ts';
import type { FaultBoard } from '../../../lab/world/fault-board.ts';
import { createCA, issue, opensslKey } from '../../../lab/world/pki.ts';
import type { KubeObject, LabLog, LogEntry, SimClock, Store } from '../../../lab/world/types.ts';

export interface HandClock extends SimClock { advance(ms: number): void }
/** A clock that stands still between `advance`s. Starts at 2026-01-01. */
export function handClock(): HandClock {
  let now = Date.parse('2026-01-01T00:00:00Z');
  let timers: { readonly due: number; readonly fn: () => void }[] = [];
  return {
    speed: 1, now: () => now,
    after(ms, fn) {
      const timer = { due: now + ms, fn };
      timers.push(timer);
      return () => { timers = timers.filter((other) => other !== timer); };
    },
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const next = timers.filter((timer) => timer.due <= until).toSorted((a, b) => a.due - b.due)[0];
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        now = next.due;
        next.fn();
      }
      now = until;
    },
  };
}
/** uid-1, uid-2 ... A store that goes on from a dump needs another prefix, or uids would come twice. */
export function counted(prefix = 'uid'): () => string {
  let n = 0;
  return () => `${prefix}-${++n}`;
}
export function newStore(extra: Partial<StoreOptions> = {}): { readonly store: Store; readonly clock: HandClock } {
  const clock = handClock();
  return { store: createStore({ clock, uid: counted(), ...extra }), clock };
}
export function memoryLog(): LabLog & { readonly entries: LogEntry[] } {
  const entries: LogEntry[] = [];
  return { entries, add: (entry) => { entries.push({ seq: entries.length + 1, at: '', ...entry }); }, since: (seq) => entries.slice(seq) };
}

export const configMap = (name: string, data: Record<string, string> = {}, namespace = 'default'): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data });
export const namespace = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
export const deployment = (name: string, image = 'nginx:1', namespace = 'default'): KubeObject => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace },
  spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image, ports: [{ containerPort: 80 }] }] } } },
});
export const crd = (kind = 'Widget', group = 'example.com', versions: readonly string[] = ['v1']): KubeObject => {
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.${group}` },
    spec: {
      group, scope: 'Namespaced', names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List`, shortNames: ['wd'] },
      versions: versions.map((name, index) => ({
        name, served: true, storage: index === 0, subresources: { status: {} }, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        additionalPrinterColumns: [{ name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' }, { name: 'Size', type: 'integer', jsonPath: '.spec.size' }, { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }],
      })),
    },
  };
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');
export interface Served {
  readonly store: Store; readonly api: Api; readonly port: number; readonly faults: FaultBoard; readonly log: ReturnType<typeof memoryLog>; readonly clock: SimClock;
  readonly folder: string; readonly kubeconfig: string;
  readonly ca: string; readonly admin: { readonly cert: string; readonly key: string }; readonly guest: { readonly cert: string; readonly key: string };
  stop(): void;
}
/** Serves a new store; `clock` defaults to a real one at speed 60. The kubeconfig lies in a scratch folder that `stop` removes. */
export async function serveStore(given?: SimClock): Promise<Served> {
  const real = given === undefined ? createClock(Date.now(), 60) : undefined;
  const clock = given ?? real ?? createClock(0, 1);
  const store = createStore({ clock });
  const faults = faultBoard([], () => undefined);
  const log = memoryLog();
  const api = createApi({ cluster: 'infra', store, clock, faults, log, kubernetesVersion: '1.34.4' });
  const ca = createCA({ organization: ['kubernetes'] }, 'p256');
  const server = issue(ca, { commonName: 'kube-apiserver', names: ['127.0.0.1', 'localhost'], use: 'server' });
  const pair = (made: { readonly crt: string; readonly key: string }): { cert: string; key: string } => ({ cert: made.crt, key: opensslKey(made.key) });
  const admin = pair(issue(ca, { organization: ['system:masters'], commonName: 'admin', use: 'client' }));
  const guest = pair(issue(ca, { organization: ['visitors'], commonName: 'guest', use: 'client' }));
  const listener = await listenApi({ port: 0, host: '127.0.0.1', cert: server.crt, key: server.key, clientCa: ca.crt, handler: api.handle });
  const folder = mkdtempSync(join(tmpdir(), 'kube-test-'));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'infra',
    clusters: [{ name: 'infra', cluster: { server: `https://127.0.0.1:${listener.port}`, 'certificate-authority-data': base64(ca.crt) } }],
    users: [{ name: 'admin', user: { 'client-certificate-data': base64(admin.cert), 'client-key-data': base64(admin.key) } }],
    contexts: [{ name: 'infra', context: { cluster: 'infra', user: 'admin' } }],
  }), { mode: 0o600 });
  return {
    store, api, port: listener.port, faults, log, clock, folder, kubeconfig, ca: ca.crt, admin, guest,
    stop() {
      api.close();
      listener.close();
      real?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
