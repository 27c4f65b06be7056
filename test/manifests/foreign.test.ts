import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fc } from '../fast-check.ts';
import { loadAll } from 'js-yaml';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { buildTrees, entriesOf, readSettings, readTexts } from '../../scripts/manifests/build/index.ts';
import type { Report, Told } from '../../scripts/manifests/findings/report.ts';
import type { Tree } from '../../scripts/manifests/model.types.ts';
import { realTool } from '../real-tool.ts';
import { aroundHere, REFERENCE, reportOf, ROOT } from './planted.ts';
import { differencesWithFlux } from './real-flux.ts';
import { sampled, SOAK, some } from './sample.ts';

/** Files spoilt at a time in one tree; in the soak every file is, several times. */
const SPOILT = 6;
/** Of so many files one is made no YAML, of so many Kustomizations one is built by flux. */
const BROKEN = 14;
const BUILT = 6;

const TREES = [
  {
    name: 'home', cluster: 'cluster', entry: 'kubernetes/flux/cluster', kustomizations: 42, objects: 254, releases: 34,
    // Their charts are beside the checkout, at the very pins.
    rendered: ['flux-system/flux-instance', 'flux-system/flux-operator'],
  },
  { name: 'flat', cluster: 'home', entry: 'clusters/home', kustomizations: 5, objects: 82, releases: 5, rendered: [] },
] as const;

const inWords = ({ severity, rule, spot, object, message }: Told): string => `${severity} ${rule} ${spot.file}:${spot.line} ${object ?? ''}: ${message}`;

describe.each(TREES)('$name, a tree of somebody else', ({ name, cluster, entry, kustomizations, objects, releases, rendered }) => {
  const root = join(ROOT, 'test/fixtures/trees', name);
  let tree: Tree;
  let report: Report;
  beforeAll(async () => {
    const texts = readTexts(root);
    const { settings } = readSettings(texts);
    const [built] = await buildTrees(texts, settings, entriesOf(texts, settings), aroundHere());
    if (built === undefined) throw new Error(`nothing is found to begin with in ${name}`);
    tree = built;
    report = await reportOf({ root });
  });

  const declared = (): readonly string[] => tree.objects.filter(({ object }) => object.kind === 'HelmRelease').map(({ object }) => `HelmRelease ${object.metadata.namespace ?? ''}/${object.metadata.name}`).toSorted();
  const notRendered = (findings: readonly Told[]): readonly string[] => findings.filter(({ rule }) => rule === 'release-not-rendered').map(({ object }) => object ?? '').toSorted();

  test('its entry is found by itself, and everything is built', () => {
    expect(tree).toMatchObject({ name: cluster, entry });
    expect(tree.units.filter((unit) => unit.broken).map((unit) => unit.name)).toEqual([]);
    expect(report.clusters).toMatchObject([{ kustomizations, objects, releases }]);
  });

  test('nothing is wrong with it, and no alarm is raised', () => {
    expect(report.findings.filter(({ severity }) => severity !== 'unknown').map(inWords)).toEqual([]);
  });

  test('what cannot be told offline: every chart, and kinds without a schema here', () => {
    const unknown = report.findings.filter(({ severity }) => severity === 'unknown');
    expect([...new Set(unknown.map(({ rule }) => rule))].filter((rule) => rule !== 'release-not-rendered' && rule !== 'schema-missing')).toEqual([]);
    expect(notRendered(unknown)).toEqual(declared());
    // Told once for each kind, not for each object.
    const kinds = unknown.filter(({ rule }) => rule === 'schema-missing').map(({ message }) => message);
    expect(new Set(kinds).size).toBe(kinds.length);
  });

  test.runIf(existsSync(REFERENCE))('nor with schemas of all its kinds and charts of other versions at hand', async () => {
    const { findings } = await reportOf({ root, reference: true });
    expect(findings.filter(({ rule, severity }) => severity !== 'unknown' || rule !== 'release-not-rendered').map(inWords)).toEqual([]);
    const known: readonly string[] = rendered.map((each) => `HelmRelease ${each}`);
    expect(notRendered(findings)).toEqual(declared().filter((each) => !known.includes(each)));
  });

  const flux = realTool('flux');
  test.runIf(flux !== undefined)(`is built as flux builds it, object by object${sampled(BUILT)}${flux === undefined ? ' (skipped: no flux here)' : ''}`, async () => {
    expect(await differencesWithFlux(flux ?? '', tree, some(tree.units, BUILT))).toEqual([]);
  }, 240_000);

  describe('with a file spoilt', () => {
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /\.ya?ml$/.test(file)).toSorted();
    /** Files that are read as YAML: what objects and instructions of kustomize stand in. What a generator takes in is any text. */
    const read = (): ReadonlySet<string> => new Set([...tree.objects.map(({ origin }) => origin.source.file), ...files.filter((file) => /(?:^|\/)kustomization\.ya?ml$/.test(file))]);

    async function spoilt(file: string, text: string): Promise<readonly string[]> {
      const { findings } = await reportOf({ root, overlay: new Map([[file, text]]) });
      const wrong: string[] = [];
      for (const finding of findings) {
        const lines = finding.spot.file === file ? text : existsSync(join(root, finding.spot.file)) ? readFileSync(join(root, finding.spot.file), 'utf8') : undefined;
        if (finding.spot.line < 0 || finding.spot.line > (lines ?? '').split('\n').length) wrong.push(`out of its file: ${inWords(finding)}`);
        if (finding.message.trim() === '' || finding.hint.trim() === '') wrong.push(`says nothing: ${inWords(finding)}`);
      }
      if (read().has(file) && isBroken(text) && !findings.some(({ spot, severity }) => spot.file === file && severity === 'error')) wrong.push(`${file} is no YAML any more, and nobody says so`);
      return wrong;
    }

    test('that is no YAML any more is told once, and nobody takes what it held for missing', async () => {
      const known = new Set(report.findings.map(({ rule, spot, message }) => JSON.stringify([rule, spot.file, message])));
      const wrong: string[] = [];
      const all = read();
      for (const file of some(files.filter((each) => all.has(each)), BROKEN)) {
        const { findings } = await reportOf({ root, overlay: new Map([[file, `${readFileSync(join(root, file), 'utf8')}\n}: [\n`]]) });
        const news = findings.filter(({ rule, spot, message, severity }) => severity !== 'unknown' && !known.has(JSON.stringify([rule, spot.file, message])));
        if (news.length !== 1 || news[0]?.spot.file !== file) wrong.push(`${file}: ${news.map(inWords).join('; ')}`);
      }
      expect(wrong).toEqual([]);
    }, SOAK ? 600_000 : 60_000);

    const cases = fc.record({ file: fc.nat(), how: fc.constantFrom(...SPOILING), at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), much: fc.nat({ max: 60 }), what: fc.constantFrom(...NASTY) });
    test('is never a crash, and told at that file when it is no YAML any more', async () => {
      const runs = SOAK ? files.length * 4 : SPOILT;
      let turn = 0;
      // A failure prints its seed and its case; SEED repeats it.
      const seed = process.env['SEED'] === undefined ? undefined : Number(process.env['SEED']);
      await fc.assert(fc.asyncProperty(cases, async ({ file: chosen, how, at, much, what }) => {
        const file = files[SOAK ? turn++ % files.length : chosen % files.length] ?? '';
        const before = readFileSync(join(root, file), 'utf8');
        expect(await spoilt(file, how(before, Math.floor(at * before.length), much, what)), file).toEqual([]);
      }), { numRuns: runs, endOnFailure: SOAK, ...(seed === undefined ? {} : { seed }) });
    }, SOAK ? 1_800_000 : 120_000);
  });
});

const NASTY = ['\t', ': ', '{', ']', '"', "'", '\0', '- ', '&x ', '*y', '|', '\uFEFF', '%', '${', '${X', '$${', '!!binary ', '---\n', '...\n', '#', '\r\n', '<<: *z', '? ', '@', 'ä', '\u2028', '[[', '${a:-${b}}', '~', 'null', '\uE0F0', '0x', '1e999'];
type Spoil = (text: string, at: number, much: number, what: string) => string;
const SPOILING: readonly Spoil[] = [
  function cut(text, at) { return text.slice(0, at); },
  function take(text, at, much) { return text.slice(0, at) + text.slice(at + much + 1); },
  function put(text, at, _, what) { return text.slice(0, at) + what + text.slice(at); },
  function over(text, at, much, what) { return text.slice(0, at) + what + text.slice(at + (much % 4) + 1); },
  function twice(text, at, much) { return text.slice(0, at + much) + text.slice(at); },
  function indent(text, at, much) { return text.slice(0, at) + text.slice(at).replace('\n', `\n${' '.repeat((much % 5) + 1)}`); },
  function dedent(text, at) { return text.slice(0, at) + text.slice(at).replace(/\n +/, '\n'); },
  function line(text, at) { return text.slice(0, at) + text.slice(at).replace(/\n[^\n]*/, ''); },
];

/** Not YAML to Flux's own parser, which reads YAML 1.1: U+0085, U+2028 and U+2029 end a line there. */
function isBroken(raw: string): boolean {
  const text = raw.replaceAll(/[\u0085\u2028\u2029]/g, '\n');
  try {
    loadAll(text);
    return false;
  } catch {
    return parseAllDocuments(text).some((document) => 'errors' in document && document.errors.length > 0);
  }
}
