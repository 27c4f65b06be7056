import { describe, expect, test } from 'vitest';
import { ARC } from './ci.arc.ts';
import { GITLAB } from './ci.gitlab.ts';
import { MESH } from './ci.mesh.ts';
import type { Check, Seen } from './networking.checks.ts';
import { built, CLUSTERS } from './tree.ts';

/** Where code is built, and what of it is in the other cluster: what must agree, and that each check finds the mistake it is for. */

const trees = CLUSTERS.map(built);
function seen(): Seen { return { clusters: structuredClone(trees), files: new Map() }; }

const AREAS: readonly (readonly [area: string, checks: readonly Check[]])[] = [['runners of GitHub', ARC], ['GitLab and its runner', GITLAB], ['names across the mesh', MESH]];

describe.each(AREAS)('%s', (_, checks) => {
  test.each(checks)('$holds', ({ find }) => { expect(find(seen())).toEqual([]); });
  test.each(checks)('a mistake is found: $holds', ({ find, plant }) => {
    const wrong = seen();
    plant(wrong);
    expect(find(wrong)).not.toEqual([]);
  });
});
