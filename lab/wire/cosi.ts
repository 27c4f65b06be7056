/** Resources as COSI has them: every one in both encodings, YAML for people and bytes for the client's own checks. */
import { createHash } from 'node:crypto';
import { dump } from 'js-yaml';
import { goYaml } from '../standins/shared/yaml.ts';
import type { Machine } from '../world/machine.ts';
import { KINDS, listResources } from '../world/resources.ts';
import type { Kind } from '../world/resources.ts';
import { RpcError } from '../world/rpc.ts';
import { isFields, textAt, textsAt } from '../world/value.ts';
import type { Fields } from '../world/value.ts';
import { listOf } from './call.ts';
import type { NodeCall } from './call.ts';
import { encode } from './codec.ts';
import { timestamp } from './fields/common.ts';
import { SPECS } from './fields/cosi.ts';

const DEFINITIONS = 'ResourceDefinitions.meta.cosi.dev';
const NAMESPACES = 'Namespaces.meta.cosi.dev';

/** The names a kind goes by: what COSI makes of its type, and its own. Short ones first, as the table of definitions shows them. */
function namesOf({ type, display, aliases }: Kind): { readonly short: readonly string[]; readonly all: readonly string[] } {
  const [plural = '', ...suffix] = type.split('.');
  const initials = plural.replace(/[^A-Z]/g, '').toLowerCase();
  const short = [...new Set([display.toLowerCase(), ...(initials.length > 1 ? [initials, ...(initials.endsWith('s') ? [] : [`${initials}s`])] : [])])];
  const own = aliases.filter((alias) => alias !== plural.toLowerCase() && !short.includes(alias));
  return { short: [...own, ...short], all: [...new Set([...short, ...own, plural.toLowerCase(), ...suffix.slice(0, -1).map((_part, n) => [plural.toLowerCase(), ...suffix.slice(0, n + 1)].join('.'))])] };
}

function definitionOf(kind: Kind): Fields {
  const { short, all } = namesOf(kind);
  return {
    type: kind.type, resourceType: kind.type, displayType: kind.display, defaultNamespace: kind.namespace, aliases: short, allAliases: all,
    printColumns: kind.columns.map(({ name, path }) => ({ name, jsonPath: path === '' ? '{@}' : `{.${path}}` })), sensitivity: kind.sensitive === true ? 'SENSITIVE' : 'NON_SENSITIVE',
  };
}
const META: readonly Kind[] = [
  { type: DEFINITIONS, display: 'ResourceDefinition', namespace: 'meta', aliases: ['api-resources'], maintenance: true, columns: [{ name: 'Aliases', path: 'aliases[:]' }], items: () => [] },
  { type: NAMESPACES, display: 'Namespace', namespace: 'meta', aliases: ['ns'], maintenance: true, columns: [{ name: 'Description', path: 'description' }], items: () => [] },
];
const ALL = [...META, ...KINDS];
/** The same at every start: definitions never change while a machine runs. */
const definitions = (): readonly Fields[] => ALL.map((kind) => {
  const spec = definitionOf(kind);
  return {
    id: kind.type.toLowerCase(), spec,
    yaml: { type: kind.type, displayType: kind.display, aliases: spec['aliases'], allAliases: spec['allAliases'], defaultNamespace: kind.namespace, printColumns: kind.columns.map(({ name, path }) => ({ name, jsonPath: path === '' ? '{@}' : `{.${path}}` })), sensitivity: kind.sensitive === true ? 'sensitive' : '' },
  };
});

/** Specs whose bytes have other words than their YAML. */
const IN_BYTES: Readonly<Record<string, (spec: Fields) => Fields>> = {
  'Members.cluster.talos.dev': (spec) => ({ ...spec, addresses: textsAt(spec, 'addresses').map((address) => ({ ip: Buffer.from(address.split('.').map(Number)) })), ...(isFields(spec['controlPlane']) ? { controlPlane: { apiServerPort: spec['controlPlane']['port'] } } : {}) }),
  'MachineStatuses.runtime.talos.dev': (spec) => ({ ...spec, stage: spec['stage'] === 'shuttingDown' ? 'shutting down' : spec['stage'] }),
  // Bytes of PEM, which the YAML has in base64.
  'OSRootSecrets.secrets.talos.dev': (spec) => ({ ...spec, issuingCA: pems(spec['issuingCA']), acceptedCAs: listOf(spec['acceptedCAs']).map(pems) }),
};
const pems = (pair: unknown): Fields => Object.fromEntries(Object.entries(isFields(pair) ? pair : {}).map(([key, value]) => [key, Buffer.from(String(value), 'base64')]));

function protoOf(type: string, spec: unknown): Buffer {
  const table = SPECS[type];
  if (table === undefined) return Buffer.alloc(0);
  if (typeof spec === 'string') return encode(table, { yamlMarshalled: Buffer.from(spec) });
  return isFields(spec) ? encode(table, IN_BYTES[type]?.(spec) ?? spec) : Buffer.alloc(0);
}

/** Versions count changes, as COSI's do; they begin anew with each boot. */
const versions = new WeakMap<Machine, { readonly bootId: string; readonly of: Map<string, { readonly digest: string; version: number }> }>();
function versionOf(machine: Machine, key: string, text: string): string {
  let known = versions.get(machine);
  if (known?.bootId !== machine.state.bootId) versions.set(machine, (known = { bootId: machine.state.bootId, of: new Map() }));
  const digest = createHash('sha1').update(text).digest('base64');
  const before = known.of.get(key);
  const version = before === undefined ? 1 : before.digest === digest ? before.version : before.version + 1;
  known.of.set(key, { digest, version });
  return String(version);
}

/** One resource, with what tells it from an earlier state of itself. */
export interface Resource { readonly id: string; readonly wire: Fields; readonly digest: string }

function resourceOf(machine: Machine, kind: Pick<Kind, 'type' | 'namespace'>, item: { readonly id: string; readonly spec: unknown; readonly yaml: unknown; readonly owner: string; readonly annotations?: unknown }): Resource {
  // A text is a block of its own, indented: a configuration has lines that would end the document.
  const yamlSpec = typeof item.yaml === 'string' ? dump(item.yaml, { lineWidth: -1 }) : goYaml(item.yaml);
  const at = timestamp(machine.state.bootedAt);
  const version = versionOf(machine, `${kind.type}/${item.id}`, yamlSpec);
  return {
    id: item.id, digest: version,
    wire: {
      metadata: { namespace: kind.namespace, type: kind.type, id: item.id, version, owner: item.owner, phase: 'running', created: at, updated: at, annotations: item.annotations ?? {} },
      spec: { protoSpec: protoOf(kind.type, item.spec), yamlSpec },
    },
  };
}

/** The resources of a type on the machine that is asked; with an id, the one of that name or none. `again`: as a watch looks, whose right to was seen and whose call was logged. Rejects with RpcError. */
export async function resources(call: NodeCall, type: string, namespace: string, id = '', again = false): Promise<readonly Resource[]> {
  const kind = ALL.find((each) => each.type === type);
  const of = await read(call, type, kind, again);
  // A namespace that holds none of this kind is empty, not wrong.
  return kind === undefined || (namespace !== '' && namespace !== kind.namespace) ? [] : of.filter((resource) => id === '' || resource.id === id);
}

async function read(call: NodeCall, type: string, kind: Kind | undefined, again: boolean): Promise<readonly Resource[]> {
  const { cluster, machine } = call;
  const face = machine.face();
  if (again && face === 'closed') throw new RpcError('Unavailable', 'error reading from server: EOF');
  if (type === DEFINITIONS || type === NAMESPACES) {
    if (!again) await call.ask('ResourceDefinitions');
    const entries = type === DEFINITIONS ? definitions() : [...new Set(ALL.map((each) => each.namespace))].map((name) => ({ id: name, spec: { description: '' }, yaml: { description: '' } }));
    return entries.map((entry) => resourceOf(machine, { type, namespace: 'meta' }, { id: String(entry['id']), spec: entry['spec'], yaml: entry['yaml'], owner: '' }));
  }
  if (kind === undefined) {
    if (!again) await call.ask('ResourceDefinitions');
    return [];
  }
  const { items } = again ? listResources(cluster, machine, face, type, '', true) : await call.ask('Resources', { type, id: '' });
  return listOf(items).map((item) => resourceOf(machine, kind, { id: textAt(item, 'metadata', 'id') ?? '', spec: item['spec'], yaml: item['spec'], owner: textAt(item, 'metadata', 'owner') ?? '', annotations: isFields(item['metadata']) ? item['metadata']['annotations'] : undefined }));
}

/** Does a resource's id fit the query of a List or Watch? Labels: the lab's resources have none, so a query for one finds nothing. */
export function fits(resource: Resource, options: unknown): boolean {
  if (!isFields(options)) return true;
  const regexp = textAt(options, 'idQuery', 'regexp') ?? '';
  if (regexp !== '') {
    try {
      if (!new RegExp(regexp).test(resource.id)) return false;
    } catch {
      throw new RpcError('InvalidArgument', `error parsing regexp: ${regexp}`);
    }
  }
  const queries = listOf(options['labelQuery']);
  return queries.length === 0 || queries.some((query) => listOf(query['terms']).every((term) => term['invert'] === true || term['op'] === 'NOT_EXISTS'));
}
