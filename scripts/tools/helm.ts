import type { Cluster } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';
import type { Helm, HelmRelease, Kube, Proc, Scope } from './doors.ts';
import { clusterFiles } from './files.ts';
import { makeRecords } from './helm-records.ts';

const TIMEOUT_MS = 60_000;

/** Where helm finds the cluster; always given, so that no ambient context is ever used. */
export interface HelmTarget { readonly kubeconfig: string; readonly context: string }

/** Releases in every namespace and state: without --all some versions leave out failed ones. helm 4 lists all states by default. */
export function listArgs(at: HelmTarget): string[] { return ['list', '--all-namespaces', '--max', '1000', ...flags(at), '--output', 'json']; }
export function valuesArgs(at: HelmTarget, release: string, namespace: string): string[] { return ['get', 'values', release, '--namespace', namespace, ...flags(at), '--output', 'json']; }
export const versionArgs = (): string[] => ['version', '--short'];
function flags(at: HelmTarget): string[] { return ['--kubeconfig', at.kubeconfig, '--kube-context', at.context]; }

/** helm for one cluster; it only reads, releases are written by helmfile. */
export function makeHelm(scope: Scope, cluster: Cluster, proc: Proc, kube: Pick<Kube, 'list' | 'get'>): Helm {
  const at: HelmTarget = { kubeconfig: clusterFiles(scope.taskDir, scope.site.target, cluster.name).kubeconfigDial, context: cluster.name };
  const read = async (argv: readonly string[]): Promise<string> => (await proc.run({ tool: 'helm', argv, effect: 'read', timeoutMs: TIMEOUT_MS })).stdout;
  return {
    list: async () => parseReleases(await read(listArgs(at))),
    recorded: makeRecords(kube, cluster),
    values: async (release, namespace) => parseValues(await read(valuesArgs(at, release, namespace))),
    clientVersion: async () => parseHelmVersion(await read(versionArgs())),
  };
}

/** `helm list -o json`: an array of strings-only objects; chart is "<name>-<version>". */
export function parseReleases(text: string): HelmRelease[] {
  const parsed = parseJson(text, 'the list of releases');
  if (!Array.isArray(parsed)) throw unreadable('the list of releases', text);
  return parsed.map((item: unknown) => {
    const read = (key: string): string => {
      const value: unknown = typeof item === 'object' && item !== null ? Reflect.get(item, key) : undefined;
      if (typeof value === 'string') return value;
      if (typeof value === 'number') return String(value);
      throw unreadable(`a release (no ${key})`, JSON.stringify(item));
    };
    // The version begins at the last "-" that a digit (or v and a digit) follows and after which a dotted number stands: chart names hold dashes, versions may too (1.2.3-rc.1).
    if (!/^\d+$/.test(read('revision'))) throw unreadable('a release (its revision is no number)', JSON.stringify(item));
    const match = /^(.+?)-(v?\d+\.\d+.*)$/.exec(read('chart'));
    return { name: read('name'), namespace: read('namespace'), revision: Number(read('revision')), status: read('status'), chart: match?.[1] ?? read('chart'), version: match?.[2] ?? '' };
  });
}

/** `helm get values -o json`: null when none were given. */
export function parseValues(text: string): unknown {
  return parseJson(text, 'the values of a release') ?? {};
}

/** `helm version --short`: "v4.3.1+g..." or "v4.3". */
export function parseHelmVersion(text: string): string {
  const version = /^v(\d+\.\d+(?:\.\d+)?[^+\s]*)/.exec(text.trim())?.[1];
  if (version === undefined) throw unreadable('its version', text);
  return version;
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable(what, text);
  }
}
function unreadable(what: string, text: string): Failure {
  return new Failure({ exit: 'rerun', what: `cannot read ${what} of helm`, because: `it printed: ${text.trim().slice(0, 120) || 'nothing'}`, hint: 'task tools:check' });
}
