import { Failure } from '../engine/failure.ts';
import type { Proc } from './doors.ts';
import { installHint } from './environment.ts';
import { parseFluxVersion } from './flux.ts';
import { parseHelmVersion } from './helm.ts';
import { parseHelmfileVersion } from './helmfile.ts';
import { parseOpVersion } from './op.ts';
import { parseVersion } from './talos-parse.ts';

export interface ToolVersion {
  readonly tool: string;
  readonly wanted: string | undefined;
  /** undefined when it is not there or did not say. */
  readonly found: string | undefined;
  readonly is: 'same' | 'close' | 'different' | 'missing' | 'unknown' | 'unpinned';
  readonly because: string;
  readonly hint: string | undefined;
}

interface Known { readonly argv: readonly string[]; parse(text: string): string }
const word = (pattern: RegExp) => (text: string): string => pattern.exec(text)?.[1] ?? '';

/** How each tool is asked for its version, and how the answer is read. None of these calls uses the network. */
export const VERSION_CALLS: Readonly<Record<string, Known>> = {
  talosctl: { argv: ['version', '--client'], parse: (text) => parseVersion(text, 'client') },
  helm: { argv: ['version', '--short'], parse: parseHelmVersion },
  helmfile: { argv: ['--version'], parse: parseHelmfileVersion },
  flux: { argv: ['version', '--client'], parse: parseFluxVersion },
  op: { argv: ['--version'], parse: parseOpVersion },
  kustomize: { argv: ['version'], parse: word(/v?(\d+\.\d+\.\d+\S*)/) },
  kubeconform: { argv: ['-v'], parse: word(/v?(\d+\.\d+\.\d+\S*)/) },
  kubectl: { argv: ['version', '--client', '--output=yaml'], parse: word(/gitVersion: v?(\S+)/) },
  git: { argv: ['--version'], parse: word(/(\d+\.\d+\.\d+)/) },
  age: { argv: ['--version'], parse: word(/v?(\d+\.\d+\.\d+\S*)/) },
  sops: { argv: ['--version'], parse: word(/sops v?(\d+\.\d+\.\d+\S*)/) },
};

/** Every tool that is pinned or driven, with what was found. Never throws for a tool that is missing or mute. */
export async function toolVersions(proc: Proc, pins: Readonly<Record<string, string>>): Promise<readonly ToolVersion[]> {
  const driven = ['talosctl', 'helmfile', 'helm', 'flux', 'op', 'git'];
  const tools = [...new Set([...driven, ...Object.keys(pins)])].filter((tool) => VERSION_CALLS[tool] !== undefined);
  return Promise.all(tools.map(async (tool) => one(proc, tool, pins[tool])));
}

async function one(proc: Proc, tool: string, wanted: string | undefined): Promise<ToolVersion> {
  const call = VERSION_CALLS[tool];
  try {
    if (call === undefined) throw new Failure({ exit: 'cannotTell', what: `nobody knows how to ask ${tool} for its version`, hint: `take ${tool} out of tools in bootstrap/versions.yaml, or teach this program its version` });
    const said = await proc.run({ tool, argv: call.argv, effect: 'read', timeoutMs: 20_000 });
    const found = call.parse(said.stdout).replace(/^v/, '');
    if (found === '') throw new Failure({ exit: 'cannotTell', what: `${tool} did not say its version`, hint: `task tools:install TOOL=${tool}` });
    return { tool, wanted, found, ...compare(tool, found, wanted) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const missing = error.exit === 'toolMissing';
    return { tool, wanted, found: undefined, is: missing ? 'missing' : 'unknown', because: error.message, hint: error.hint };
  }
}

function numbers(text: string): string[] {
  return text.replace(/^v/, '').split(/[+-]/)[0]?.split('.') ?? [];
}

/** Same version, same major and minor ("close"), or different. A found version with fewer parts is compared by those it has. */
export function compare(tool: string, found: string, wanted: string | undefined): Pick<ToolVersion, 'is' | 'because' | 'hint'> {
  if (wanted === undefined) return { is: 'unpinned', because: 'any version will do', hint: undefined };
  const [a, b] = [numbers(found), numbers(wanted)];
  const equalParts = a.every((part, i) => b[i] === undefined || part === b[i]);
  if (equalParts && a.length >= b.length) return { is: 'same', because: `${found} is the pin`, hint: undefined };
  const is = a[0] === b[0] && a[1] === b[1] ? 'close' : 'different';
  return { is, because: `${found} is here, the pin is ${wanted}`, hint: installHint(tool, wanted) };
}
