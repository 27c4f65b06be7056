import { posix } from 'node:path';
import { contains, formatAddress, parseAddress, parseNetwork } from '../ipv4.ts';
import { listIn, mapIn, textIn } from '../data.ts';
import { BY_MODE, isFluxKustomization, MODES } from '../tree.ts';
import { nearest } from '../words.ts';
import type { At, Sources, Spot } from '../source.ts';
import type { WrittenCluster, WrittenSettings, WrittenSite, WrittenTree } from '../written.ts';
import { poolOf } from './networks.ts';
import { PerCluster, treeIsWhole, type Rule } from './rule.ts';

/** The settings are the ConfigMap Flux looks for, and the cluster's entry point lists them. */
export const settingsObject: Rule = (site, { report }) => {
  for (const [cluster, { document, file }] of site.settings) {
    for (const [path, want] of [[['kind'], 'ConfigMap'], [['metadata', 'name'], 'cluster-settings'], [['metadata', 'namespace'], 'flux-system']] as const) {
      const found = textIn(document.data, ...path);
      if (found !== want) report({ ...document.spotAt(path), ...(found === undefined ? { length: 1 } : {}) }, 'settings-object', `${path.join('.')} is ${found ?? 'missing'}, Flux looks for ${want}`, `write ${path.at(-1) ?? ''}: ${want}`);
    }
    const tree = site.trees.find((each) => each.cluster === cluster);
    const entry = `kubernetes/clusters/${cluster}/kustomization.yaml`;
    if (tree?.files.has(entry) === true && !tree.files.has(file)) report({ file: entry, line: 1, column: 1, length: 1 }, 'settings-not-applied', `cluster-settings.yaml is not among the resources of ${cluster}`, 'list it first: every Kustomization takes its variables from it');
  }
};

interface Fact { readonly want: string; readonly from: Spot | undefined }

/** What the settings repeat of the cluster's file, by the name each fact has there. */
function facts(cluster: WrittenCluster): ReadonlyMap<string, Fact> {
  const found = new Map<string, Fact>();
  // What is wrong in the cluster's file is told there; the settings are not to be made equal to it.
  const network = (at: At<string> | undefined): At<string> | undefined => (at !== undefined && parseNetwork(at.value) !== undefined ? at : undefined);
  const address = (at: At<string> | undefined): At<string> | undefined => (at !== undefined && parseAddress(at.value) !== undefined ? at : undefined);
  const fact = (name: string, at: At<string | number> | undefined, form: (value: string) => string = (value) => value): void => {
    if (at !== undefined) found.set(name, { want: form(String(at.value)), from: at.spot });
  };
  found.set('CLUSTER', { want: cluster.stem, from: cluster.name?.spot });
  fact('CLUSTER_ID', cluster.id !== undefined && cluster.id.value >= 1 && cluster.id.value <= 255 ? cluster.id : undefined);
  fact('POD_CIDR', network(cluster.podCIDR), (value) => JSON.stringify([value]));
  fact('POD_CIDR_STRING', network(cluster.podCIDR));
  fact('SERVICE_CIDR', network(cluster.serviceCIDR), (value) => JSON.stringify([value]));
  fact('COREDNS_CLUSTER_IP', address(cluster.dnsServiceIP));
  fact('CILIUM_LB_POOL_START', address(cluster.loadBalancer?.start));
  fact('CILIUM_LB_POOL_END', address(cluster.loadBalancer?.end));
  fact('CLUSTERMESH_IP', address(cluster.mesh?.address));
  fact('K8S_SERVICE_HOST', cluster.endpoint, (value) => /^https:\/\/([^:/]+)/.exec(value)?.[1] ?? value);
  fact('K8S_SERVICE_PORT', cluster.endpoint, (value) => /:(\d+)$/.exec(value)?.[1] ?? '6443');
  return found;
}

/** Addresses that must come from the cluster's own pool. */
const FROM_POOL = ['CILIUM_GATEWAY_LB_IP_EXTERNAL', 'CILIUM_GATEWAY_LB_IP_INTERNAL', 'CILIUM_CLUSTERMESH_LB_IP'];

/** What is said twice is said the same: settings against the cluster's file, and clusters against each other. */
export const settingsAgree: Rule = (site, sources) => {
  for (const cluster of site.clusters) {
    const settings = site.settings.get(cluster.stem);
    if (settings === undefined) continue;
    const known = facts(cluster);
    for (const { key, value } of settings.data) {
      const fact = known.get(key.value);
      if (fact !== undefined && fact.want !== value.value) disagree(site, cluster, key.value, value, fact, sources);
      const pool = poolOf(cluster);
      const address = parseAddress(value.value);
      if (FROM_POOL.includes(key.value) && pool !== undefined && (address === undefined || !contains(pool, address))) {
        sources.report(value.spot, 'settings-differ', `${key.value} ${value.value} is not in ${cluster.stem}'s pool ${formatAddress(pool.first)}-${formatAddress(pool.last)}`, 'choose an address of that pool');
      }
    }
    meshSettings(cluster, settings, sources);
  }
  asNumbers(site, sources);
};

function disagree(site: WrittenSite, cluster: WrittenCluster, name: string, value: At<string>, fact: Fact, { report }: Sources): void {
  const address = parseAddress(value.value);
  const owner = address === undefined ? undefined : site.clusters.find((each) => { const pool = poolOf(each); return each !== cluster && pool !== undefined && contains(pool, address); });
  const message = owner !== undefined && name.startsWith('CILIUM_LB_POOL')
    ? `${name} ${value.value} lies in ${owner.stem}'s pool ${owner.loadBalancer?.start?.value ?? ''}-${owner.loadBalancer?.end?.value ?? ''}`
    : `${name} is ${value.value}, but ${fact.from === undefined ? 'the file' : `${fact.from.file}:${fact.from.line}`} says ${fact.want}`;
  report(value.spot, 'settings-differ', message, `did you mean ${fact.want}?`);
}

/** Mesh peers of the settings are those of the cluster's file; a cluster without a mesh says so. */
function meshSettings(cluster: WrittenCluster, settings: WrittenSettings, { report }: Sources): void {
  const peers = settings.data.find(({ key }) => key.value === 'CLUSTERMESH_PEERS');
  const enabled = settings.data.find(({ key }) => key.value === 'CLUSTERMESH_ENABLED');
  const want = cluster.mesh === undefined ? [] : (cluster.mesh.peers?.value ?? []).map(({ value }) => value);
  if (cluster.mesh === undefined && enabled?.value.value !== 'false') {
    const [place] = settings.data;
    report(enabled?.value.spot ?? place?.key.spot ?? settings.document.spotAt(['data']), 'settings-mesh', `${cluster.file} has no mesh, but CLUSTERMESH_ENABLED is not "false" here`, 'add CLUSTERMESH_ENABLED: "false", or mesh: to the cluster\'s file');
  }
  if (cluster.mesh !== undefined && enabled?.value.value === 'false') report(enabled.value.spot, 'settings-mesh', `the mesh is switched off here, but ${cluster.file}:${cluster.mesh.spot.line} has one`, 'remove CLUSTERMESH_ENABLED, or mesh: from the cluster\'s file');
  const names = peers === undefined ? [] : peerNames(peers.value.value);
  if (peers !== undefined && names === undefined) report(peers.value.spot, 'settings-mesh', 'CLUSTERMESH_PEERS is not a JSON list of {name, address, port}', '\'[{"name": "apps", "address": "clustermesh-apps.monosense.io", "port": 2379}]\'');
  else if (names !== undefined && names.toSorted().join() !== want.toSorted().join()) {
    report(peers?.value.spot ?? settings.data[0]?.key.spot ?? settings.document.spotAt(['data']), 'settings-mesh', `CLUSTERMESH_PEERS names ${names.join(', ') || 'nobody'}, but ${cluster.file} is meshed with ${want.join(', ') || 'nobody'}`, 'both must name the same clusters');
  }
}

function peerNames(json: string): readonly string[] | undefined {
  try {
    const data: unknown = JSON.parse(json);
    if (!Array.isArray(data)) return undefined;
    const names = data.map((each) => (textIn(each, 'address') === undefined ? undefined : textIn(each, 'name')));
    return names.every((name) => name !== undefined) ? names : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** BGP: private numbers, one per cluster, none of them the router's. */
function asNumbers(site: WrittenSite, { report }: Sources): void {
  const owners = new Map<string, string>();
  for (const [cluster, { data }] of site.settings) {
    const own = data.find(({ key }) => key.value === 'CILIUM_BGP_LOCAL_ASN');
    const router = data.find(({ key }) => key.value === 'CILIUM_BGP_PEER_ASN');
    if (own === undefined) continue;
    const number = /^\d+$/.test(own.value.value) ? Number(own.value.value) : Number.NaN;
    const owner = owners.get(own.value.value);
    if (!Number.isInteger(number) || number < 64512 || number > 65534) report(own.value.spot, 'as-number', `${own.value.value} is no private AS number`, '64512 to 65534');
    else if (own.value.value === router?.value.value) report(own.value.spot, 'as-number', `${own.value.value} is the router's own AS number`, 'clusters have numbers of their own');
    else if (owner !== undefined) report(own.value.spot, 'as-number', `AS number ${own.value.value} is already ${owner}'s`, 'every cluster has its own');
    owners.set(own.value.value, owner ?? cluster);
  }
}

interface Use { readonly name: string; readonly spot: Spot; readonly needed: boolean }

/** Uses of `${VAR}` in one file. In manifests comments are dropped before substitution, in generated files they are not. */
export function usesIn(file: string, text: string, commentsCount: boolean): { readonly uses: readonly Use[]; readonly malformed: readonly Spot[] } {
  const uses: Use[] = [];
  const malformed: Spot[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (!commentsCount && line.trimStart().startsWith('#')) continue;
    for (const match of line.matchAll(/\$?\$\{([^}]*)\}?/g)) {
      if (match[0].startsWith('$$')) continue;
      const spot = { file, line: index + 1, column: match.index + 1, length: match[0].length };
      const [, name, rest] = /^([A-Za-z_]\w*)((?::?[=-].*)?)$/.exec(match[1] ?? '') ?? [];
      if (name === undefined || !match[0].endsWith('}')) malformed.push(spot);
      else uses.push({ name, spot, needed: rest === '' });
    }
  }
  return { uses, malformed };
}

/** Variables that are no setting: what is only known while a cluster is made is in a ConfigMap of its own, which the runner writes. */
const AT_RUN_TIME: ReadonlyMap<string, string> = new Map([['DATA_MODE', 'platform-mode'], ['DATA_GENERATION', 'platform-mode'], ['DATA_FROM', 'platform-mode']]);

/** Whether the Kustomization that applies a manifest takes variables from this ConfigMap. */
function takesFrom(tree: WrittenTree, file: string, configMap: string): boolean {
  const owners = tree.objects.filter(({ document }) => document.file === file).map(({ owner }) => owner);
  // A patch is no object, and of two folders that stand for each other only one shows its objects.
  const below = (path: string): boolean => MODES.some((mode) => file.startsWith(`${posix.normalize(path.replaceAll(BY_MODE, mode)).replace(/^\.?\//, '').replace(/\/$/, '')}/`));
  return tree.objects.some((each) => isFluxKustomization(each.apiVersion, each.kind) && (owners.length > 0 ? owners.includes(each.name) : below(textIn(each.document.data, 'spec', 'path') ?? './'))
    && listIn(each.document.data, 'spec', 'postBuild', 'substituteFrom').some((from) => textIn(from, 'kind') === 'ConfigMap' && textIn(from, 'name') === configMap));
}

/** Every variable used is defined or has a default, every defined one is used, and none is where nothing fills it in. */
export const settingsUsed: Rule = (site, sources) => {
  const missing = new PerCluster();
  const whole = treeIsWhole(sources);
  for (const tree of site.trees) {
    const settings = site.settings.get(tree.cluster);
    if (settings === undefined) continue;
    let hidden = !whole;
    const defined = new Set(Object.keys(mapIn(settings.document.data, 'data')));
    const used = new Set<string>();
    const manifests = new Set(tree.objects.map(({ document }) => document.file));
    for (const file of tree.files) {
      if (file.endsWith('/kustomization.yaml')) continue;
      const { uses, malformed } = usesIn(file, sources.text(file) ?? '', !manifests.has(file));
      hidden ||= malformed.length > 0;
      for (const spot of malformed) sources.report(spot, 'variable-form', 'this is not a variable Flux can fill in', 'written ${NAME} or ${NAME:=default}; a $ that stays is written $$');
      const owns = tree.own.get(file) ?? [];
      for (const { name, spot, needed } of uses) {
        // Every one who applies it says it himself: what the settings say does not count then.
        if (owns.length > 0 && owns.every((own) => own.has(name))) continue;
        if (!tree.substituted.has(file)) {
          hidden = true;
          sources.report(spot, 'variable-not-filled', `${name} is not filled in here: the Kustomization that applies this file takes nothing from cluster-settings`, 'add postBuild.substituteFrom with ConfigMap cluster-settings, or write $${...} for a $ that stays');
          continue;
        }
        const source = AT_RUN_TIME.get(name);
        if (source !== undefined) {
          if (!takesFrom(tree, file, source)) sources.report(spot, 'variable-not-filled', `${name} is not filled in here: the Kustomization that applies this file takes nothing from ${source}`, `add ConfigMap ${source} to its postBuild.substituteFrom`);
          continue;
        }
        used.add(name);
        if (!needed || defined.has(name)) continue;
        hidden = true;
        const near = nearest(name, defined);
        missing.add(tree.cluster, spot, 'variable-undefined', (clusters) => `${name} is not in cluster-settings of ${clusters}, and Flux fails on a variable without a value`, near === undefined ? `add it there, or give a default: \${${name}:=...}` : `did you mean ${near}?`);
      }
    }
    // A variable of a file that cannot be read, or one that is misspelt where it is used, would look unused.
    if (hidden) continue;
    for (const { key } of settings.data) {
      if (!used.has(key.value)) sources.report(key.spot, 'variable-unused', `${key.value} is used nowhere in what ${tree.cluster} applies`, 'remove it, or use it where its value is now written out');
    }
  }
  missing.tell(sources.report);
};
