import { Failure } from '../engine/failure.ts';
import type { Verdict } from '../engine/verdict.ts';
import { installHint } from '../tools/environment.ts';
import { neededReferences } from '../tools/secrets.ts';
import type { Cx } from './context.ts';

/** How far a tool may be from the pin before we refuse to drive it. */
type Closeness = 'same minor' | 'same major';

/**
 * The tools a create drives, and how exact their version must be. talosctl and helmfile speak formats that change
 * with the minor; helm and flux promise compatibility within a major.
 */
const TOOLS: readonly { readonly tool: 'talosctl' | 'helmfile' | 'helm' | 'flux' | 'op' | 'sops'; readonly fits: Closeness }[] = [
  { tool: 'talosctl', fits: 'same minor' },
  { tool: 'helmfile', fits: 'same major' },
  { tool: 'helm', fits: 'same major' },
  { tool: 'op', fits: 'same major' },
  { tool: 'sops', fits: 'same major' },
];
const STORES: Readonly<Record<string, string>> = { op: 'op://', sops: 'sops://' };

/** The tools this site needs: of those that open secret stores, the ones its references name. The lab's own store is always asked as 1Password is. */
export function toolsOf({ site, cluster }: Pick<Cx, 'site' | 'cluster'>): typeof TOOLS {
  const references = neededReferences(site, [cluster]);
  return TOOLS.filter(({ tool }) => {
    const scheme = STORES[tool];
    return scheme === undefined || (site.target.kind === 'lab' ? tool === 'op' : references.some((reference) => reference.startsWith(scheme)));
  });
}

/** One finding per tool: there, and of a version we know how to drive. */
export async function toolVerdicts(cx: Cx, tell: (finding: ToolFinding) => void = () => {}): Promise<readonly ToolFinding[]> {
  return Promise.all(toolsOf(cx).map(async (pinned) => {
    const finding = await toolVerdict(cx, pinned);
    tell(finding);
    return finding;
  }));
}

interface ToolFinding { readonly name: string; readonly verdict: Verdict }

async function toolVerdict(cx: Cx, { tool, fits }: (typeof TOOLS)[number]): Promise<ToolFinding> {
  const wanted = cx.site.versions.tools[tool];
  const name = `${tool}${wanted === undefined ? '' : ` ${wanted}`} can be driven`;
  try {
    const found = await clientVersion(cx, tool);
    if (wanted === undefined || close(found, wanted, fits)) return { name, verdict: { is: 'pass' as const, because: found } };
    return { name, verdict: { is: 'fail' as const, because: `${tool} is ${found}, the pin is ${wanted} (${fits} needed)`, hint: installHint(tool, wanted) } };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const because = error.because === undefined ? error.what : `${error.what}: ${error.because}`;
    // A dry run must work on a machine that has none of the tools yet.
    return { name, verdict: { is: cx.dryRun ? 'unknown' as const : 'fail' as const, because, hint: error.hint ?? `task tools:check shows what is found where` } };
  }
}

async function clientVersion(cx: Cx, tool: (typeof TOOLS)[number]['tool']): Promise<string> {
  switch (tool) {
    case 'talosctl': return cx.doors.talos.clientVersion();
    case 'helmfile': return cx.doors.helmfile.clientVersion();
    case 'helm': return cx.doors.helm.clientVersion();
    case 'flux': return cx.doors.flux.clientVersion();
    case 'op': return cx.doors.op.clientVersion();
    case 'sops': return cx.doors.stores.sopsVersion();
  }
}

/** Compares `v1.12.3` with `1.12.0` by the parts that must agree. A version that cannot be read never fits. */
export function close(found: string, wanted: string, fits: Closeness): boolean {
  // Two parts are enough: helm built from its module says v4.3, its release binary v4.3.1.
  const parts = (text: string): readonly string[] | undefined => /(\d+)\.(\d+)(?:\.\d+)?/.exec(text)?.slice(1, 3);
  const a = parts(found);
  const b = parts(wanted);
  if (a === undefined || b === undefined) return false;
  return a[0] === b[0] && (fits === 'same major' || a[1] === b[1]);
}
