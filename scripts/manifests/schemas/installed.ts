import { get, list, text } from '../build/data.ts';
import type { View } from '../model.types.ts';

/** Versions of what serves an API, as far as the tree says them: 1.34.4, 2.9.x, 0.20.4. */
export type Installed = ReadonlyMap<string, string>;

const known = new WeakMap<View, Installed>();

/** What the tree installs: Kubernetes by the settings, Flux by its FluxInstance or its components, charts by their pins. */
export function installedOf(view: View): Installed {
  const found = known.get(view) ?? collect(view);
  known.set(view, found);
  return found;
}

function collect(view: View): Installed {
  const found = new Map<string, string>();
  const add = (name: string, version: string | undefined): void => {
    if (version !== undefined && /^v?\d/.test(version) && !found.has(name)) found.set(name, version.replace(/^v/, ''));
  };
  add('Kubernetes', view.tree.settings.kubernetes);
  for (const { object } of view.all) {
    if (object.kind === 'FluxInstance') add('Flux', text(get(object, 'spec', 'distribution', 'version')));
    // `flux install` and `flux bootstrap` label what they make.
    if (object.kind === 'Namespace' && get(object, 'metadata', 'labels', 'app.kubernetes.io/part-of') === 'flux') add('Flux', text(get(object, 'metadata', 'labels', 'app.kubernetes.io/version')));
    if (object.kind === 'CustomResourceDefinition') add('gateway-api', text(get(object, 'metadata', 'annotations', 'gateway.networking.k8s.io/bundle-version')));
  }
  for (const release of view.releases) {
    add(release.chart.name, release.chart.version);
    for (const definition of list(release.crds)) add('gateway-api', text(get(definition, 'metadata', 'annotations', 'gateway.networking.k8s.io/bundle-version')));
    // The chart of the instance says the version of Flux in its values.
    if (release.chart.name === 'flux-instance') add('Flux', text(get(release.values, 'instance', 'distribution', 'version')));
  }
  for (const { chart, version } of view.tree.settings.before) add(chart.split('/').at(-1) ?? chart, version);
  return found;
}

/** Whether an installed version is at least another; 2.9.x counts as 2.9. */
export function atLeast(installed: string, wanted: string): boolean {
  const numbers = (version: string): readonly number[] => version.replace(/^v/, '').split(/[.+-]/).map((part) => (/^\d+$/.test(part) ? Number(part) : Infinity));
  const [have, want] = [numbers(installed), numbers(wanted)];
  for (let at = 0; at < want.length; at += 1) {
    const [a = 0, b = 0] = [have[at], want[at]];
    if (a !== b) return a > b;
  }
  return true;
}
