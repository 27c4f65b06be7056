import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { load } from 'js-yaml';
import { newBundle } from '../../world/bundle.ts';
import type { Bundle } from '../../world/bundle.ts';
import { isMain } from '../../world/machine-config.ts';
import { textAt } from '../../world/value.ts';
import type { Fields } from '../../world/value.ts';
import { Exit, parseFlags, Unmodelled } from '../shared/flags.ts';
import { goYaml } from '../shared/yaml.ts';
import { exactly } from './basics.ts';
import { generate, talosconfig } from './generate.ts';
import type { GenerateInput } from './generate.ts';
import { applyPatches, loadPatches } from './patch.ts';

const TYPES = ['controlplane', 'worker', 'talosconfig'] as const;
const isType = (text: string): text is (typeof TYPES)[number] => TYPES.some((type) => type === text);

/** `gen secrets` and `gen config`. */
export async function gen(argv: readonly string[]): Promise<void> {
  const what = argv.find((word) => !word.startsWith('-'));
  const rest = argv.filter((_word, n) => n !== argv.indexOf(what ?? ''));
  if (what === 'secrets') return secrets(rest);
  if (what === 'config') return config(rest);
  throw new Unmodelled('talosctl', `unknown command "${what ?? ''}" for "talosctl gen"`);
}

async function secrets(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', { 'output-file': { type: 'string', short: 'o', default: 'secrets.yaml' }, 'talos-version': { type: 'string' }, force: { type: 'bool', short: 'f' } }, argv);
  exactly(flags.args, 0);
  const file = flags.text('output-file');
  if (file !== '-') refuseExisting(file, flags.bool('force'));
  const bundle = await newBundle(4096);
  const text = goYaml({
    cluster: { id: bundle.CLUSTER_ID, secret: bundle.CLUSTER_SECRET },
    secrets: { bootstraptoken: bundle.CLUSTER_TOKEN, secretboxencryptionsecret: bundle.CLUSTER_SECRETBOXENCRYPTIONSECRET }, trustdinfo: { token: bundle.MACHINE_TOKEN },
    certs: {
      etcd: { crt: bundle.CLUSTER_ETCD_CA_CRT, key: bundle.CLUSTER_ETCD_CA_KEY }, k8s: { crt: bundle.CLUSTER_CA_CRT, key: bundle.CLUSTER_CA_KEY },
      k8saggregator: { crt: bundle.CLUSTER_AGGREGATORCA_CRT, key: bundle.CLUSTER_AGGREGATORCA_KEY }, k8sserviceaccount: { key: bundle.CLUSTER_SERVICEACCOUNT_KEY }, os: { crt: bundle.MACHINE_CA_CRT, key: bundle.MACHINE_CA_KEY },
    },
  });
  if (file === '-') process.stdout.write(text);
  else writeFileSync(file, text, { mode: 0o600 });
}

/** A secrets file as `gen secrets` writes it. Throws Exit 1 naming what is missing. */
function readSecrets(file: string): Bundle {
  let whole: unknown;
  try {
    whole = load(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Exit(1, `failed to load secrets bundle: ${error instanceof Error && 'code' in error && error.code === 'ENOENT' ? `open ${file}: no such file or directory` : String(error instanceof Error ? error.message : error)}`);
  }
  const missing: string[] = [];
  const field = (...path: readonly string[]): string => {
    const value = textAt(whole, ...path);
    if (value === undefined || value === '') missing.push(path.join('.'));
    return value ?? '';
  };
  const bundle: Bundle = {
    MACHINE_TOKEN: field('trustdinfo', 'token'), MACHINE_CA_CRT: field('certs', 'os', 'crt'), MACHINE_CA_KEY: field('certs', 'os', 'key'),
    CLUSTER_CA_CRT: field('certs', 'k8s', 'crt'), CLUSTER_CA_KEY: field('certs', 'k8s', 'key'), CLUSTER_ID: field('cluster', 'id'), CLUSTER_SECRET: field('cluster', 'secret'),
    CLUSTER_TOKEN: field('secrets', 'bootstraptoken'), CLUSTER_AGGREGATORCA_CRT: field('certs', 'k8saggregator', 'crt'), CLUSTER_AGGREGATORCA_KEY: field('certs', 'k8saggregator', 'key'),
    CLUSTER_ETCD_CA_CRT: field('certs', 'etcd', 'crt'), CLUSTER_ETCD_CA_KEY: field('certs', 'etcd', 'key'),
    CLUSTER_SECRETBOXENCRYPTIONSECRET: textAt(whole, 'secrets', 'secretboxencryptionsecret') ?? '', CLUSTER_SERVICEACCOUNT_KEY: field('certs', 'k8sserviceaccount', 'key'),
  };
  if (missing.length > 0) throw new Exit(1, `failed to validate secrets bundle: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} required`);
  return bundle;
}

async function config(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', {
    'additional-sans': { type: 'strings' }, 'config-patch': { type: 'string' }, 'config-patch-control-plane': { type: 'string' }, 'config-patch-worker': { type: 'string' }, 'dns-domain': { type: 'string', default: 'cluster.local' },
    'install-disk': { type: 'string', default: '/dev/sda' }, 'install-image': { type: 'string' }, 'kubernetes-version': { type: 'string', default: '1.35.0' }, output: { type: 'string', short: 'o' },
    'output-types': { type: 'strings', short: 't' }, persist: { type: 'bool', short: 'p', default: true }, 'talos-version': { type: 'string' }, 'with-cluster-discovery': { type: 'bool', default: true },
    'with-docs': { type: 'bool', default: true }, 'with-examples': { type: 'bool', default: true }, 'with-secrets': { type: 'string' }, force: { type: 'bool', short: 'f' },
  }, argv);
  const [cluster = '', endpoint = ''] = exactly(flags.args, 2);
  const given = flags.list('output-types');
  const wrong = given.filter((type) => !isType(type));
  if (wrong.length > 0) throw new Exit(1, `${wrong.length} error${wrong.length === 1 ? '' : 's'} occurred:\n${wrong.map((type) => `\t* invalid output type: "${type}"\n`).join('')}\n`);
  const types = given.length === 0 ? TYPES : TYPES.filter((type) => given.includes(type));
  const output = flags.text('output');
  if (output === '-' && types.length > 1) throw new Exit(1, "can't use multiple output types with stdout");
  if (!endpoint.startsWith('https://')) throw new Exit(1, `the control plane endpoint URL should have scheme https://\ntry: "https:${/^[a-z][a-z0-9+.-]*:/i.test(endpoint) ? endpoint.replace(/^[^:]+:/, '') : `//${endpoint}`}"`);
  if (flags.text('talos-version') !== '' && !/^v?\d+\.\d+/.test(flags.text('talos-version'))) throw new Exit(1, `invalid talos-version: error parsing version "${flags.text('talos-version')}"`);
  process.stderr.write('generating PKI and tokens\n');
  const bundle = flags.text('with-secrets') === '' ? await newBundle(4096) : readSecrets(flags.text('with-secrets'));
  const input: GenerateInput = {
    cluster, endpoint, bundle, talosVersion: flags.text('talos-version'), kubernetesVersion: flags.text('kubernetes-version').replace(/^v/, ''), sans: flags.list('additional-sans'), installDisk: flags.text('install-disk'),
    installImage: flags.text('install-image') || 'ghcr.io/siderolabs/installer:v1.12.0', dnsDomain: flags.text('dns-domain'), persist: flags.bool('persist'), discovery: flags.bool('with-cluster-discovery'),
  };
  for (const type of types) {
    const text = type === 'talosconfig' ? goYaml(talosconfig(input)) : machineText(input, type, [...flags.list('config-patch'), ...flags.list(type === 'controlplane' ? 'config-patch-control-plane' : 'config-patch-worker')]);
    if (output === '-') {
      process.stdout.write(text);
      continue;
    }
    const name = type === 'talosconfig' ? 'talosconfig' : `${type}.yaml`;
    const file = types.length === 1 && output !== '' ? output : join(output, name);
    refuseExisting(file, flags.bool('force'));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o644 });
    process.stderr.write(`Created ${file}\n`);
  }
}

function machineText(input: GenerateInput, type: 'controlplane' | 'worker', patches: readonly string[]): string {
  return documentsText(applyPatches(generate(input, type), loadPatches(patches)));
}

/** Documents as one text, the main one first. */
export const documentsText = (documents: readonly Fields[]): string => [...documents.filter(isMain), ...documents.filter((document) => !isMain(document))].map(goYaml).join('---\n');

function refuseExisting(file: string, force: boolean): void {
  if (!force && existsSync(file) && !file.startsWith('/dev/')) throw new Exit(1, `file "${file}" already exists, use --force to overwrite`);
}
