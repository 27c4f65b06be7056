import { specOf } from '../../charts/spec.ts';
import { get } from '../../build/data.ts';
import type { Found, Rule, View } from '../../model.types.ts';

/** Definitions of a chart's crds/ folder that its release is told to leave out, and that nobody else brings. */
export const DEFINITIONS_MISSING: Rule = {
  id: 'chart-crds-skipped', severity: 'error',
  summary: 'Definitions a release leaves out (crds: Skip) are installed by somebody else',
  why: 'The operator starts without its custom resources and stops again, and everything that uses them fails with "no matches for kind"',
  * check(view: View): Generator<Omit<Found, 'rule'>> {
    const skipping = view.releases.filter(({ declared, crds }) => crds.length > 0 && !specOf(declared).installsCrds);
    // Whoever cannot be looked into may bring them: a chart that is not here, one the bootstrap installs, a Kustomization of another source.
    if (skipping.length === 0 || view.unrendered.length > 0 || view.tree.settings.before.length > 0 || (view.tree.settings.definitions ?? []).length > 0) return;
    if (view.tree.units.some((unit) => unit.hides || unit.folder === undefined)) return;
    const brought = new Set<string>();
    for (const { object } of view.all) if (object.kind === 'CustomResourceDefinition') brought.add(object.metadata.name);
    for (const { declared, crds } of view.releases) if (specOf(declared).installsCrds) for (const { metadata } of crds) brought.add(metadata.name);
    for (const { declared, crds, chart } of skipping) {
      const missing = crds.filter(({ metadata }) => !brought.has(metadata.name));
      const [first] = missing;
      if (first === undefined) continue;
      const path = get(declared.object, 'spec', 'install', 'crds') === undefined ? ['spec', 'install'] : ['spec', 'install', 'crds'];
      yield {
        built: declared, path,
        message: `nobody installs ${missing.length === 1 ? first.metadata.name : `${first.metadata.name} and ${missing.length - 1} more definitions`}: the chart ${chart.name} brings ${missing.length === 1 ? 'it' : 'them'}, and this says Skip`,
        hint: 'write crds: CreateReplace below install and upgrade, or add the definitions to the tree',
      };
    }
  },
};
