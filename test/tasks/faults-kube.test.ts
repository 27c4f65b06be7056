import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { FAULTS } from '../../lab/world/faults/index.ts';
import { core } from './configuration.ts';
import { KUBE_ROWS } from './fault-rows/kube.ts';
import { finish, makeRig, type Rig } from './rig.ts';

interface Told { readonly layer: string; readonly object: string; readonly because: string; readonly hint: string; readonly consequences: readonly { readonly objects: readonly string[] }[] }
interface Health { readonly verdict: string; readonly causes: readonly Told[]; readonly warnings: readonly { readonly object: string; readonly because: string; readonly hint: string | null }[] }

/** What befalls a healthy cluster: the one cause that health tells, what follows from it, and the next step. */
interface Row {
  readonly fault: string;
  /** Objects of the causes; none: the cluster stays healthy. */
  readonly cause?: string;
  readonly because?: RegExp;
  readonly next?: RegExp;
  /** An object that fails only because of it, once that has shown. */
  readonly follows?: string;
  readonly warns?: RegExp;
  /** A task that has to be run once it is healed. */
  readonly mends?: readonly string[];
  /** What a task that writes says meanwhile. */
  readonly meanwhile?: { readonly task: string; readonly says: readonly RegExp[] };
  /** In the tests of every day too. */
  readonly sample?: true;
}

const ROWS: readonly Row[] = [
  { fault: 'chart-pull-fails', cause: 'OCIRepository cert-manager/cert-manager', because: /i\/o timeout/, next: /flux reconcile source oci cert-manager/, follows: 'HelmRelease cert-manager/cert-manager' },
  { fault: 'chart-wrong-digest', cause: 'OCIRepository external-secrets/external-secrets', because: /verifying sha256 checksum/, next: /flux reconcile source oci external-secrets/, follows: 'HelmRelease external-secrets/external-secrets' },
  { fault: 'helm-pending-upgrade', cause: 'Helm release cert-manager/cert-manager', because: /stopped in the middle.*suspended/, next: /flux resume helmrelease cert-manager/, follows: 'HelmRelease cert-manager/cert-manager' },
  { fault: 'kustomize-build-error', cause: 'Kustomization flux-system/external-secrets-store', because: /MalformedYAMLError/, next: /flux reconcile kustomization external-secrets-store/, follows: 'Kustomization flux-system/cert-manager-issuers' },
  { fault: 'substitution-variable-missing', cause: 'Kustomization flux-system/cert-manager-issuers', because: /variable not set.*LETSENCRYPT_EMAIL/, next: /flux reconcile kustomization cert-manager-issuers/ },
  { fault: 'source-artifact-missing', cause: 'GitRepository flux-system/flux-system', because: /unable to clone/, next: /flux reconcile source git/, follows: 'Kustomization flux-system/cert-manager-issuers' },
  { fault: 'webhook-refuses-all', cause: 'ValidatingWebhookConfiguration policy-guard', because: /no Service policy-guard\/policy-guard/, next: /kubectl -n policy-guard get service/, follows: 'Kustomization flux-system/flux-system', sample: true },
  { fault: 'namespace-terminating', cause: 'Namespace observability', because: /finalizers remaining: protection.example.io\/hold/, next: /kubectl get namespace observability/, mends: ['bootstrap:crds', 'CLUSTER=apps', 'TARGET=lab', '--yes'] },
  { fault: 'finalizer-stuck', cause: 'ExternalSecret cert-manager/cloudflare-api-token', because: /protection.example.io\/hold/, next: /kubectl -n cert-manager describe externalsecret/, follows: 'Kustomization flux-system/cert-manager-secrets' },
  { fault: 'secret-store-down', cause: 'ClusterSecretStore onepassword', because: /connection refused/, next: /kubectl describe clustersecretstore/, follows: 'ExternalSecret cert-manager/cloudflare-api-token' },
  { fault: 'secret-key-missing', cause: 'ExternalSecret cert-manager/cloudflare-api-token', because: /key not found in 1Password/, next: /kubectl -n cert-manager describe externalsecret/, follows: 'Kustomization flux-system/cert-manager-secrets' },
  { fault: 'certificate-pending', cause: 'Certificate cert-manager/pending', because: /Issuing certificate/, next: /get certificaterequests,orders,challenges/ },
  { fault: 'image-pull-back-off', cause: 'Deployment cert-manager/cert-manager-webhook', because: /ImagePullBackOff/, next: /kubectl -n cert-manager describe deployment cert-manager-webhook/ },
  { fault: 'quota-exceeded', cause: 'Deployment external-secrets/', because: /exceeded quota: compute/, next: /kubectl -n external-secrets describe resourcequota compute/ },
  { fault: 'pdb-blocking', warns: /PodDisruptionBudget kube-system\/coredns-all/ },
  // A create does not overwrite what somebody else set.
  { fault: 'mesh-ca-mismatch', cause: 'Secret kube-system/cilium-ca', because: /signed by another authority/, next: /in every cluster tells whose differs/, meanwhile: { task: 'cluster:create', says: [/cilium-ca/, /kubectl -n kube-system delete secret cilium-ca/] } },
  { fault: 'peer-absent', cause: 'Secret kube-system/cilium-clustermesh', because: /does not name infra/, next: /describe secret cilium-clustermesh/ },
  { fault: 'lease-held', meanwhile: { task: 'flux:reconcile', says: [/somebody@elsewhere/, /next/] } },
];

/** Two at once: the causes that are told, where the first explains the second only the first. */
const PAIRS: readonly (readonly [one: string, other: string, causes: readonly string[]])[] = [
  ['secret-store-down', 'image-pull-back-off', ['ClusterSecretStore onepassword', 'Deployment cert-manager/cert-manager-webhook']],
  ['secret-store-down', 'quota-exceeded', ['ClusterSecretStore onepassword', 'Deployment external-secrets/']],
  // An ExternalSecret cannot lack a key of a store that does not answer at all.
  ['secret-store-down', 'secret-key-missing', ['ClusterSecretStore onepassword']],
  ['secret-store-down', 'finalizer-stuck', ['ClusterSecretStore onepassword', 'ExternalSecret cert-manager/cloudflare-api-token']],
  ['chart-pull-fails', 'image-pull-back-off', ['OCIRepository cert-manager/cert-manager', 'Deployment cert-manager/cert-manager-webhook']],
  ['chart-pull-fails', 'chart-wrong-digest', ['OCIRepository cert-manager/cert-manager', 'OCIRepository external-secrets/external-secrets']],
  ['chart-pull-fails', 'certificate-pending', ['OCIRepository cert-manager/cert-manager', 'Certificate cert-manager/pending']],
  // An upgrade waits for its Deployments: one of the release that cannot come up explains why it never ended.
  ['helm-pending-upgrade', 'image-pull-back-off', ['Deployment cert-manager/cert-manager-webhook']],
  // While that release is suspended nobody asks for its chart: the source is in trouble all the same, and a cause of its own.
  ['helm-pending-upgrade', 'chart-pull-fails', ['Helm release cert-manager/cert-manager', 'OCIRepository cert-manager/cert-manager']],
  ['source-artifact-missing', 'image-pull-back-off', ['GitRepository flux-system/flux-system', 'Deployment cert-manager/cert-manager-webhook']],
  // Without the files nothing is built, so nothing can fail to build.
  ['source-artifact-missing', 'kustomize-build-error', ['GitRepository flux-system/flux-system']],
  ['webhook-refuses-all', 'secret-store-down', ['ValidatingWebhookConfiguration policy-guard', 'ClusterSecretStore onepassword']],
  // Behind a Kustomization whose objects are refused, the next one is not even built.
  ['webhook-refuses-all', 'kustomize-build-error', ['ValidatingWebhookConfiguration policy-guard']],
  ['namespace-terminating', 'secret-key-missing', ['Namespace observability', 'ExternalSecret cert-manager/cloudflare-api-token']],
  ['quota-exceeded', 'certificate-pending', ['Deployment external-secrets/', 'Certificate cert-manager/pending']],
  ['kustomize-build-error', 'image-pull-back-off', ['Kustomization flux-system/external-secrets-store', 'Deployment cert-manager/cert-manager-webhook']],
];

test('the table has a row for each of its faults, and each declares what the row shows', () => {
  expect(ROWS.map((row) => row.fault).toSorted()).toEqual([...KUBE_ROWS].toSorted());
  for (const row of ROWS.filter((candidate) => candidate.cause !== undefined)) expect(FAULTS.find((fault) => fault.name === row.fault)?.outcome, row.fault).toBe('unhealthy');
  expect(PAIRS.length).toBeGreaterThanOrEqual(15);
});

const all = process.env['SOAK'] !== undefined;

describe('what befalls a healthy cluster', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = makeRig({ ...core(), speed: '120' });
    const created = await rig.task('cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes');
    expect(`${created.code} ${created.stderr}`).toMatch(/^0 /);
  }, 180_000);
  afterAll(async () => rig.dispose());
  // What one row could not show must not be the next one's trouble.
  afterEach(async () => { await rig.lab('heal', '--all'); });

  test.each(ROWS.filter((row) => all || row.sample === true))('$fault: one cause, why, and what to do; healed, all is well again', async (row) => {
    await rig.lab('break', row.fault, '--cluster', 'apps');
    const health = await until(rig, (now) => shows(now, row));
    if (row.cause !== undefined) {
      expect(health.causes.map((cause) => cause.object)).toEqual([expect.stringContaining(row.cause)]);
      const [cause] = health.causes;
      if (row.because !== undefined) expect(cause?.because).toMatch(row.because);
      if (row.next !== undefined) expect(cause?.hint).toMatch(row.next);
    } else expect(health).toMatchObject({ verdict: 'healthy', causes: [] });
    if (row.warns !== undefined) expect(health.warnings.map((warning) => `${warning.object}: ${warning.because} (${warning.hint ?? ''})`).join('\n')).toMatch(row.warns);
    if (row.meanwhile !== undefined) {
      const ran = await rig.task(row.meanwhile.task, 'CLUSTER=apps', 'TARGET=lab', '--yes');
      expect(`${ran.code}\n${ran.stderr}`).toMatch(/^75\n/);
      for (const word of row.meanwhile.says) expect(ran.stderr).toMatch(word);
    }
    await healed(rig, row.mends);
  }, 240_000);

  test.runIf(all)('a lock that somebody takes while flux works ends flux:reconcile as a lost lock (76), and not as an interruption', async () => {
    await rig.lab('break', 'child-ignores-sigterm', '--cluster', 'apps', '--object', 'flux');
    const running = rig.start('flux:reconcile', 'CLUSTER=apps', 'TARGET=lab', '--yes', '--output=json');
    const ended = finish(running);
    await new Promise<void>((resolve) => {
      let said = '';
      running.stdout?.on('data', (text: string) => { said += text; if (said.includes('Lease kube-system/task-lock of apps')) resolve(); });
      void ended.then(() => resolve());
    });
    await rig.lab('break', 'lease-held', '--cluster', 'apps');
    const ran = await ended;
    expect(`${ran.code} ${ran.stdout.split('\n').at(-2)}`).toMatch(/^76 .*the lock of apps is no longer ours.*somebody@elsewhere/);
    await healed(rig, undefined);
  }, 120_000);

  test.each(PAIRS.filter((_pair, index) => all || index === 0))('%s and %s at once: %j', async (one, other, causes) => {
    await rig.lab('break', one, '--cluster', 'apps');
    await rig.lab('break', other, '--cluster', 'apps');
    const rows = ROWS.filter((row) => row.fault === one || row.fault === other);
    const health = await until(rig, (now) => told(now, causes) && rows.every((row) => row.follows === undefined || causes.includes(row.follows) || !causes.includes(row.cause ?? '') || following(now).some((object) => object === row.follows)));
    expect(health.causes.map((cause) => cause.object).toSorted()).toEqual(causes.toSorted().map((cause) => expect.stringContaining(cause)));
    for (const cause of health.causes) expect(`${cause.because} -> ${cause.hint}`).toMatch(/.+ -> .+/);
    await healed(rig, rows.find((row) => row.mends !== undefined)?.mends);
  }, 240_000);
});

const following = (health: Health): readonly string[] => health.causes.flatMap((cause) => cause.consequences.flatMap((group) => group.objects));
const told = (health: Health, causes: readonly string[]): boolean => health.causes.length === causes.length && causes.every((wanted) => health.causes.some((cause) => cause.object.includes(wanted)));
function shows(health: Health, row: Row): boolean {
  if (row.cause === undefined) return health.verdict === 'healthy' && (row.warns === undefined || health.warnings.length > 0);
  return told(health, [row.cause]) && (row.because === undefined || row.because.test(health.causes[0]?.because ?? '')) && (row.follows === undefined || following(health).includes(row.follows));
}

/** Asks until the answer fits (what is broken takes some reconciles to show), giving up after so many: the last answer is then judged. */
async function until(rig: Rig, fits: (health: Health) => boolean): Promise<Health> {
  for (let asked = 1; ; asked++) {
    const ran = await rig.task('cluster:health', 'CLUSTER=apps', 'TARGET=lab', '--json');
    const health: Health = JSON.parse(ran.stdout);
    expect(ran.code).toBe({ healthy: 0, unhealthy: 1, cannotTell: 2 }[health.verdict]);
    if (fits(health) || asked >= 30) return health;
  }
}

async function healed(rig: Rig, mends: readonly string[] | undefined): Promise<void> {
  await rig.lab('heal', '--all');
  if (mends !== undefined) expect((await rig.task(...mends)).code).toBe(0);
  expect(await until(rig, (now) => now.verdict === 'healthy')).toMatchObject({ verdict: 'healthy', causes: [] });
}
