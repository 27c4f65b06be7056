import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { loadSite } from '../../scripts/config/load.ts';
import type { Problem } from '../../scripts/config/problem.ts';
import { SITE } from '../../scripts/config/target.ts';
import { PROGRAM } from './rig.ts';

/** A copy of the configuration, under git, that a test may change. */
export function copyOfTheConfiguration(change: (root: string) => void): string {
  const root = mkdtempSync(join(tmpdir(), 'task-root-'));
  for (const folder of ['talos', 'bootstrap', 'helmfile.d', 'kubernetes']) cpSync(join(PROGRAM, folder), join(root, folder), { recursive: true });
  change(root);
  const git = (...argv: string[]): void => {
    const ran = spawnSync('git', ['-C', root, '-c', 'user.name=test', '-c', 'user.email=test@example.invalid', '-c', 'commit.gpgsign=false', ...argv], { encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`git ${argv.join(' ')}: ${ran.stderr}`);
  };
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'the configuration of a test');
  return root;
}

/**
 * The configuration cut to the core, made once for a run of the tests, beside the lab's socket (test/global.ts removes it). Processes that make it
 * at the same time each make one, and the first is kept.
 */
function coreOfTheConfiguration(): string {
  const socket = process.env['LAB_SOCKET'];
  if (socket === undefined) throw new Error('LAB_SOCKET is set by test/global.ts');
  const root = join(dirname(socket), 'core');
  if (existsSync(root)) return root;
  const made = copyOfTheConfiguration(cutToTheCore);
  try {
    renameSync(made, root);
  } catch (error) {
    if (!existsSync(root)) throw error;
    rmSync(made, { recursive: true });
  }
  return root;
}

/** The core in a copy of its own, for a test that changes it; removing it is the test's. */
export function ownCore(): string {
  return copyOfTheConfiguration(cutToTheCore);
}

/** For makeRig: the core alone by default, the whole platform in the soak. */
export function core(): { readonly root?: string } {
  return process.env['SOAK'] === undefined ? { root: coreOfTheConfiguration() } : {};
}

/** What every cluster has, whatever runs on it. */
const CORE: ReadonlySet<string> = new Set(['networking', 'security', 'operations', 'storage']);
const COMPONENTS: ReadonlySet<string> = new Set([...CORE, 'gitops']);

/**
 * Leaves of what Flux makes only what every cluster has. A test whose subject is not the databases, the messaging and what builds on them is as true
 * without them, and takes less; the whole platform is brought up, destroyed and rehearsed by the tests of create and rehearse.
 */
function cutToTheCore(root: string): void {
  for (const cluster of ['infra', 'apps']) {
    const file = join(root, 'kubernetes/clusters', cluster, 'layers.yaml');
    const layers = readFileSync(file, 'utf8').split(/^---\n/m);
    const kept = layers.filter((text) => CORE.has(/^metadata:\n {2}name: (.+)$/m.exec(text)?.[1] ?? ''));
    if (kept.length !== CORE.size) throw new Error(`${file} does not have the layers ${[...CORE].join(', ')} any more`);
    writeFileSync(file, kept.join('---\n'));
    removeOthers(join(root, 'kubernetes/clusters', cluster), CORE);
  }
  removeOthers(join(root, 'kubernetes/infrastructure'), COMPONENTS);
  rmSync(join(root, 'kubernetes/workloads'), { recursive: true });
  for (const cluster of ['infra', 'apps']) for (const layer of CORE) dropDangling(join(root, 'kubernetes/clusters', cluster, layer));
  // What is in volumes and databases that are not made is not there to come back.
  const recovery = join(root, 'bootstrap/dr.yaml');
  writeFileSync(recovery, readFileSync(recovery, 'utf8').replaceAll(/^ {2}- name: .*\n(?: {4}.*\n)*? {4}protection: \{by: backup.*\n/gm, ''));
  // What was there for the rest alone would be called a mistake now; what it leaves unused in turn is seen at the next look.
  for (let look = 0; look < 6; look++) {
    const loaded = loadSite(root, SITE);
    if (!('problems' in loaded)) return;
    tidy(root, loaded.problems);
  }
  throw new Error('the core of the configuration has problems after six looks');
}

/** Removes settings nothing uses and folders nothing leads to; throws for any other problem. */
function tidy(root: string, problems: readonly Problem[]): void {
  const others = problems.filter(({ rule }) => rule !== 'variable-unused' && rule !== 'unreachable');
  if (others.length > 0) throw new Error(`the core of the configuration does not stand alone: ${others.map(({ file, line, message }) => `${file}:${line} ${message}`).join('; ')}`);
  for (const { file } of problems.filter(({ rule }) => rule === 'unreachable')) rmSync(join(root, basename(file) === 'kustomization.yaml' ? dirname(file) : file), { recursive: true, force: true });
  for (const [file, unused] of Map.groupBy(problems.filter(({ rule }) => rule === 'variable-unused'), (problem) => problem.file)) {
    const lines = new Set(unused.map(({ line }) => line - 1));
    writeFileSync(join(root, file), readFileSync(join(root, file), 'utf8').split('\n').filter((_, index) => !lines.has(index)).join('\n'));
  }
}

/** Takes what is not there any more off a layer's list. */
function dropDangling(folder: string): void {
  const file = join(folder, 'kustomization.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').split('\n').filter((line) => {
    const path = /^ {2}- (\.\.\/\S+)$/.exec(line)?.[1];
    return path === undefined || existsSync(join(folder, path));
  }).join('\n'));
}

function removeOthers(folder: string, keep: ReadonlySet<string>): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory() && !keep.has(entry.name)) rmSync(join(folder, entry.name), { recursive: true });
}
