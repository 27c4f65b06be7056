import { describe, expect, test } from 'vitest';
import { UNKNOWN } from '../../../../scripts/manifests/build/unknown.ts';
import { CONTROLS } from '../../../../scripts/manifests/rules/workloads/pod-security-controls.ts';
import { podSecurity } from '../../../../scripts/manifests/rules/workloads/pod-security.ts';
import { finds } from '../../index/rig.ts';

const namespace = (level: string, more = ''): string => `apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: ${level}${more}}}\n---\n`;
const pod = (spec: string, annotations = '{}'): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, annotations: ${annotations}}\nspec: ${spec}\n`;
/** Good by every control of restricted, save for what is added. */
const good = (container: string, spec = ''): string => pod(`{securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, ${spec} containers: [{name: web, ${container}}]}`);
const OWN = 'allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}';
const box = (fields: string): string => good(`securityContext: {${OWN}}, ${fields}`);
const secured = (fields: string): string => good(`securityContext: {${OWN}, ${fields}}`);
const hasPods = (security: string, container = OWN): string => pod(`{securityContext: ${security}, containers: [{name: web, securityContext: {${container}}}]}`);

const BASELINE: readonly (readonly [control: string, pod: string, path: string, what: string])[] = [
  ['the network of the node', good(`securityContext: {${OWN}}`, 'hostNetwork: true,'), 'spec.hostNetwork', 'the pod uses the node\'s own (hostNetwork)'],
  ['the processes of the node', good(`securityContext: {${OWN}}`, 'hostPID: true,'), 'spec.hostPID', 'the pod uses the node\'s own (hostPID)'],
  ['a process of the node', secured('windowsOptions: {hostProcess: true}'), 'spec.containers.0.securityContext.windowsOptions.hostProcess', 'container web is a process of the node (hostProcess)'],
  ['privileged', secured('privileged: true'), 'spec.containers.0.securityContext.privileged', 'container web is privileged'],
  ['capabilities', good('securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL], add: [NET_BIND_SERVICE, SYS_ADMIN]}}'), 'spec.containers.0.securityContext.capabilities.add.1', 'container web adds the capability SYS_ADMIN'],
  ['folders of the node', good(`securityContext: {${OWN}}`, 'volumes: [{name: logs, hostPath: {path: /var/log}}],'), 'spec.volumes.0.hostPath', 'volume logs is a folder of the node (hostPath)'],
  ['ports of the node', box('ports: [{containerPort: 1, hostPort: 80}]'), 'spec.containers.0.ports.0.hostPort', 'container web takes port 80 of the node (hostPort)'],
  ['probes of another host', box('readinessProbe: {httpGet: {port: 80, host: example.com}}'), 'spec.containers.0.readinessProbe.httpGet.host', 'readinessProbe of container web asks another host, example.com'],
  ['hooks of another host', box('lifecycle: {preStop: {tcpSocket: {port: 80, host: 10.0.0.1}}}'), 'spec.containers.0.lifecycle.preStop.tcpSocket.host', 'preStop of container web asks another host, 10.0.0.1'],
  ['AppArmor', secured('appArmorProfile: {type: Unconfined}'), 'spec.containers.0.securityContext.appArmorProfile.type', 'container web turns AppArmor off (Unconfined)'],
  ['AppArmor by annotation', `${good(`securityContext: {${OWN}}`).replace('annotations: {}', 'annotations: {container.apparmor.security.beta.kubernetes.io/web: unconfined}')}`, 'metadata.annotations.container.apparmor.security.beta.kubernetes.io/web', 'container web turns AppArmor off (unconfined)'],
  ['SELinux types', secured('seLinuxOptions: {type: spc_t}'), 'spec.containers.0.securityContext.seLinuxOptions.type', 'container web has the SELinux type spc_t'],
  ['SELinux users', secured('seLinuxOptions: {user: root}'), 'spec.containers.0.securityContext.seLinuxOptions.user', 'container web sets its SELinux user'],
  ['/proc', secured('procMount: Unmasked'), 'spec.containers.0.securityContext.procMount', 'container web sees all of /proc (Unmasked)'],
  ['seccomp', secured('seccompProfile: {type: Unconfined}'), 'spec.containers.0.securityContext.seccompProfile.type', 'container web has the seccomp profile Unconfined'],
  ['sysctls', hasPods('{runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}, sysctls: [{name: net.core.somaxconn, value: "1"}]}'), 'spec.securityContext.sysctls.0.name', 'the pod sets net.core.somaxconn, which is not among the safe ones'],
];
const RESTRICTED: readonly (readonly [control: string, pod: string, path: string, what: string])[] = [
  ['volumes of other types', good(`securityContext: {${OWN}}`, 'volumes: [{name: data, nfs: {server: a, path: /}}],'), 'spec.volumes.0.nfs', 'volume data is of the type nfs'],
  ['privilege escalation', good('securityContext: {capabilities: {drop: [ALL]}}'), 'spec.containers.0.securityContext+allowPrivilegeEscalation', 'container web may gain privileges'],
  ['privilege escalation of a container without any word', good('image: a'), 'spec.containers.0+securityContext.allowPrivilegeEscalation', 'container web may gain privileges'],
  ['root', hasPods('{seccompProfile: {type: RuntimeDefault}}'), 'spec.securityContext+runAsNonRoot', 'the pod may run as root'],
  ['root, said so', secured('runAsNonRoot: false'), 'spec.containers.0.securityContext.runAsNonRoot', 'container web may run as root'],
  ['user 0', secured('runAsUser: 0'), 'spec.containers.0.securityContext.runAsUser', 'container web runs as user 0'],
  ['no seccomp', hasPods('{runAsNonRoot: true}'), 'spec.securityContext+seccompProfile.type', 'the pod has no seccomp profile'],
  ['capabilities that stay', good('securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [NET_RAW]}}'), 'spec.containers.0.securityContext.capabilities.drop', 'container web keeps capabilities'],
  ['harmless capabilities', good('securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL], add: [CHOWN]}}'), 'spec.containers.0.securityContext.capabilities.add.0', 'container web adds the capability CHOWN'],
];

/** Those of the container without any word break more than one control. */
const of = (found: readonly string[], what: string): readonly string[] => found.filter((each) => each.includes(`: ${what};`));

describe('pod-security', () => {
  test.each(BASELINE)('baseline forbids %s', (_, manifest, path, what) => {
    const message = `Pod web ${path}: ${what}; namespace shop enforces Pod Security `;
    expect(finds(podSecurity, namespace('baseline') + manifest)).toEqual([`${message}baseline`]);
    expect(of(finds(podSecurity, namespace('restricted') + manifest), what)).toEqual([`${message}restricted`]);
    expect(finds(podSecurity, namespace('privileged') + manifest)).toEqual([]);
  });

  test.each(RESTRICTED)('restricted forbids %s', (_, manifest, path, what) => {
    expect(of(finds(podSecurity, namespace('restricted') + manifest), what)).toEqual([`Pod web ${path}: ${what}; namespace shop enforces Pod Security restricted`]);
    expect(finds(podSecurity, namespace('baseline') + manifest)).toEqual([]);
  });

  test('every control has a case', () => {
    expect(CONTROLS.map(({ name, level }) => `${level}: ${name}`).length).toBe(18);
  });

  test.each([
    ['the namespace enforces nothing', namespace('restricted').replace('enforce', 'warn') + pod('{hostNetwork: true, containers: []}')],
    ['a namespace nobody here makes', pod('{hostNetwork: true, containers: []}')],
    ['a level nobody knows', namespace(`"${UNKNOWN}"`) + pod('{hostNetwork: true, containers: []}')],
    ['all is well', namespace('restricted') + good(`securityContext: {${OWN}}`)],
    ['values that are not known', namespace('baseline') + pod(`{hostNetwork: "${UNKNOWN}", containers: [{name: web, securityContext: {privileged: "${UNKNOWN}", capabilities: {add: ["${UNKNOWN}"]}, seccompProfile: {type: "${UNKNOWN}"}}}]}`)],
    ['an older version of the standard', namespace('baseline', ', pod-security.kubernetes.io/enforce-version: v1.33') + box('readinessProbe: {httpGet: {port: 80, host: example.com}}')],
    ['what Windows has no notion of', namespace('restricted') + pod('{os: {name: windows}, securityContext: {runAsNonRoot: true}, containers: [{name: web}]}')],
    ['pods of an operator', `${namespace('restricted')}apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db, namespace: shop}`],
  ])('silent: %s', (_, parts) => {
    expect(finds(podSecurity, parts)).toEqual([]);
  });

  test('pods of charts and of Jobs are asked as well', () => {
    const job = 'apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c, namespace: shop}\nspec: {jobTemplate: {spec: {template: {spec: {hostIPC: true, containers: []}}}}}';
    expect(finds(podSecurity, { tree: namespace('baseline'), charts: { 'shop/x': job } })).toEqual(['CronJob c spec.jobTemplate.spec.template.spec.hostIPC: the pod uses the node\'s own (hostIPC); namespace shop enforces Pod Security baseline']);
  });
});
