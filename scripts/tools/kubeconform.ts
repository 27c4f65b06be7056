import { existsSync } from 'node:fs';
import { Failure } from '../engine/failure.ts';
import type { Proc } from './doors.ts';
import { findTool, type Environment } from './environment.ts';
import { buildableTools, builtTool, toolsCache } from './toolchain.ts';

/** Wall ms for one call: schemas that must be fetched come one after the other. */
const TIMEOUT_MS = 120_000;
const PROGRAM_ROOT = new URL('../../', import.meta.url).pathname;

/** The public catalogs, asked in this order when nothing nearer has a schema: Kubernetes' own kinds, then definitions of others. */
export const CATALOGS: readonly string[] = [
  'https://raw.githubusercontent.com/yannh/kubernetes-json-schema/master/{{ .NormalizedKubernetesVersion }}-standalone{{ .StrictSuffix }}/{{ .ResourceKind }}{{ .KindSuffix }}.json',
  'https://raw.githubusercontent.com/datreeio/CRDs-catalog/main/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json',
];

/** What kubeconform says of one document. `invalid` with what is wrong where; `error`: it could not judge, `said` is why. */
export interface Conformity {
  readonly is: 'valid' | 'invalid' | 'error';
  readonly said: string;
  readonly errors: readonly { readonly path: string; readonly message: string }[];
}

/** The executable: on PATH, or as tools:install builds it; undefined when there is none. */
export function findKubeconform(environment: Environment): string | undefined {
  const onPath = findTool('kubeconform', environment['PATH'] ?? '');
  if (onPath !== undefined) return onPath;
  const buildable = buildableTools(PROGRAM_ROOT).find(({ tool }) => tool === 'kubeconform');
  const built = buildable === undefined ? undefined : builtTool(toolsCache(environment), buildable);
  return built !== undefined && existsSync(built) ? built : undefined;
}

export interface ConformityQuestion {
  /** One object each, as JSON; the answers come in the same order. */
  readonly documents: readonly string[];
  /** Templates of schema files or addresses, asked in order. */
  readonly locations: readonly string[];
  /** Version of Kubernetes for the catalogs: 1.34.4; the newest when it is not known. */
  readonly kubernetes: string | undefined;
  /** Folder for schemas that are downloaded; must exist. */
  readonly downloads: string | undefined;
}

/** Arguments of one call. A single worker: the answers carry no other trace of their documents than their order. */
export function conformityArgs(question: Omit<ConformityQuestion, 'documents'>): string[] {
  return [
    '-strict', '-output', 'json', '-verbose', '-n', '1',
    ...(question.downloads === undefined ? [] : ['-cache', question.downloads]),
    ...(question.kubernetes === undefined ? [] : ['-kubernetes-version', question.kubernetes]),
    ...question.locations.flatMap((location) => ['-schema-location', location]), '-',
  ];
}

/** Judges documents in one process. A document with a wrong field is an answer, not a failure. */
export async function kubeconform(proc: Proc, tool: string, question: ConformityQuestion): Promise<readonly Conformity[]> {
  const ran = await proc.run({ tool, argv: conformityArgs(question), effect: 'read', stdin: question.documents.join('\n---\n'), timeoutMs: TIMEOUT_MS, ok: [0, 1] });
  return parseConformity(ran.stdout, question.documents.length, ran.stderr);
}

/** kubeconform's `-output json`, as many answers as were asked for. */
export function parseConformity(text: string, wanted: number, stderr = ''): readonly Conformity[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw unreadable(stderr.trim() === '' ? text : stderr, error);
  }
  const resources = field(parsed, 'resources');
  if (!Array.isArray(resources) || resources.length !== wanted) throw unreadable(`${Array.isArray(resources) ? resources.length : 'no'} answers for ${wanted} documents`);
  return resources.map((each: unknown) => {
    const status = field(each, 'status');
    if (status !== 'statusValid' && status !== 'statusInvalid' && status !== 'statusError') throw unreadable(`the status ${String(status)}`);
    const errors = field(each, 'validationErrors');
    return {
      is: status === 'statusValid' ? 'valid' : status === 'statusInvalid' ? 'invalid' : 'error',
      said: String(field(each, 'msg') ?? ''),
      errors: (Array.isArray(errors) ? errors : []).map((error: unknown) => ({ path: String(field(error, 'path') ?? ''), message: String(field(error, 'msg') ?? '') })),
    };
  });
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
function unreadable(said: string, cause?: unknown): Failure {
  return new Failure({ exit: 'rerun', what: 'cannot read what kubeconform says', because: said.trim().slice(0, 200) || 'it said nothing', hint: 'task tools:check compares it with its pin', cause });
}
