import { expect, test } from 'vitest';
import { compareVersions, kubernetesObjections, parseVersion, talosObjections, type TalosUpgrade } from '../../../scripts/phases/machines/versions.ts';

const IMAGE = `factory.talos.dev/metal-installer/${'a'.repeat(64)}`;
const upgrade = (from: string, to: string, more: Partial<TalosUpgrade> = {}): readonly string[] =>
  talosObjections({ from: { one: from }, to, kubernetes: '1.34.4', image: `${IMAGE}:v${to}`, talosctl: '1.12.0', ...more }).map(({ rule }) => rule);

test.each<[string, readonly string[], readonly string[]]>([
  ['a patch', upgrade('v1.12.0', '1.12.4'), []],
  ['a minor', upgrade('v1.11.5', '1.12.0'), []],
  ['what runs already', upgrade('v1.12.0', '1.12.0'), []],
  ['two minors', upgrade('v1.10.9', '1.12.0', { talosctl: '1.11.0' }), ['one minor at a time']],
  ['another major', upgrade('v1.12.0', '2.0.0', { kubernetes: '1.34.4' }), ['one minor at a time', 'supported pairs', 'talosctl beside its server']],
  ['a way back', upgrade('v1.12.1', '1.12.0'), ['no way back']],
  ['a pre-release after its release', upgrade('v1.12.0', '1.12.0-beta.1'), ['no way back']],
  ['a Kubernetes too old', upgrade('v1.12.0', '1.13.0', { kubernetes: 'v1.30.9' }), ['supported pairs']],
  ['a Kubernetes too new', upgrade('v1.11.0', '1.12.0', { kubernetes: 'v1.36.0' }), ['supported pairs']],
  ['the highest Kubernetes it runs', upgrade('v1.11.0', '1.12.0', { kubernetes: 'v1.35.9' }), []],
  ['a Talos nobody knows', upgrade('v1.14.0', '1.15.0', { talosctl: '1.15.0' }), ['supported pairs', 'Talos this program knows']],
  ['1.14, which changes what this program speaks', upgrade('v1.13.2', '1.14.0', { talosctl: '1.13.0' }), ['Talos this program knows']],
  ['1.14 from where it is not published', upgrade('v1.13.2', '1.14.0', { talosctl: '1.13.0', image: 'ghcr.io/siderolabs/installer:v1.14.0' }), ['Talos this program knows', 'installers of the image factory']],
  ['an image of another version', upgrade('v1.12.0', '1.12.4', { image: `${IMAGE}:v1.12.3` }), ['image and version agree']],
  ['an image by tag and digest', upgrade('v1.12.0', '1.12.4', { image: `${IMAGE}:v1.12.4@sha256:${'b'.repeat(64)}` }), []],
  ['an old talosctl', upgrade('v1.12.0', '1.13.0', { talosctl: '1.11.0' }), ['talosctl beside its server']],
])('upgrading Talos: %s', (_name, rules, expected) => {
  expect(rules).toEqual(expected);
});

const kube = (running: Readonly<Record<string, string>>, to: string, talos = 'v1.12.0'): readonly string[] =>
  kubernetesObjections({ running: Object.entries(running).map(([part, version]) => ({ machine: 'one', part: part === 'kubelet' ? 'kubelet' : 'kube-apiserver', version })), to, talos: { one: talos } }).map(({ rule }) => rule);

test.each<[string, readonly string[], readonly string[]]>([
  ['a patch', kube({ api: 'v1.34.4', kubelet: 'v1.34.4' }, '1.34.6'), []],
  ['a minor', kube({ api: 'v1.34.4', kubelet: 'v1.34.4' }, '1.35.0'), []],
  ['half way', kube({ api: 'v1.35.0', kubelet: 'v1.34.4' }, '1.35.0'), []],
  ['two minors of the API server', kube({ api: 'v1.33.4', kubelet: 'v1.33.4' }, '1.35.0'), ['one minor at a time']],
  ['kubelets three behind', kube({ api: 'v1.34.0', kubelet: 'v1.32.0' }, '1.35.0'), []],
  ['kubelets four behind', kube({ api: 'v1.34.0', kubelet: 'v1.31.0' }, '1.35.0'), ['kubelets at most three minors behind']],
  ['a way back', kube({ api: 'v1.34.4', kubelet: 'v1.34.4' }, '1.34.3'), ['no way back', 'no way back']],
  ['newer than Talos runs', kube({ api: 'v1.35.1', kubelet: 'v1.35.1' }, '1.36.0'), ['supported pairs']],
  ['a Talos nobody knows', kube({ api: 'v1.34.4', kubelet: 'v1.34.4' }, '1.34.6', 'v1.99.0'), ['supported pairs']],
])('upgrading Kubernetes: %s', (_name, rules, expected) => {
  expect(rules).toEqual(expected);
});

test('versions are compared by number, not by letter, and what is none is refused', () => {
  expect(compareVersions(parseVersion('v1.12.10'), parseVersion('1.12.9'))).toBeGreaterThan(0);
  expect(compareVersions(parseVersion('1.12.0-beta.1'), parseVersion('1.12.0'))).toBeLessThan(0);
  expect(() => parseVersion('latest')).toThrow(/no version/);
  expect(() => parseVersion('')).toThrow(/an empty text/);
});
