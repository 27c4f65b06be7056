import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { BootstrapSecret, KubeObject } from '../config/cluster.ts';
import { namespaceChecks } from '../health/checks/index.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import { KINDS } from '../tools/kinds.ts';
import type { Cx } from './context.ts';
import { MINUTES } from './wait-phase.ts';

const phase: WorkPhase<Cx, Snapshot> = {
  name: 'prerequisites',
  title: 'namespaces and the secrets that must exist before Flux',
  patience: MINUTES,
  verify: namespaceChecks,

  async done(cx) {
    const { namespaces, secrets } = cx.site.bootstrap;
    for (const namespace of namespaces) {
      if (await cx.looking.kube.wouldChange(namespace)) return false;
    }
    for (const secret of secrets) {
      if (!await secretIsThere(cx, secret)) return false;
    }
    if (await cx.looking.kube.get(KINDS.ConfigMap, MODE, FLUX) === null) return false;
    return `${count(namespaces.length, 'namespace')} and ${count(secrets.length, 'secret')} as configured`;
  },

  async run(cx) {
    const { namespaces, secrets } = cx.site.bootstrap;
    for (const namespace of namespaces) await cx.doors.kube.apply(namespace);
    for (const secret of secrets) {
      const values = cx.dryRun ? undefined : await cx.secrets();
      await applied(cx, secret, secretObject(secret, (reference) => values?.value(reference) ?? ''));
    }
    // Never written over: a cluster that was made to be restored stays one until somebody says otherwise.
    if (await modeIsMissing(cx)) await cx.doors.kube.apply(platformMode(cx.data));
    return `${count(namespaces.length, 'namespace')}, ${count(secrets.length, 'secret')}`;
  },
};
export default phase;

/** What somebody else set is not overwritten: whose value is right nobody can tell from here, and an authority is easily lost. */
async function applied(cx: Cx, { name, namespace }: BootstrapSecret, object: KubeObject): Promise<void> {
  try {
    await cx.doors.kube.apply(object);
  } catch (error) {
    if (!(error instanceof Failure) || !/conflict/i.test(error.because ?? '')) throw error;
    throw new Failure({
      exit: 'rerun', what: `Secret ${namespace}/${name} holds other values than the secret provider, and somebody else set them`, because: error.because,
      hint: `find out which are right: kubectl -n ${namespace} get secret ${name} -o yaml --show-managed-fields; if the provider's: kubectl -n ${namespace} delete secret ${name}, then run this again`,
    });
  }
}

/** What the tree learns from the making of a cluster and from nowhere else: Flux fills it in for `${DATA_MODE}`, and fails without it. */
const MODE = 'platform-mode';
const FLUX = 'flux-system';
function platformMode(data: Cx['data']): KubeObject {
  if (data.mode === 'restore' && data.from === '') {
    throw new Failure({
      exit: 'rerun', what: 'nothing says which generation of backups the data comes from', because: 'DATA_MODE=restore was given without DATA_FROM',
      hint: 'DATA_FROM is the DATA_GENERATION of the cluster that was lost: in the report of its last rehearsal, or the newest name below the databases\' archives',
    });
  }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: MODE, namespace: FLUX }, data: { DATA_MODE: data.mode, DATA_GENERATION: data.generation, DATA_FROM: data.from } };
}
async function modeIsMissing(cx: Cx): Promise<boolean> {
  try {
    return await cx.looking.kube.get(KINDS.ConfigMap, MODE, FLUX) === null;
  } catch (error) {
    // A dry run before there is a cluster: nothing can be asked, so it would be written.
    if (!cx.dryRun || !(error instanceof Failure) || error.exit === 'interrupted' || error.exit === 'bug') throw error;
    return true;
  }
}

/**
 * In a dry run the provider is not asked, so only presence can be judged there; a real run compares the values by a
 * dry-run apply.
 */
async function secretIsThere(cx: Cx, secret: BootstrapSecret): Promise<boolean> {
  if (!cx.dryRun) {
    const values = await cx.secrets();
    return !await cx.looking.kube.wouldChange(secretObject(secret, (reference) => values.value(reference)));
  }
  const found = await cx.looking.kube.get(KINDS.Secret, secret.name, secret.namespace);
  const data = found?.['data'];
  const keys = typeof data === 'object' && data !== null ? Object.keys(data) : [];
  return Object.keys(secret.data).every((key) => keys.includes(key));
}

/** The Secret as it is applied. A value that still looks like a reference is refused: it would be stored as the token. */
export function secretObject(secret: BootstrapSecret, value: (reference: string) => string): KubeObject {
  const data: Record<string, string> = {};
  for (const [key, reference] of Object.entries(secret.data)) {
    const resolved = value(reference);
    if (resolved.includes('op://')) {
      throw new Failure({
        exit: 'rerun',
        what: `the secret provider answered ${secret.namespace}/${secret.name} key ${key} with a reference instead of a value`,
        hint: 'look at the item in 1Password: its field holds an op:// text; nothing was applied',
      });
    }
    data[key] = Buffer.from(resolved, 'utf8').toString('base64');
  }
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: secret.name, namespace: secret.namespace }, type: 'Opaque', data };
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
