import { posix } from 'node:path';
import * as ts from 'typescript';

export interface SourceFile { readonly file: string; readonly text: string }
export interface Violation { readonly file: string; readonly line: number; readonly rule: string }

interface Import { readonly to: string; readonly line: number; readonly how: 'value' | 'type' | 'dynamic' }

/** What each room of scripts/ may import besides itself (docs/architecture.md; everything points down to engine). */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  engine: [],
  config: ['engine'],
  tools: ['config', 'engine'],
  probes: ['tools', 'config', 'engine'],
  health: ['tools', 'config', 'engine'],
  phases: ['dr', 'manifests', 'probes', 'health', 'tools', 'config', 'engine'],
  manifests: ['probes', 'health', 'tools', 'config', 'engine'],
  stories: ['probes', 'health', 'tools', 'config', 'engine'],
  dr: ['probes', 'health', 'tools', 'config', 'engine'],
  terminal: ['engine'],
  cli: ['terminal', 'phases', 'manifests', 'stories', 'dr', 'probes', 'health', 'tools', 'config', 'engine'],
};

/** Packages per room; `only` names the one file, `lazily` means by import() alone (types are free: they are erased). */
const PACKAGES: Readonly<Record<string, Readonly<Record<string, { readonly only?: string; readonly lazily?: true }>>>> = {
  config: { yaml: {}, dotenv: {} },
  manifests: { yaml: {}, 'js-yaml': {}, diff: {}, '@prometheus-io/lezer-promql': { lazily: true } },
  tools: { zx: { only: 'scripts/tools/proc.ts' }, 'js-yaml': {}, '@kubernetes/client-node': { lazily: true } },
  terminal: { listr2: {}, '@clack/prompts': {}, ora: {} },
  lab: { yaml: {}, 'js-yaml': {} },
};

/** The one file of scripts/ whose types the lab shares. */
const SHARED_WITH_LAB = 'scripts/config/target.ts';
const TASKFILE = 'Taskfile.ts';
/** Child processes inherit an environment, so one file beside cli may look at it: to hand it on, filtered. */
const HANDS_ON_ENVIRONMENT = 'scripts/tools/environment.ts';

/** Every arrow that points where it must not, over all files of scripts/, lab/ and Taskfile.ts. Pure. */
export function violations(files: readonly SourceFile[]): readonly Violation[] {
  const read = files.map((source) => ({ ...parse(source), file: source.file }));
  const lazy = new Set(read.flatMap(({ imports }) => imports.filter((i) => i.how === 'dynamic').map((i) => i.to)));
  const found = read.flatMap(({ file, imports, trouble }) => [
    ...trouble.map((each) => ({ file, ...each })),
    ...imports.flatMap((i) => {
      const rule = ruleBroken(file, i);
      return rule === undefined ? [] : [{ file, line: i.line, rule }];
    }),
  ]);
  return [...found, ...notLazy(read, lazy)];
}

/** 'engine' for scripts/engine/x.ts, 'lab' for lab/**, 'Taskfile.ts', 'test'; undefined for what lies in no room. */
function roomOf(file: string): string | undefined {
  const [top, room, ...rest] = file.split('/');
  if (file === TASKFILE) return TASKFILE;
  if (top === 'lab' || top === 'test') return top;
  return top === 'scripts' && room !== undefined && rest.length > 0 && room in ARROWS ? room : undefined;
}

function ruleBroken(file: string, i: Import): string | undefined {
  const from = roomOf(file);
  if (from === undefined) return 'lies in no room of the house';
  if (i.to.startsWith('node:')) return undefined;
  return isFile(i.to) ? fileRule(file, from, i) : packageRule(file, from, i);
}

function isFile(to: string): boolean {
  return to === TASKFILE || /^(scripts|lab|test)\//.test(to) || to.startsWith('../') || to.endsWith('.ts');
}

function fileRule(file: string, from: string, { to, how }: Import): string | undefined {
  const arrow = `${from} -> ${to}`;
  const room = roomOf(to);
  if (from === room) return undefined;
  if (from === 'lab') return to === SHARED_WITH_LAB && how === 'type' ? undefined : `${arrow}: the lab shares only the types of ${SHARED_WITH_LAB}, by import type`;
  if (room === 'lab' || room === 'test') return `${arrow}: nothing in scripts/ or Taskfile.ts imports lab/ or test/`;
  if (room === undefined) return `${arrow}: there is no such room`;
  if (from === TASKFILE) {
    const allowed = how === 'type' || (how === 'value' ? room === 'phases' : ['phases', 'manifests', 'dr', 'stories'].includes(room));
    return allowed ? undefined : `${arrow}: the table of contents takes values from phases only, and loads phases, manifests, dr and stories`;
  }
  if (room === TASKFILE) return from === 'cli' ? undefined : `${arrow}: only cli reads the table of contents`;
  if (!(ARROWS[from] ?? []).includes(room)) return `${arrow}: ${from} may import ${(ARROWS[from] ?? []).join(', ') || 'nothing but itself'}`;
  if (file.startsWith('scripts/health/checks/') && room === 'tools' && how !== 'type') return `${arrow}: checks are pure, tools' types are all they need`;
  return undefined;
}

function packageRule(file: string, from: string, { to, how }: Import): string | undefined {
  const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : (to.split('/')[0] ?? to);
  const allowed = PACKAGES[from]?.[name];
  const arrow = `${from} -> package ${name}`;
  if (allowed === undefined) return `${arrow}: ${from} may use ${Object.keys(PACKAGES[from] ?? {}).join(', ') || 'no package'}`;
  if (allowed.only !== undefined && allowed.only !== file) return `${arrow}: only ${allowed.only} may`;
  if (allowed.lazily === true && how === 'value') return `${arrow}: only by import(), it is slow to load`;
  return undefined;
}

/**
 * Taskfile.ts is read for every `--list`: what some file loads by import() must not come in with it statically, or the
 * laziness is only in the looks. Follows value imports from Taskfile.ts.
 */
function notLazy(read: readonly { readonly file: string; readonly imports: readonly Import[] }[], lazy: ReadonlySet<string>): readonly Violation[] {
  const byFile = new Map(read.map((each) => [each.file, each.imports]));
  const found: Violation[] = [];
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const { to, line, how } of byFile.get(file) ?? []) {
      if (how !== 'value' || !isFile(to)) continue;
      if (lazy.has(to)) found.push({ file, line, rule: `${TASKFILE} -> ${to}: is loaded when its turn comes elsewhere, so it must not be imported statically from what ${TASKFILE} reads` });
      visit(to);
    }
  };
  visit(TASKFILE);
  return found;
}

/** Imports of a file, paths made relative to the project, and places where the program's surroundings are read out of turn. */
function parse({ file, text }: SourceFile): { readonly imports: readonly Import[]; readonly trouble: readonly { readonly line: number; readonly rule: string }[] } {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  const trouble: { line: number; rule: string }[] = [];
  const lineOf = (node: ts.Node): number => source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
  const add = (node: ts.Node, specifier: ts.Node | undefined, how: Import['how']): void => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) {
      const raw = specifier.text;
      imports.push({ to: raw.startsWith('.') ? posix.join(posix.dirname(file), raw) : raw, line: lineOf(node), how });
    } else trouble.push({ line: lineOf(node), rule: 'import() of something computed: nobody can see where this arrow points' });
  };
  const visit = (node: ts.Node): void => {
    // `import { type X }` still loads the file at run time under verbatimModuleSyntax; only `import type` is erased.
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword ? 'type' : 'value');
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) add(node, node.moduleSpecifier, node.isTypeOnly ? 'type' : 'value');
    else if (ts.isImportTypeNode(node)) add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, 'type');
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node, node.arguments[0], 'dynamic');
    else if (file.startsWith('scripts/') && !file.startsWith('scripts/cli/') && ts.isPropertyAccessExpression(node) && node.expression.getText() === 'process'
      && ['env', 'argv', 'exit', 'exitCode'].includes(node.name.text) && !(file === HANDS_ON_ENVIRONMENT && node.name.text === 'env')) {
      trouble.push({ line: lineOf(node), rule: `process.${node.name.text} outside cli: only cli reads argv and the environment and owns the exit code` });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { imports, trouble };
}
