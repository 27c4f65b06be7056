import type { Built } from '../model.types.ts';
import { isBuiltIn } from './kinds.ts';
import { isInert } from './operators.ts';
import { groupOf, kindOf } from './read.ts';

/**
 * Whether an object of another kind than Kubernetes' own can ask for machines' resources and volumes somewhere inside: what operators run,
 * and the values of releases. What a chart makes is the chart's; its values are looked at instead.
 */
export function mayAsk({ object, release }: Built): boolean {
  const group = groupOf(object.apiVersion);
  return release === undefined && object['spec'] !== undefined && !isBuiltIn(group) && (kindOf(object) === 'helm.toolkit.fluxcd.io/HelmRelease' || !isInert(group, object.kind));
}
