import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Proc } from './doors.ts';
import { findTool, type Environment } from './environment.ts';
import { parseHelmVersion, versionArgs } from './helm.ts';
import { buildableTools, builtTool, toolsCache } from './toolchain.ts';

const PROGRAM_ROOT = dirname(dirname(import.meta.dirname));

/** Wall ms. Rendering is a second at most for the largest charts there are; a registry may be slow. */
const TEMPLATE_MS = 60_000;
const PULL_MS = 120_000;

/** What a chart is rendered with. The values go by standard input: they may hold secrets. */
export interface TemplateOrder {
  readonly release: string;
  readonly namespace: string;
  /** A folder or an archive; absolute. */
  readonly chart: string;
  /** JSON, which is YAML. */
  readonly values: string;
  readonly kubeVersion: string;
  readonly apiVersions: readonly string[];
  readonly skipSchema: boolean;
  readonly skipTests: boolean;
  readonly skipHooks: boolean;
}

/** Where a chart is fetched from, and into which folder. `url` of a repository, or of the chart itself (oci://). */
export interface PullOrder { readonly url: string; readonly name: string; readonly version: string | undefined; readonly plainHttp: boolean; readonly into: string }

/** What became of a rendering: its text, or helm's own words. */
export type Templated = { readonly text: string } | { readonly error: string };

/** helm as a renderer of charts. It knows no cluster, no repositories and no registry of whoever runs this, and keeps nothing. */
export interface HelmTemplate {
  template(order: TemplateOrder): Promise<Templated>;
  /** Fetches a chart's archive. Throws ToolFailure with helm's reason. */
  pull(order: PullOrder): Promise<void>;
  clientVersion(): Promise<string>;
}

export function templateArgs(order: TemplateOrder): string[] {
  return [
    'template', order.release, order.chart, '--namespace', order.namespace, '--include-crds', '--kube-version', order.kubeVersion,
    ...(order.apiVersions.length === 0 ? [] : ['--api-versions', order.apiVersions.join(',')]),
    ...(order.skipSchema ? ['--skip-schema-validation'] : []),
    ...(order.skipTests ? ['--skip-tests'] : []),
    ...(order.skipHooks ? ['--no-hooks'] : []),
    '--values', '-',
  ];
}

export function pullArgs(order: PullOrder): string[] {
  const version = order.version === undefined ? [] : ['--version', order.version];
  const from = order.url.startsWith('oci://') ? [order.url] : [order.name, '--repo', order.url];
  return ['pull', ...from, ...version, '--destination', order.into, ...(order.plainHttp ? ['--plain-http'] : [])];
}

/** Where helm is: on PATH, or as tools:install builds it; undefined when it is nowhere. */
export function findHelm(environment: Environment): string | undefined {
  const onPath = findTool('helm', environment['PATH'] ?? '');
  if (onPath !== undefined) return onPath;
  const buildable = buildableTools(PROGRAM_ROOT).find(({ tool }) => tool === 'helm');
  const built = buildable === undefined ? undefined : builtTool(toolsCache(environment), buildable);
  return built !== undefined && existsSync(built) ? built : undefined;
}

/** helm whose own files (repositories, registry logins, plugins, caches) are below `scratch` and nowhere else. */
export function makeHelmTemplate(proc: Proc, tool: string, scratch: string): HelmTemplate {
  const home = join(scratch, 'helm');
  const env = {
    HOME: home, XDG_CACHE_HOME: join(home, 'cache'), HELM_CACHE_HOME: join(home, 'cache'), HELM_CONFIG_HOME: join(home, 'config'), HELM_DATA_HOME: join(home, 'data'),
    HELM_PLUGINS: join(home, 'plugins'), HELM_REGISTRY_CONFIG: join(home, 'registry.json'), HELM_REPOSITORY_CONFIG: join(home, 'repositories.yaml'), HELM_REPOSITORY_CACHE: join(home, 'repository'), DOCKER_CONFIG: join(home, 'docker'),
  };
  return {
    async template(order) {
      // 1: the chart, or what it was given, is wrong; that is an answer.
      const ran = await proc.run({ tool, argv: templateArgs(order), effect: 'read', stdin: order.values, env, timeoutMs: TEMPLATE_MS, ok: [0, 1] });
      return ran.exitCode === 0 ? { text: ran.stdout } : { error: ran.stderr };
    },
    async pull(order) {
      await proc.run({ tool, argv: pullArgs(order), effect: 'read', env, timeoutMs: PULL_MS });
    },
    clientVersion: async () => parseHelmVersion((await proc.run({ tool, argv: versionArgs(), effect: 'read', env, timeoutMs: TEMPLATE_MS })).stdout),
  };
}
