import type { Planted } from '../planted.ts';
import { at } from '../planted-places.ts';

const HOUSE = 'kubernetes/infrastructure';
const TOOLBOX = `${HOUSE}/storage/rook-ceph/cluster/toolbox.yaml`;
const GRAFANA = `${HOUSE}/observability/grafana/app`;
const STATE = `${HOUSE}/observability/kube-state-metrics/app/deployment.yaml`;

/** Silences that say too little, or nothing any more. */
export const PLANTED: readonly Planted[] = [
  { rule: 'silence-reason', variant: 'in a hurry', ...at(STATE, '  replicas: 1\n', '  replicas: 1 # manifests:ignore disruption-budget\n', '# manifests:ignore disruption-budget'), says: /^this silence does not say why, so it counts for nothing$/ },
  { rule: 'silence-rule', variant: 'a misspelt rule', ...at(`${GRAFANA}/service.yaml`, 'spec:\n', '# manifests:ignore service-select: its pods are made elsewhere\nspec:\n', '# manifests:ignore service-select:'), says: /^there is no rule service-select$/ },
  { rule: 'silence-rule', variant: 'no rule at all', ...at(`${GRAFANA}/httproute.yaml`, 'spec:\n', '# manifests:ignore\nspec:\n', '# manifests:ignore'), says: /^this silence names no rule$/ },
  { rule: 'silence-rule', variant: 'in the settings', ...at('.manifests.yaml', 'ignore:\n', 'ignore:\n  - rule: dashboards-query\n    file: kubernetes/infrastructure/observability/dashboards/app/databases/*.yaml\n    reason: made by others\n', 'rule: dashboards-query'), says: /^there is no rule dashboards-query$/ },
  { rule: 'silence-unused', variant: 'what was mended since', ...at(TOOLBOX, '          image: quay.io/ceph/ceph', '          # manifests:ignore image-pin: the newest tools for the newest Ceph\n          image: quay.io/ceph/ceph', 'manifests:ignore image-pin'), says: /^nothing here breaks image-pin any more$/ },
];
