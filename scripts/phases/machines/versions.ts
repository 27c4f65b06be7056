import { Failure } from '../../engine/failure.ts';

/**
 * Kubernetes minors a minor of Talos runs, lowest and highest (MinimumKubernetesVersion and MaximumKubernetesVersion in
 * pkg/machinery/compatibility of siderolabs/talos).
 */
const RUNS: Readonly<Record<string, readonly [lowest: number, highest: number]>> = {
  '1.10': [28, 33], '1.11': [29, 34], '1.12': [30, 35], '1.13': [31, 36], '1.14': [32, 37],
};
/** The newest Talos whose API and configuration this program has been held against. */
const KNOWN_MINOR = 13;

export interface Version { readonly major: number; readonly minor: number; readonly patch: number; readonly pre: string }

/** A version with or without its v. Throws a Failure (75) for anything else: a version that is guessed decides nothing. */
export function parseVersion(text: string): Version {
  const [, major, minor, patch, pre = ''] = /^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?$/.exec(text.trim()) ?? [];
  if (major === undefined) throw new Failure({ exit: 'rerun', what: `${text === '' ? 'an empty text' : text} is no version`, hint: 'versions are written as 1.12.0' });
  return { major: Number(major), minor: Number(minor), patch: Number(patch), pre };
}

/** Below 0 when a is older. A pre-release is older than its release. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch || (a.pre === b.pre ? 0 : a.pre === '' ? 1 : b.pre === '' ? -1 : a.pre < b.pre ? -1 : 1);
}
export function sameVersion(a: string, b: string): boolean {
  return compareVersions(parseVersion(a), parseVersion(b)) === 0;
}
const told = (version: Version): string => `${version.major}.${version.minor}.${version.patch}${version.pre === '' ? '' : `-${version.pre}`}`;

/** A rule that says no, and what to do about it. */
export interface Objection { readonly rule: string; readonly because: string; readonly hint: string }

export interface TalosUpgrade {
  /** What each machine runs, by name. */
  readonly from: Readonly<Record<string, string>>;
  readonly to: string;
  /** What its kubelets run. */
  readonly kubernetes: string;
  /** The installer image that is to be used. */
  readonly image: string;
  readonly talosctl: string;
}

/** Everything that speaks against upgrading these machines to that Talos; none when it may be. Machines that run it already have no say. */
export function talosObjections({ from, to, kubernetes, image, talosctl }: TalosUpgrade): readonly Objection[] {
  const wanted = parseVersion(to);
  const objections: Objection[] = [];
  const no = (rule: string, because: string, hint: string): void => { objections.push({ rule, because, hint }); };
  for (const [machine, text] of Object.entries(from)) {
    const has = parseVersion(text);
    if (compareVersions(has, wanted) === 0) continue;
    if (compareVersions(has, wanted) > 0) no('no way back', `${machine} runs ${told(has)}, which is newer than ${told(wanted)}`, 'an older Talos is not installed over a newer one; a machine goes back by a rollback, or by talos:node-replace');
    else if (has.major !== wanted.major || wanted.minor - has.minor > 1) no('one minor at a time', `${machine} runs ${told(has)}; ${told(wanted)} is ${wanted.minor - has.minor} minors away`, `first to the newest ${has.major}.${has.minor + 1}: set it in bootstrap/versions.yaml and talos/patches/all.yaml, and run this; then on`);
  }
  const range = RUNS[`${wanted.major}.${wanted.minor}`];
  const kube = parseVersion(kubernetes);
  if (range === undefined) no('supported pairs', `which Kubernetes Talos ${told(wanted)} runs is not known to this program`, 'see the support matrix of Talos, and add the pair to scripts/phases/machines/versions.ts');
  else if (kube.major !== 1 || kube.minor < range[0] || kube.minor > range[1]) {
    no('supported pairs', `Talos ${wanted.major}.${wanted.minor} runs Kubernetes 1.${range[0]} to 1.${range[1]}, the cluster runs ${told(kube)}`, kube.minor < range[0] ? 'talos:upgrade-k8s first' : 'a newer Talos first');
  }
  const client = parseVersion(talosctl);
  for (const other of [wanted, ...Object.values(from).map(parseVersion)]) {
    if (client.major === other.major && Math.abs(client.minor - other.minor) <= 1) continue;
    no('talosctl beside its server', `talosctl is ${told(client)}, more than a minor away from ${told(other)}`, 'tools.talosctl in bootstrap/versions.yaml; task tools:install TOOL=talosctl');
    break;
  }
  if (wanted.minor > KNOWN_MINOR) no('Talos this program knows', `Talos ${wanted.major}.${wanted.minor} splits the configuration into documents, has etcd on volumes of its own and drops apply modes; this program has been held against 1.${KNOWN_MINOR} and older`, 'OVERRIDE=unknown-talos goes on all the same (journalled)');
  if ((wanted.major > 1 || wanted.minor >= 14) && image.startsWith('ghcr.io/siderolabs/installer')) no('installers of the image factory', `ghcr.io/siderolabs/installer is not published for ${wanted.major}.${wanted.minor}`, 'machine.install.image of talos/patches/all.yaml: factory.talos.dev/metal-installer/<schematic>:<version>');
  if (!sameVersion(tagOf(image), told(wanted))) no('image and version agree', `the installer image is ${image}, the version ${told(wanted)}`, 'set both: bootstrap/versions.yaml and machine.install.image of talos/patches/all.yaml');
  return objections;
}

/** The tag of an image reference, without a digest behind it. Throws a Failure (75) for a reference without one. */
export function tagOf(image: string): string {
  const tag = /:([^:@/]+)(?:@.*)?$/.exec(image)?.[1];
  if (tag === undefined) throw new Failure({ exit: 'rerun', what: `${image} names no version`, hint: 'an image is pinned by its tag' });
  return tag;
}

/** Parts of Kubernetes in the order in which they are upgraded: the API servers first, whom all others talk to; the kubelets last. */
export const PARTS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet'] as const;
export type Part = (typeof PARTS)[number];
export interface Running { readonly machine: string; readonly part: Part; readonly version: string }

export interface KubernetesUpgrade { readonly running: readonly Running[]; readonly to: string; /** By machine. */ readonly talos: Readonly<Record<string, string>> }

/**
 * Everything that speaks against bringing Kubernetes to that version. The skew policy of Kubernetes: one minor at a time for the
 * API servers, a kubelet at most three minors behind and never ahead of them (kubernetes.io/releases/version-skew-policy).
 */
export function kubernetesObjections({ running, to, talos }: KubernetesUpgrade): readonly Objection[] {
  const wanted = parseVersion(to);
  const objections: Objection[] = [];
  const no = (rule: string, because: string, hint: string): void => { objections.push({ rule, because, hint }); };
  for (const { machine, part, version } of running) {
    const has = parseVersion(version);
    if (compareVersions(has, wanted) > 0) no('no way back', `${part} on ${machine} is ${told(has)}, which is newer than ${told(wanted)}`, 'Kubernetes is not brought back to an older version; set the pin in bootstrap/versions.yaml to what runs');
    else if (part === 'kubelet' ? wanted.minor - has.minor > 3 : has.major !== wanted.major || wanted.minor - has.minor > 1) {
      no(part === 'kubelet' ? 'kubelets at most three minors behind' : 'one minor at a time', `${part} on ${machine} is ${told(has)}, ${wanted.minor - has.minor} minors behind ${told(wanted)}`, `first to the newest 1.${has.minor + 1}, set in bootstrap/versions.yaml`);
    }
  }
  for (const [machine, text] of Object.entries(talos)) {
    const has = parseVersion(text);
    const range = RUNS[`${has.major}.${has.minor}`];
    if (range === undefined) no('supported pairs', `which Kubernetes Talos ${told(has)} on ${machine} runs is not known to this program`, 'see the support matrix of Talos, and add the pair to scripts/phases/machines/versions.ts');
    else if (wanted.minor < range[0] || wanted.minor > range[1]) no('supported pairs', `Talos ${has.major}.${has.minor} on ${machine} runs Kubernetes 1.${range[0]} to 1.${range[1]}, not ${told(wanted)}`, wanted.minor > range[1] ? 'talos:upgrade first' : 'a newer Kubernetes');
  }
  return objections;
}
