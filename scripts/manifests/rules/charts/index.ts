import type { Rule } from '../../model.types.ts';
import { DEFINITIONS_MISSING } from './definitions-missing.ts';
import { RELEASE_TWICE } from './release-twice.ts';
import { toldBy } from './told.ts';

/** What is found while releases are read and rendered (scripts/manifests/charts) is told by the rules here, in the order one would mend it. */
export const RULES: readonly Rule[] = [
  toldBy({
    id: 'chart-source-missing', severity: 'error',
    summary: 'Every HelmRelease names a chart, and its source is in the tree',
    why: 'The release stays without a chart ("HelmRepository not found") and is never installed',
  }),
  toldBy({
    id: 'values-source-missing', severity: 'error',
    summary: 'ConfigMaps, Secrets and files that values come from exist',
    why: 'helm-controller does not install or upgrade the release ("could not resolve ... chart values reference")',
  }),
  toldBy({
    id: 'values-key-missing', severity: 'error',
    summary: 'What values come from has the key they are read from',
    why: 'helm-controller does not install or upgrade the release ("key not found")',
  }),
  toldBy({
    id: 'values-invalid', severity: 'error',
    summary: 'What values come from is a map in YAML, and a targetPath can be set',
    why: 'helm-controller does not install or upgrade the release: it cannot read or merge its values',
  }),
  toldBy({
    id: 'values-schema', severity: 'error',
    summary: 'Values fit the schema the chart brings for them',
    why: 'Helm refuses to install or upgrade the release; whatever was installed before stays as it was',
  }),
  toldBy({
    id: 'release-template-error', severity: 'error',
    summary: 'Every chart can be rendered with the values it is given',
    why: 'Helm stops with the same words in the cluster, and the release is not installed or upgraded',
  }),
  toldBy({
    id: 'post-renderer-invalid', severity: 'error',
    summary: 'The postRenderers of a HelmRelease can be applied to what its chart makes',
    why: 'The release fails after it was rendered, and is not installed or upgraded',
  }),
  toldBy({
    id: 'value-not-read', severity: 'warning',
    summary: 'Every value that is set is read by a template of the chart',
    why: 'Helm ignores a misspelt or misplaced value without a word: the setting everybody believes in has no effect',
  }),
  toldBy({
    id: 'release-not-rendered', severity: 'error',
    summary: 'Charts are at hand at their pinned version, so that what they make can be checked',
    why: 'What a release makes is most of what runs in a cluster; without its chart nothing of that is looked at',
  }),
  DEFINITIONS_MISSING,
  RELEASE_TWICE,
];
