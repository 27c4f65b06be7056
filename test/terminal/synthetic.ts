import type { Event, EventBody, PlannedStep } from '../../scripts/engine/event.ts';

/** A create of two clusters as the engine would tell it: the same events for tests and for the demo one looks at. */
export interface SyntheticOptions {
  readonly clusters?: readonly string[];
  readonly speed?: number;
  /** A step of the last cluster that fails. */
  readonly failAt?: string;
}

export const STEPS: readonly (readonly [name: string, title: string, seconds: number, note: string])[] = [
  ['preflight', 'tools, secrets, who the machines are', 3, '12 checks'],
  ['talos-apply', 'apply machine configuration', 42, '3 machines configured'],
  ['etcd-bootstrap', 'bootstrap etcd, once', 23, 'on {1}, 3 members healthy'],
  ['kubeconfig', 'write kubeconfig', 1, '.task/targets/lab/{c}/kubeconfig'],
  ['api-ready', 'the Kubernetes API answers', 12, 'v1.34.4'],
  ['nodes-registered', 'every machine is a node', 6, '3 nodes, not Ready yet (no CNI)'],
  ['prerequisites', 'namespaces and bootstrap secrets', 2, '4 namespaces, 2 secrets'],
  ['crds', 'custom resource definitions', 19, '78 established'],
  ['core', 'Cilium to the Flux instance', 80, '6 releases deployed'],
  ['nodes-ready', 'every node Ready', 5, '3/3'],
  ['flux', 'sources, Kustomizations, HelmReleases', 55, '14 Ready at main@sha1:5c2e'],
  ['layers', 'every layer', 20, '7 layers'],
  ['mesh', 'cluster mesh', 8, 'both ways'],
  ['healthy', 'what cluster:health asks', 4, '41 checks'],
];

export const ESTIMATES = Object.fromEntries(['infra', 'apps', 'apps-dev', 'apps-stg', 'apps-prod'].map((lane) => [lane, Object.fromEntries(STEPS.map(([name, , seconds]) => [name, seconds * 1000]))]));

const START = Date.UTC(2026, 10, 21, 12, 0, 0);

/** Every event of the run, in order, stamped with both clocks. */
export function syntheticRun(options: SyntheticOptions = {}): Event[] {
  const clusters = options.clusters ?? ['infra', 'apps'];
  const speed = options.speed ?? 60;
  const timed: { readonly t: number; readonly body: EventBody }[] = [];
  const plan = clusters.map((lane) => ({ lane, steps: STEPS.map(([name, title]): PlannedStep => ({ name, title, kind: 'phase' })) }));
  let longest = 0;
  let failed = false;
  clusters.forEach((lane, index) => {
    let t = 200 * (index + 1);
    let over = false;
    for (const [step, title, seconds, note] of STEPS) {
      if (over) {
        timed.push({ t, body: { type: 'phase-not-started', lane, step, because: `${options.failAt ?? ''} failed` } });
        continue;
      }
      const ms = seconds * 1000 * (1 + index * 0.12);
      const push = (share: number, body: EventBody): number => timed.push({ t: t + ms * share, body });
      push(0, { type: 'phase-started', lane, step, title });
      const machines = ['01', '02', '03'].map((number) => `${lane}-${number}`);
      if (step === 'talos-apply') {
        for (const [order, subject] of machines.entries()) {
          push(0.02, { type: 'progress', lane, step, subject, state: 'working', note: 'writing configuration' });
          push(0.2 + order * 0.1, { type: 'progress', lane, step, subject, state: 'working', note: 'installing to Samsung SSD 860', done: 40, of: 100 });
          push(0.55 + order * 0.1, { type: 'progress', lane, step, subject, state: 'working', note: 'rebooting' });
          push(0.75 + order * 0.1, { type: 'progress', lane, step, subject, state: 'done', note: 'Talos API answers with our certificate' });
        }
      }
      if (step === 'crds') {
        for (let share = 0.1; share < 1; share += 0.1) {
          push(share, { type: 'waiting', lane, step, for: 'certificates.cert-manager.io', reason: 'not Established (NamesAccepted=False)', sinceMs: ms * share, patienceMs: 120_000, done: Math.floor(78 * share), of: 78 });
        }
      }
      if (step === 'core') {
        for (let share = 0.05; share < 1; share += 0.05) {
          push(share, { type: 'waiting', lane, step, for: 'cert-manager', reason: share < 0.5 ? '2/3 Deployments ready, webhook not answering yet' : 'failed calling webhook "webhook.cert-manager.io": Post "https://cert-manager-webhook.cert-manager.svc:443/mutate?timeout=10s": dial tcp 10.247.13.7:443: connect: connection refused', sinceMs: ms * share, patienceMs: 600_000, done: Math.floor(6 * share), of: 6 });
        }
      }
      if (options.failAt === step && index === clusters.length - 1) {
        push(1, { type: 'phase-failed', lane, step, ms, failure: { exit: 'rerun', code: 75, what: `${step} did not finish in 10m`, because: 'cert-manager-webhook: 0/1 replicas available, ImagePullBackOff quay.io/jetstack/cert-manager-webhook:v1.19.1', hint: `task cluster:health CLUSTER=${lane}`, log: '.task/runs/01JDA7K2/journal.jsonl' } });
        over = true;
        failed = true;
      } else push(1, { type: 'phase-finished', lane, step, note: note.replace('{1}', machines[0] ?? '').replace('{c}', lane), ms });
      t += ms;
    }
    longest = Math.max(longest, t);
  });
  const first: EventBody = {
    type: 'run-started', run: '01JDA7K2M9QXZ4T8V5C3B6N1P7', task: 'cluster:create', variables: { TARGET: 'lab', LAB: 'embedded', LAB_SPEED: '60', CLUSTER: 'all' },
    target: { id: 'lab-1', label: speed === 1 ? 'SITE, real machines' : `LAB embedded, simulated machines, clock x${speed}`, speed, simulated: ['machines'] },
    plan, dryRun: false, by: { user: 'op', host: 'desk', pid: 4711 }, version: '0.1.0', commit: '5c2e9f1',
  };
  const last: EventBody = { type: 'run-finished', run: first.run, exit: failed ? 75 : 0, ms: longest, wallMs: longest / speed };
  return [{ t: 0, body: first }, ...timed.toSorted((a, b) => a.t - b.t), { t: longest, body: last }]
    .map(({ t, body }, seq): Event => ({ ...body, seq, t, at: new Date(START + t / speed).toISOString() }));
}

/** The same events, their wall clock moved to begin at `from` (ms since the epoch). */
export function startingAt(events: readonly Event[], from: number): Event[] {
  return events.map((event) => ({ ...event, at: new Date(Date.parse(event.at) - START + from).toISOString() }));
}
