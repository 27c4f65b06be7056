import { applyPatch, parsePatch } from 'diff';
import { fc } from '../../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { patchText, textDiff } from '../../../scripts/manifests/diff/text.ts';
import { stableYaml } from '../../../scripts/manifests/stable/yaml.ts';

const line = fc.constantFrom('a', 'b', 'c', '  d', '', '- e', '-', '+', '\\', '@@ -1 +1 @@', '--- a', '+++ b');
const lines = fc.tuple(fc.array(line, { maxLength: 30 }), fc.boolean()).map(([all, end]) => all.join('\n') + (end ? '\n' : ''));

describe('the difference of two texts', () => {
  test('applied to the one, it gives the other', () => {
    fc.assert(fc.property(lines, lines, (before, after) => {
      const patch = patchText(before, after, 'x.yaml');
      expect(applyPatch(before, patch)).toBe(after);
      const { added, removed } = textDiff(before, after);
      expect(added === 0 && removed === 0).toBe(before === after);
    }), { numRuns: 1_000 });
  });

  test('also where so much is different that nobody looks for the shortest way', () => {
    const before = Array.from({ length: 5_000 }, (_, i) => `old ${i}`).join('\n');
    const after = Array.from({ length: 5_000 }, (_, i) => `new ${i}`).join('\n');
    const patch = patchText(before, after, 'x.yaml');
    expect(applyPatch(before, patch)).toBe(after);
    expect(parsePatch(patch)[0]?.hunks).toHaveLength(1);
  });

  test('says where in the YAML a change stands', () => {
    const deployment = (image: string) => stableYaml({ kind: 'Deployment', spec: { replicas: 1, template: { spec: { containers: [{ name: 'side', image: 's', args: ['a', 'b', 'c', 'd'] }, { name: 'app', args: ['a', 'b'], image }] } } } });
    const { hunks, added, removed } = textDiff(deployment('x:1'), deployment('x:2'));
    expect(hunks.map((hunk) => hunk.at)).toEqual(['spec.template.spec.containers[app]']);
    expect([added, removed]).toEqual([1, 1]);
    expect(hunks[0]?.lines).toContain('+          image: x:2');
  });

  test('also inside a text of many lines', () => {
    const map = (level: string) => stableYaml({ kind: 'ConfigMap', data: { 'values.yaml': `a: 1\nlog:\n  level: ${level}\n` } });
    expect(textDiff(map('info'), map('debug')).hunks.map((hunk) => hunk.at)).toEqual(['data.values.yaml.log']);
  });
});
