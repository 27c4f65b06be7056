import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, type TestContext } from 'vitest';
import { conformityArgs, parseConformity, type Conformity } from '../../../scripts/tools/kubeconform.ts';
import { troublesOf } from '../../../scripts/manifests/schemas/answers.ts';
import { evaluate } from '../../../scripts/manifests/schemas/evaluate.ts';
import { withoutNulls } from '../../../scripts/manifests/schemas/look.ts';
import type { JsonSchema, Trouble } from '../../../scripts/manifests/schemas/trouble.ts';
import { built, CLUSTERS } from '../../platform/tree.ts';
import { realTool } from '../../real-tool.ts';
import { sampled, SOAK, some } from '../sample.ts';
import { random, specimen, spoilt } from './specimen.ts';

/** The evaluator in this process against the real kubeconform: it may leave things to it, never say otherwise. */

const REFERENCE = join(import.meta.dirname, '../../../../shared/reference/schemas');
const LOCATIONS = [`${REFERENCE}/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json`, `${REFERENCE}/core-v1.34/{{.ResourceKind}}{{.KindSuffix}}.json`];

function need(context: TestContext): string {
  const tool = realTool('kubeconform');
  if (tool === undefined) return context.skip('skipped: no kubeconform on PATH, nor built by tools:install');
  if (!existsSync(REFERENCE)) context.skip(`skipped: nothing at ${REFERENCE}`);
  return tool;
}

/** Of so many objects, and of so many kinds, one is judged by both. */
const OBJECTS = 4;
const KINDS = 4;

interface Case { readonly object: JsonSchema; readonly schema: JsonSchema }

function judged(tool: string, cases: readonly Case[]): readonly Conformity[] {
  const ran = spawnSync(tool, conformityArgs({ locations: LOCATIONS, kubernetes: undefined, downloads: undefined }), { encoding: 'utf8', input: cases.map(({ object }) => JSON.stringify(object)).join('\n---\n'), maxBuffer: 256 * 1024 * 1024 });
  return parseConformity(ran.stdout, cases.length, ran.stderr);
}

/** A trouble as both can tell it; what is inside the forms of one is for people only. */
function told(trouble: Trouble): string {
  const at = trouble.path.join('/');
  switch (trouble.is) {
    case 'extra':
    case 'missing': return `${at} ${trouble.is} ${trouble.keys.toSorted().join(',')}`;
    case 'type': return `${at} ${trouble.got} not ${trouble.want.join('|')}`;
    case 'form': return `${at} ${trouble.which} ${Math.min(2, trouble.which === 'allOf' ? 0 : trouble.matched)}`;
    case 'bound': return `${at} ${trouble.which} ${trouble.got} ${trouble.want}`;
    case 'format': return `${at} ${trouble.want}`;
    default: return `${at} ${trouble.is}`;
  }
}

/** Says where the two differ, and how often the evaluator left the judgement to kubeconform. */
function compare(tool: string, cases: readonly Case[]): { readonly different: readonly string[]; readonly undecided: readonly string[]; readonly invalid: number } {
  const answers = judged(tool, cases);
  const undecided: string[] = [];
  let invalid = 0;
  const different = cases.flatMap(({ object, schema }, index) => {
    const answer = answers[index];
    const own = evaluate(schema, object);
    if (answer?.is === 'error') return [`${JSON.stringify(object).slice(0, 100)}: ${answer.said}`];
    if (answer?.is === 'invalid') invalid += 1;
    if (own.is === 'undecided') {
      undecided.push(own.because);
      return [];
    }
    const theirs = answer?.is === 'invalid' ? troublesOf(answer, object).map(told).toSorted() : [];
    const ours = own.is === 'invalid' ? own.troubles.map(told).toSorted() : [];
    return ours.join('\n') === theirs.join('\n') ? [] : [`${JSON.stringify(object).slice(0, 300)}\n  ours   ${ours.join(' ; ')}\n  theirs ${theirs.join(' ; ')}`];
  });
  return { different, undecided, invalid };
}

function schemaOf(object: JsonSchema): JsonSchema | undefined {
  const [group = '', version = group] = String(object['apiVersion']).split('/');
  const kind = String(object['kind']).toLowerCase();
  const file = [join(REFERENCE, group, `${kind}_${version}.json`), join(REFERENCE, 'core-v1.34', `${kind}-${group.split('.')[0] ?? ''}${group === version ? '' : `-${version}`}.json`)].find((each) => existsSync(each));
  return file === undefined ? undefined : JSON.parse(readFileSync(file, 'utf8')) as JsonSchema;
}

describe('the evaluator and kubeconform', () => {
  test(`agree on every object of both clusters, as they are and spoilt in many ways${sampled(OBJECTS)}`, { timeout: 120_000 }, (context) => {
    const tool = need(context);
    const next = random(7);
    const schemas = new Map<string, JsonSchema | undefined>();
    const objects = CLUSTERS.flatMap((cluster) => built(cluster).objects);
    const whole = some(objects, OBJECTS).flatMap((object): Case[] => {
      const key = `${object.apiVersion} ${object.kind}`;
      if (!schemas.has(key)) schemas.set(key, schemaOf({ ...object }));
      const schema = schemas.get(key);
      return schema === undefined ? [] : [{ object: withoutNulls({ ...object }), schema }];
    });
    expect(whole.length).toBeGreaterThan(400 / (SOAK ? 1 : OBJECTS));
    const good = compare(tool, whole);
    expect(good.different).toEqual([]);
    expect(good.undecided).toEqual([]);
    const bad = compare(tool, whole.flatMap(({ object, schema }) => Array.from({ length: 4 }, () => ({ object: withoutNulls(spoilt(object, next)), schema }))));
    expect(bad.different).toEqual([]);
    expect(bad.invalid).toBeGreaterThan(1000 / (SOAK ? 1 : OBJECTS));
    expect(bad.undecided.length).toBeLessThan(bad.invalid / 10);
  });

  test(`agree on made-up objects of every kind that has a schema here${sampled(KINDS)}`, { timeout: 240_000 }, (context) => {
    const tool = need(context);
    const next = random(42);
    const cases = readdirSync(REFERENCE).filter((folder) => !folder.startsWith('core-')).flatMap((group) => readdirSync(join(REFERENCE, group)).map((file) => ({ group, file })));
    const core = readdirSync(join(REFERENCE, 'core-v1.34')).map((file) => ({ group: 'core-v1.34', file }));
    const all = some([...cases, ...core], KINDS).flatMap(({ group, file }): Case[] => {
      const schema = JSON.parse(readFileSync(join(REFERENCE, group, file), 'utf8')) as JsonSchema;
      const [kind = '', version = ''] = file.replace('.json', '').split('_');
      const name = (of: string): unknown => ((schema['properties'] as Record<string, { readonly enum?: readonly unknown[] }> | undefined)?.[of]?.enum ?? [])[0];
      const head = group === 'core-v1.34' ? { apiVersion: name('apiVersion'), kind: name('kind') } : { apiVersion: `${group}/${version}`, kind };
      // Flux's own kinds are in both folders; kubeconform takes the first.
      if (group === 'core-v1.34' && String(head.apiVersion).includes('fluxcd')) return [];
      return Array.from({ length: 4 }, (_, index) => {
        const object = { ...specimen(schema, next) as JsonSchema, ...head, metadata: { name: 'x' } };
        return { object: index % 2 === 0 ? object : spoilt(object, next), schema };
      });
    });
    expect(all.length).toBeGreaterThan(1000 / (SOAK ? 1 : KINDS));
    const seen = compare(tool, all);
    expect(seen.different).toEqual([]);
    expect(seen.undecided.length).toBeLessThan(all.length / 5);
  });
});
