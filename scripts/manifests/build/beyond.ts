import { posix } from 'node:path';
import { edited, type Instructions, type Res, type Work } from './work.ts';

/** What is not done here but handed to the real kustomize (real.ts), and what Flux has kustomize write. */

/** Fields whose meaning is kustomize's own business. */
export const BEYOND_FIELDS: Readonly<Record<string, string>> = {
  replacements: 'replacements', vars: 'vars', helmCharts: 'charts', helmChartInflationGenerator: 'charts', generators: 'generators', transformers: 'transformers', validators: 'validators', crds: 'schemas of its own', openapi: 'schemas of its own', buildMetadata: 'build metadata',
};

/** Notes what of one kustomization.yaml is not done here. */
export function noteBeyond(work: Work, instructions: Instructions): void {
  for (const [field, what] of Object.entries(BEYOND_FIELDS)) {
    const value = instructions.data[field];
    if (value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)) work.beyond.push({ what, source: instructions.source([field]) });
  }
}

export const ORIGIN = 'config.kubernetes.io/origin';

/** What kustomize writes into an object of where it comes from, when Flux asks it to. */
export function withOrigin(instructions: Instructions, res: Res): Res {
  const { object, edits } = res;
  const here = instructions.folder === '' ? '.' : instructions.folder;
  const [made] = edits;
  const text = made?.by === 'generator' && made.source.file === res.source.file
    ? `configuredIn: ${posix.relative(here, res.source.file)}\nconfiguredBy:\n  apiVersion: builtin\n  kind: ${object.kind}Generator\n`
    : `path: ${posix.relative(here, res.source.file)}\n`;
  return edited(res, { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [ORIGIN]: text } } }, { by: 'kustomize', source: instructions.source([]), sets: [{ path: ['metadata', 'annotations', ORIGIN], from: [] }] });
}
