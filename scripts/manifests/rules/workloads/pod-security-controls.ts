import type { Path } from '../../../config/source.ts';
import type { Container } from '../../index/pods.ts';
import { at, entries, fields, isHole, isUnknown, items, type Fields } from '../../index/read.ts';

/** A pod as Pod Security looks at it. */
export interface Pod { readonly annotations: Fields; readonly spec: Fields; readonly containers: readonly Container[]; readonly path: Path }

/** One thing a control forbids: where, what it is, and what would be right. */
export interface Breach { readonly path: Path; readonly what: string; readonly right: string }

/** A control of the Pod Security Standards. `minor`: the version the namespace asks for (1.34: 34). */
export interface Control {
  readonly name: string;
  readonly level: 'baseline' | 'restricted';
  /** The first minor version that has it. */
  readonly since?: number;
  breaches(pod: Pod, minor: number): Iterable<Breach>;
}

/** A field of the pod's security context, or of a container's, with who has it and where. */
interface Setting { readonly who: string; readonly path: Path; readonly value: unknown }

function ofPod(pod: Pod, ...keys: readonly string[]): Setting {
  return { who: 'the pod', path: [...pod.path, 'spec', 'securityContext', ...keys], value: at(pod.spec, 'securityContext', ...keys) };
}
function ofContainers(pod: Pod, ...keys: readonly string[]): readonly Setting[] {
  return pod.containers.map((container) => ofContainer(container, 'securityContext', ...keys));
}
function ofContainer(container: Container, ...keys: readonly string[]): Setting {
  return { who: `container ${container.name}`, path: [...container.path, ...keys], value: at(container.fields, ...keys) };
}
const everywhere = (pod: Pod, ...keys: readonly string[]): readonly Setting[] => [ofPod(pod, ...keys), ...ofContainers(pod, ...keys)];
const set = ({ value }: Setting): boolean => value !== undefined && value !== null && value !== '' && !isHole(value);
const isWindows = (pod: Pod): boolean => at(pod.spec, 'os', 'name') === 'windows';

/** Capabilities, profiles and types a level lets through. */
const CAPABILITIES: ReadonlySet<unknown> = new Set(['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT']);
const SELINUX: readonly (readonly [since: number, type: string])[] = [[0, 'container_t'], [0, 'container_init_t'], [0, 'container_kvm_t'], [31, 'container_engine_t']];
const SYSCTLS: readonly (readonly [since: number, name: string])[] = [
  [0, 'kernel.shm_rmid_forced'], [0, 'net.ipv4.ip_local_port_range'], [0, 'net.ipv4.tcp_syncookies'], [0, 'net.ipv4.ping_group_range'], [0, 'net.ipv4.ip_unprivileged_port_start'],
  [27, 'net.ipv4.ip_local_reserved_ports'], [29, 'net.ipv4.tcp_keepalive_time'], [29, 'net.ipv4.tcp_fin_timeout'], [29, 'net.ipv4.tcp_keepalive_intvl'], [29, 'net.ipv4.tcp_keepalive_probes'],
  [32, 'net.ipv4.tcp_rmem'], [32, 'net.ipv4.tcp_wmem'],
];
const PROFILES: ReadonlySet<unknown> = new Set(['RuntimeDefault', 'Localhost']);
const VOLUMES: ReadonlySet<string> = new Set(['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret']);
const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';

const BASELINE: readonly Control[] = [
  {
    name: 'host namespaces', level: 'baseline',
    * breaches({ spec, path }) { for (const key of ['hostNetwork', 'hostPID', 'hostIPC']) if (spec[key] === true) yield { path: [...path, 'spec', key], what: `the pod uses the node's own (${key})`, right: `remove ${key}` }; },
  },
  {
    name: 'host process', level: 'baseline',
    * breaches(pod) { for (const { who, path, value } of everywhere(pod, 'windowsOptions', 'hostProcess')) if (value === true) yield { path, what: `${who} is a process of the node (hostProcess)`, right: 'remove hostProcess' }; },
  },
  {
    name: 'privileged containers', level: 'baseline',
    * breaches(pod) { for (const { who, path, value } of ofContainers(pod, 'privileged')) if (value === true) yield { path, what: `${who} is privileged`, right: 'remove privileged, and add the one capability it needs' }; },
  },
  {
    name: 'capabilities', level: 'baseline',
    * breaches(pod) {
      for (const { who, path, value } of ofContainers(pod, 'capabilities', 'add')) {
        for (const [index, name] of items(value).entries()) if (!CAPABILITIES.has(name) && !isHole(name)) yield { path: [...path, index], what: `${who} adds the capability ${String(name)}`, right: `remove ${String(name)}` };
      }
    },
  },
  {
    name: 'host paths', level: 'baseline',
    * breaches({ spec, path }) {
      for (const { entry, index } of entries(spec['volumes'])) if (entry['hostPath'] !== undefined && entry['hostPath'] !== null) yield { path: [...path, 'spec', 'volumes', index, 'hostPath'], what: `volume ${String(entry['name'])} is a folder of the node (hostPath)`, right: 'use an emptyDir or a claim' };
    },
  },
  {
    name: 'host ports', level: 'baseline',
    * breaches({ containers }) {
      for (const container of containers) {
        for (const { entry, index } of entries(container.fields['ports'])) {
          const port = entry['hostPort'];
          if (port !== undefined && port !== null && port !== 0 && !isHole(port)) yield { path: [...container.path, 'ports', index, 'hostPort'], what: `container ${container.name} takes port ${String(port)} of the node (hostPort)`, right: 'remove hostPort, and let a Service lead to the pod' };
        }
      }
    },
  },
  {
    name: 'host probes and lifecycle hooks', level: 'baseline', since: 34,
    * breaches({ containers }) {
      for (const container of containers) {
        for (const handler of [['livenessProbe'], ['readinessProbe'], ['startupProbe'], ['lifecycle', 'postStart'], ['lifecycle', 'preStop']]) {
          for (const how of ['httpGet', 'tcpSocket']) {
            const host = ofContainer(container, ...handler, how, 'host');
            if (set(host)) yield { path: host.path, what: `${handler.at(-1) ?? ''} of ${host.who} asks another host, ${String(host.value)}`, right: 'remove host; the pod itself is asked then' };
          }
        }
      }
    },
  },
  {
    name: 'AppArmor', level: 'baseline',
    * breaches(pod) {
      for (const { who, path, value } of everywhere(pod, 'appArmorProfile', 'type')) if (value !== undefined && !isHole(value) && !PROFILES.has(value)) yield { path, what: `${who} turns AppArmor off (${String(value)})`, right: 'use RuntimeDefault' };
      for (const [key, value] of Object.entries(pod.annotations)) {
        if (key.startsWith(APPARMOR) && !isHole(value) && value !== '' && value !== 'runtime/default' && !String(value).startsWith('localhost/')) yield { path: [...pod.path, 'metadata', 'annotations', key], what: `container ${key.slice(APPARMOR.length)} turns AppArmor off (${String(value)})`, right: 'use runtime/default' };
      }
    },
  },
  {
    name: 'SELinux', level: 'baseline',
    * breaches(pod, minor) {
      const types = SELINUX.filter(([since]) => since <= minor).map(([, type]) => type);
      for (const setting of everywhere(pod, 'seLinuxOptions', 'type')) if (set(setting) && !types.includes(String(setting.value))) yield { path: setting.path, what: `${setting.who} has the SELinux type ${String(setting.value)}`, right: `use one of ${types.join(', ')}` };
      for (const key of ['user', 'role']) for (const setting of everywhere(pod, 'seLinuxOptions', key)) if (set(setting)) yield { path: setting.path, what: `${setting.who} sets its SELinux ${key}`, right: `remove ${key}` };
    },
  },
  {
    name: '/proc mount', level: 'baseline',
    * breaches(pod) { for (const setting of ofContainers(pod, 'procMount')) if (set(setting) && setting.value !== 'Default') yield { path: setting.path, what: `${setting.who} sees all of /proc (${String(setting.value)})`, right: 'remove procMount' }; },
  },
  {
    name: 'seccomp', level: 'baseline',
    * breaches(pod) { yield* badSeccomp(pod); },
  },
  {
    name: 'sysctls', level: 'baseline',
    * breaches(pod, minor) {
      const safe = new Set<unknown>(SYSCTLS.filter(([since]) => since <= minor).map(([, name]) => name));
      for (const { entry, index } of entries(at(pod.spec, 'securityContext', 'sysctls'))) {
        if (!safe.has(entry['name']) && !isHole(entry['name'])) yield { path: [...pod.path, 'spec', 'securityContext', 'sysctls', index, 'name'], what: `the pod sets ${String(entry['name'])}, which is not among the safe ones`, right: 'remove it' };
      }
    },
  },
];

function* badSeccomp(pod: Pod): Iterable<Breach> {
  for (const { who, path, value } of everywhere(pod, 'seccompProfile', 'type')) if (value !== undefined && !isHole(value) && !PROFILES.has(value)) yield { path, what: `${who} has the seccomp profile ${String(value)}`, right: 'use RuntimeDefault' };
}

const RESTRICTED: readonly Control[] = [
  {
    name: 'volume types', level: 'restricted',
    * breaches({ spec, path }) {
      for (const { entry, index } of entries(spec['volumes'])) {
        const sources = Object.keys(entry).filter((key) => key !== 'name' && entry[key] !== null);
        const [first = 'nothing'] = sources;
        if (sources.some((key) => VOLUMES.has(key)) || first === 'hostPath' || isUnknown(entry)) continue;
        // Without any source the API itself makes it an emptyDir.
        if (sources.length > 0) yield { path: [...path, 'spec', 'volumes', index, first], what: `volume ${String(entry['name'])} is of the type ${first}`, right: 'use a claim' };
      }
    },
  },
  {
    name: 'privilege escalation', level: 'restricted',
    * breaches(pod) {
      if (isWindows(pod)) return;
      for (const { who, path, value } of ofContainers(pod, 'allowPrivilegeEscalation')) if (value !== false && !isHole(value)) yield { path, what: `${who} may gain privileges`, right: 'set securityContext.allowPrivilegeEscalation: false on it' };
    },
  },
  {
    name: 'running as non-root', level: 'restricted',
    * breaches(pod) {
      yield* required(pod, ['runAsNonRoot'], (value) => value === true, (who) => `${who} may run as root`, 'set securityContext.runAsNonRoot: true on the pod or on each container');
    },
  },
  {
    name: 'running as non-root user', level: 'restricted',
    * breaches(pod) { for (const { who, path, value } of everywhere(pod, 'runAsUser')) if (value === 0) yield { path, what: `${who} runs as user 0`, right: 'use another user' }; },
  },
  {
    name: 'seccomp', level: 'restricted',
    * breaches(pod) {
      yield* required(pod, ['seccompProfile', 'type'], (value) => PROFILES.has(value), (who) => `${who} has no seccomp profile`, 'set securityContext.seccompProfile.type: RuntimeDefault on the pod');
    },
  },
  {
    name: 'capabilities', level: 'restricted',
    * breaches(pod) {
      for (const { who, path, value } of ofContainers(pod, 'capabilities', 'drop')) if (!isUnknown(value) && !items(value).includes('ALL')) yield { path, what: `${who} keeps capabilities`, right: 'set securityContext.capabilities.drop: [ALL] on it' };
      for (const { who, path, value } of ofContainers(pod, 'capabilities', 'add')) {
        // What baseline forbids is told there.
        for (const [index, name] of items(value).entries()) if (name !== 'NET_BIND_SERVICE' && CAPABILITIES.has(name)) yield { path: [...path, index], what: `${who} adds the capability ${String(name)}`, right: 'only NET_BIND_SERVICE may be added' };
      }
    },
  },
];

/** What the pod must say for all its containers, or each container for itself. A value baseline forbids already is told there. */
function* required(pod: Pod, keys: readonly string[], good: (value: unknown) => boolean, what: (who: string) => string, right: string): Iterable<Breach> {
  const own = ofPod(pod, ...keys);
  if (isHole(own.value) || isUnknown(at(pod.spec, 'securityContext'))) return;
  if (own.value !== undefined && own.value !== null && keys.length === 1 && !good(own.value)) yield { path: own.path, what: what(own.who), right };
  const lacking = ofContainers(pod, ...keys).filter(({ value }) => !isHole(value) && ((value === undefined || value === null) ? !good(own.value) : keys.length === 1 && !good(value)));
  const silent = lacking.filter(({ value }) => value === undefined || value === null);
  for (const { who, path, value } of lacking) if (value !== undefined && value !== null) yield { path, what: what(who), right };
  if (silent.length === 0 || (own.value !== undefined && own.value !== null)) return;
  if (silent.length === pod.containers.length) yield { path: own.path, what: what('the pod'), right };
  else for (const { who, path } of silent) yield { path, what: what(who), right };
}

/** All of them, those of baseline first; restricted has both. */
export const CONTROLS: readonly Control[] = [...BASELINE, ...RESTRICTED];

/** The newest version of the standards they are written by. */
export const NEWEST = 34;

/** What a pod does that a level forbids. */
export function breachesOf(pod: Pod, level: 'baseline' | 'restricted', minor: number = NEWEST): readonly (Breach & { readonly control: string })[] {
  return CONTROLS.flatMap((control) => {
    if ((control.level === 'restricted' && level === 'baseline') || (control.since ?? 0) > minor) return [];
    // These two of restricted replace those of baseline, and leave pods of Windows alone.
    if (level === 'restricted' && isWindows(pod) && ['seccomp', 'capabilities'].includes(control.name)) return [];
    return [...control.breaches(pod, minor)].map((breach) => ({ ...breach, control: control.name }));
  });
}

export function podOf(template: unknown, containers: readonly Container[], path: Path): Pod {
  return { annotations: fields(at(template, 'metadata', 'annotations')), spec: fields(at(template, 'spec')), containers, path };
}
