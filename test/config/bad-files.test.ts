import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LARGEST_FILE } from '../../scripts/config/file.ts';
import type { Problem } from '../../scripts/config/problem.ts';
import { Sources } from '../../scripts/config/source.ts';
import { Scratch, type Change } from './scratch.ts';

/** One file in a folder of its own: what reading alone says of it. */
let root = '';
const at = (name = 'a.yaml'): string => join(root, name);
beforeAll(() => { root = mkdtempSync(join(tmpdir(), 'files-')); });
beforeEach(() => { rmSync(root, { recursive: true, force: true }); mkdirSync(root); });
afterAll(() => rmSync(root, { recursive: true, force: true }));

function reading(file = 'a.yaml'): readonly Problem[] {
  const sources = new Sources(root);
  expect(sources.one(file)).toBe(sources.problems.length > 0 ? undefined : sources.one(file));
  return sources.problems;
}
const shown = (problems: readonly Problem[]): readonly string[] => problems.map(({ file, line, column, rule, message }) => `${file}:${line}:${column} ${rule}: ${message}`);
const write = (content: string | Uint8Array) => () => writeFileSync(at(), content);

describe('a file that cannot be read is told, with its place and the reason', () => {
  test.each<[what: string, make: () => void, says: string]>([
    ['not there', () => undefined, 'a.yaml:0:0 file-missing: a.yaml is missing'],
    ['a folder', () => mkdirSync(at()), 'a.yaml:0:0 file-unreadable: a.yaml cannot be read: it is a folder'],
    ['a link to itself', () => symlinkSync('a.yaml', at()), 'a.yaml:0:0 file-unreadable: a.yaml cannot be read: it is a link that leads back to itself'],
    ['a link to nothing', () => symlinkSync('b.yaml', at()), 'a.yaml:0:0 file-unreadable: a.yaml cannot be read: it is a link to something that is not there'],
    ['a pipe, which nobody waits for', () => { spawnSync('mkfifo', [at()]); }, 'a.yaml:0:0 file-unreadable: a.yaml cannot be read: it is no ordinary file (a pipe, a socket or a device)'],
    ['gigabytes, which nobody reads', () => { writeFileSync(at(), ''); truncateSync(at(), 3 * 2 ** 30); }, 'a.yaml:0:0 file-large: a.yaml cannot be read: it is 3072.0 MiB, and no file of the configuration is above 1 MiB'],
    ['empty', write(''), 'a.yaml:0:0 empty-file: a.yaml holds nothing'],
    ['blank', write(' \n\n  \n'), 'a.yaml:0:0 empty-file: a.yaml holds nothing'],
    ['only comments', write('# nothing\n'), 'a.yaml:0:0 empty-file: a.yaml holds nothing'],
    ['only separators', write('---\n---\n'), 'a.yaml:0:0 empty-file: a.yaml holds nothing'],
    ['null', write('~\n'), 'a.yaml:0:0 empty-file: a.yaml holds nothing'],
    ['UTF-16', write(Buffer.from('\uFEFFa: 1\n', 'utf16le')), 'a.yaml:1:1 not-text: this file is UTF-16; the configuration is UTF-8'],
    ['Latin-1', write(Buffer.from('a: 1\nb: Zürich\n', 'latin1')), 'a.yaml:2:5 not-text: this is not UTF-8 text: a byte here belongs to no character'],
    ['binary', write(Uint8Array.from({ length: 64 }, (_, i) => (i * 37) % 256)), 'a.yaml:1:5 not-text: this is not UTF-8 text: a byte here belongs to no character'],
    ['a NUL in a name', write('a: 1\nname: ap\0ps\n'), 'a.yaml:2:9 not-text: the character U+0000 cannot be part of text'],
    ['colours of a terminal', write('a: \u001b[31mred\n'), 'a.yaml:1:4 not-text: the character U+001B cannot be part of text'],
    ['a tab as indentation', write('a:\n\tb: 1\n'), 'a.yaml:2:1 yaml-tab: a tab is used as indentation'],
    ['a key given twice', write('a: 1\nb: 2\na: 3\n'), 'a.yaml:3:1 duplicate-key: the key a is given twice in this map'],
    ['a second document', write('a: 1\n---\nb: 1\n'), 'a.yaml:3:1 one-document: this file holds one document, here a second one begins'],
    ['an alias without anchor', write('a: 1\nb: *nobody\n'), 'a.yaml:2:4 yaml-alias: there is no anchor &nobody before this'],
    ['aliases that stand for millions', write(Array.from({ length: 9 }, (_, i) => `a${i}: &a${i} [${Array.from({ length: 10 }, () => (i === 0 ? 'x' : `*a${i - 1}`)).join(', ')}]`).join('\n')), 'a.yaml:1:1 yaml-alias: aliases in this document stand for far too much'],
    ['a merge key', write('a: &a {b: 1}\nc:\n  <<: *a\n'), 'a.yaml:3:3 yaml-merge: merge keys (<<) are not used here'],
    ['a key that is a map', write('{a: b}: 1\n'), 'a.yaml:1:1 yaml-key: a key is text, here it is a map'],
    ['a key that is a list', write('? [a, b]\n: 1\n'), 'a.yaml:1:3 yaml-key: a key is text, here it is a list'],
    ['a tag of another language', write('a: !!js/function "return 1"\n'), 'a.yaml:1:18 yaml-tag: !!js/function is a tag no tool here knows'],
    ['a tag of another tool', write('a: !Ref b\n'), 'a.yaml:1:9 yaml-tag: !Ref is a tag no tool here knows'],
    ['brackets without end', write('['.repeat(50_000)), 'yaml-deep: maps and lists are nested more than 100 deep here'],
    ['brackets that do end, too deep', write(`a: ${'['.repeat(300)}${']'.repeat(300)}\n`), 'yaml-deep: maps and lists are nested more than 100 deep here'],
    ['a quote that is never closed', write('a: "b\nc: 1\n'), 'yaml-syntax: this is not valid YAML'],
    ['an HTML page', write('<!DOCTYPE html>\n<html>\n<body class="x">502: Bad Gateway</body>\n'), 'yaml-syntax: this is not valid YAML'],
  ])('%s', (_, make, says) => {
    make();
    const problems = reading();
    expect(problems).toHaveLength(1);
    expect(shown(problems)[0]).toContain(says);
    expect(problems[0]?.hint).not.toBe('');
  });

  test('every mark of an unfinished merge, and nothing else', () => {
    writeFileSync(at(), 'a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n');
    expect(shown(reading())).toEqual(['a.yaml:2:1 merge-conflict: a mark of an unfinished merge stands here', 'a.yaml:6:1 merge-conflict: a mark of an unfinished merge stands here']);
  });

  test.skipIf(process.getuid?.() === undefined)('without the right to read it, also in a folder one may not look into', () => {
    writeFileSync(at(), 'a: 1\n');
    mkdirSync(at('closed'));
    chmodSync(at(), 0o000);
    chmodSync(at('closed'), 0o000);
    chmodSync(root, 0o755);
    // Root may read everything: then somebody else looks.
    const asRoot = process.getuid?.() === 0;
    const sources = new Sources(root);
    if (asRoot) process.seteuid?.(65_534);
    try {
      expect(sources.one('a.yaml')).toBeUndefined();
      expect(sources.files('closed')).toEqual([]);
    } finally {
      if (asRoot) process.seteuid?.(0);
      chmodSync(at('closed'), 0o700);
    }
    expect(shown(sources.problems)).toEqual([
      'a.yaml:0:0 file-unreadable: a.yaml cannot be read: you have no right to read it (EACCES)',
      'closed:0:0 folder-unreadable: closed cannot be read: you have no right to read it (EACCES)',
    ]);
  });
});

describe('what only looks strange is read as it is meant', () => {
  test.each<[what: string, content: string | Uint8Array, data: unknown]>([
    ['a byte order mark', '\uFEFFa: 1\n', { a: 1 }],
    ['CRLF', 'a: 1\r\nb:\r\n  - c\r\n', { a: 1, b: ['c'] }],
    ['an empty document in front', '---\n---\na: 1\n', { a: 1 }],
    ['no line break at the end', 'a: 1', { a: 1 }],
    ['an anchor and its alias', 'a: &x [1]\nb: *x\n', { a: [1], b: [1] }],
    ['keys of objects everywhere', '__proto__: {a: 1}\nconstructor: 2\n', JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}')],
    ['a file as large as may be', `a: "${'x'.repeat(LARGEST_FILE - 6)}"`, { a: 'x'.repeat(LARGEST_FILE - 6) }],
  ])('%s', (_, content, data) => {
    writeFileSync(at(), content);
    const sources = new Sources(root);
    expect(sources.one('a.yaml')?.data).toEqual(data);
    expect(sources.problems).toEqual([]);
  });

  test('a link to a file, and the place of a mistake behind a byte order mark', () => {
    writeFileSync(at('b.yaml'), '\uFEFFa: 1\r\nb: }\r\n');
    symlinkSync('b.yaml', at());
    expect(shown(reading())[0]).toMatch(/^a\.yaml:2:\d+ yaml-syntax/);
  });
});

const APPS = 'talos/clusters/apps.yaml';
const SETTINGS = 'kubernetes/clusters/apps/cluster-settings.yaml';
const ENTRY = 'kubernetes/clusters/apps/kustomization.yaml';
const CORE = 'helmfile.d/01-core.yaml';
const swap = (file: string, ...pairs: readonly (readonly [from: string, to: string])[]): readonly Change[] => pairs.map((replace) => ({ file, replace }));

// Each row is one look at a configuration with several mistakes: all are told, each once, nothing that only follows from them.
const TABLE: readonly (readonly [what: string, changes: readonly Change[], says: readonly string[]])[] = [
  ['values of a cluster that are no addresses, names or networks', [...swap(APPS,
    ['address: 10.25.11.14', 'address: "10.25.11.14 "'], ['address: 10.25.11.15', 'address: 010.25.11.15'], ['address: 10.25.11.16', 'address: "10.25.11.１６"'],
    ['endpoint: https://apps-k8s.monosense.io:6443', 'endpoint: https://apps_k8s.monosense.io:6443'], ['podCIDR: 10.246.0.0/16', 'podCIDR: fd00::/64'],
    ['serviceCIDR: 10.247.0.0/16', 'serviceCIDR: 10.247.0.0/32'], ['id: 2', 'id: -1'])], [
    `${APPS}:3:5 cluster-id: -1 cannot be a cluster's id`, `${APPS}:4:11 endpoint: apps_k8s.monosense.io is neither a host name nor an IPv4 address`,
    `${APPS}:5:10 network: fd00::/64 is not an IPv4 network`, `${APPS}:6:14 network-size: 10.247.0.0/32 has too few addresses for services`,
    `${APPS}:14:14 address: 10.25.11.14  is not an IPv4 address`, `${APPS}:23:14 address: 010.25.11.15 is not an IPv4 address`, `${APPS}:32:14 address: 10.25.11.１６ is not an IPv4 address`,
  ]],
  ['values of the wrong type', swap(APPS,
    ['name: apps\n', 'name: no\n'], ['id: 2', 'id: .nan'], ['secrets: op://Prod/apps-talos', 'secrets: {op: Prod}'], ['dnsServiceIP: 10.247.0.10', 'dnsServiceIP: ""'],
    ['role: controlplane', 'role: “controlplane”']), [
    `${APPS}:2:7 wrong-type: name must be text, and no without quotes is read as true or false by other tools`, `${APPS}:3:5 wrong-type: id must be a whole number, here it is a number`,
    `${APPS}:7:15 wrong-type: dnsServiceIP must be text, here it is text`, `${APPS}:10:10 wrong-type: secrets must be text, here it is a map`, `${APPS}:13:11 not-one-of: role is “controlplane”; it can be controlplane and worker`,
  ]],
  ['addresses nobody may have, cards given twice, letters that only look right', [
    ...swap(APPS, ['address: 10.25.11.16', 'address: 10.25.11.255'], ['macs: ["f8:f2:1e:08:32:*"]', 'macs: ["f8:f2:1e:08:32:*", "f8:f2:1e:08:32:*"]'], ['name: apps-02', 'name: \u0430pps-02']),
    ...swap('talos/patches/machines/apps-03.yaml', ['10.25.11.16', '10.25.11.255']), { file: 'talos/patches/machines/apps-02.yaml', remove: true },
  ], [
    `${APPS}:15:32 mac-twice: f8:f2:1e:08:32:* is given twice for apps-01`, `${APPS}:21:11 name: \u0430pps-02 cannot be the name of a machine`, `${APPS}:32:14 address-reserved: 10.25.11.255 is the broadcast address of 10.25.11.0/24`,
  ]],
  ['files of clusters that are none', [{ file: 'talos/clusters/other.yml', write: 'a: 1\n' }, { file: 'talos/clusters/.#apps.yaml', write: 'a: 1\n' }, { file: 'bootstrap/notes.YAML', write: 'a: 1\n' }], [
    'bootstrap/notes.YAML:1:1 file-ending: bootstrap/notes.YAML is never read', 'talos/clusters/other.yml:1:1 file-ending: talos/clusters/other.yml is never read',
  ]],
  ['a helmfile that would install nothing', [{ file: CORE, write: 'releases: []\n' }, { file: 'helmfile.d/00-crds.yaml', write: 'install everything\n' }], [
    'helmfile.d/00-crds.yaml:1:1 wrong-type: helmfile.d/00-crds.yaml must be a map', `${CORE}:1:11 wrong-type: releases must be a list with at least one release`,
  ]],
  ['lists of a helmfile that are no lists', swap(CORE, ['needs: [kube-system/cilium]', 'needs: kube-system/cilium'], ['helmDefaults:\n  wait: true\n  waitForJobs: true\n  timeout: 600\n  createNamespace: false\n  cleanupOnFail: true', 'helmDefaults: [wait]'],
    ['values: [../kubernetes/infrastructure/networking/coredns/app/values.yaml]', 'values: ../kubernetes/infrastructure/networking/coredns/app/values.yaml']), [
    `${CORE}:11:15 wrong-type: helmDefaults must be a map`, `${CORE}:27:12 wrong-type: needs must be a list`, `${CORE}:28:13 wrong-type: values must be a list`,
  ]],
  ['values from outside of the configuration, and settings of a release without a value', [
    ...swap(CORE, ['[../kubernetes/infrastructure/networking/coredns/app/values.yaml]', '[../../../../../../etc/passwd]'], ['[../kubernetes/infrastructure/networking/cilium/core/app/values.yaml]', '[/etc/passwd]']),
    ...swap('helmfile.d/00-crds.yaml', ['- name: crds.enabled\n        value: true', '- crds.enabled=true']),
  ], [
    'helmfile.d/00-crds.yaml:15:9 wrong-type: each of set must be a name and a plain value', `${CORE}:27:14 values-outside: /etc/passwd is outside the configuration`, `${CORE}:33:14 values-outside: ../../../../../../etc/passwd is outside`,
  ]],
  ['folders that are part of themselves', [{ file: ENTRY, replace: ['resources:', 'resources:\n  - .\n  - ../apps/'] }, { file: 'kubernetes/clusters/infra/kustomization.yaml', replace: ['resources:', 'resources:\n  - ""\n  - /etc\n  - ../../../../../..'] }], [
    `${ENTRY}:7:5 resource-cycle: . leads back to kubernetes/clusters/apps`, `${ENTRY}:8:5 resource-cycle: ../apps/ leads back to kubernetes/clusters/apps`,
    'kubernetes/clusters/infra/kustomization.yaml:7:5 resource-outside: a resource has no name', 'kubernetes/clusters/infra/kustomization.yaml:8:5 resource-outside: /etc is outside', 'kubernetes/clusters/infra/kustomization.yaml:9:5 resource-outside: ../../../../../.. is outside',
  ]],
  ['settings that are none', [{ file: SETTINGS, replace: ['CLUSTER_ID: "2"', 'CLUSTER_ID: 2'] }, { file: SETTINGS, replace: ['COREDNS_REPLICAS: "2"', 'COREDNS_REPLICAS: on'] }, { file: SETTINGS, append: '  ~: x\n' }, { file: SETTINGS, replace: ['\'[{"name": "infra"', '\'[{"name": infra'] }], [
    `${SETTINGS}:11:15 wrong-type: CLUSTER_ID must be text, here it is a number`, `${SETTINGS}:19:21 wrong-type: COREDNS_REPLICAS must be text, and on without quotes`, `${SETTINGS}:32:22 settings-mesh: CLUSTERMESH_PEERS is not a JSON list`, `${SETTINGS}:76:3 wrong-type: a key of data has no name`,
  ]],
  ['an entry that is no list', [{ file: ENTRY, write: 'resources: cluster-settings.yaml\n' }], [`${ENTRY}:1:12 kustomization-shape: resources must be a list`]],
  ['a cluster called all', [{ file: 'talos/clusters/all.yaml', write: 'name: all\n' }], ['kubernetes/clusters/all/kustomization.yaml:0:0 file-missing', 'talos/clusters/all.yaml:1:1 file-name: a cluster cannot be called all', 'talos/clusters/all.yaml:1:1 missing-key: dnsServiceIP is missing']],
];

describe('all mistakes of a configuration are told at once', () => {
  let scratch: Scratch;
  beforeAll(() => { scratch = new Scratch(); });
  afterAll(() => { scratch[Symbol.dispose](); });

  test.each(TABLE)('%s', (_, changes, says) => {
    try {
      scratch.change(changes);
      const told = shown(scratch.problems());
      for (const each of says) expect(told.filter((line) => line.startsWith(each)).length, `${each}\n${told.join('\n')}`).toBeGreaterThan(0);
      const known = new Set(changes.map(({ file }) => file));
      expect(told.filter((line) => ![...known].some((file) => line.startsWith(`${file}:`)) && !says.some((each) => line.startsWith(each)))).toEqual([]);
    } finally {
      scratch.restore();
    }
  });
});
