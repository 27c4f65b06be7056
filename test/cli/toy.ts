import type { Action, Taskfile } from '../../scripts/phases/task.ts';
import type { Phase } from '../../scripts/engine/phase.ts';
import type { Cx } from '../../scripts/phases/context.ts';
import type { Snapshot } from '../../scripts/health/snapshot.types.ts';

const load = async (): Promise<Phase<Cx, Snapshot>> => {
  throw new Error('a listing must not load a phase');
};
const action = async (): Promise<Action> => {
  throw new Error('a listing must not load an action');
};
const CLUSTER = { summary: 'which cluster', required: true, values: 'clusters|all' } as const;

/** A small table of contents with every feature the grammar knows. */
export const toy: Taskfile = {
  'cluster:create': {
    summary: 'Create a cluster from bare machines', details: ['Asks the world before each step, so running it again goes on.'], aliases: ['bootstrap:all'],
    variables: { CLUSTER }, writes: true,
    steps: [
      { kind: 'phase', name: 'preflight', title: 'what would refuse a create', load },
      { kind: 'checkpoint', name: 'agree', title: 'the point of no return', ask: async () => ({ title: '', facts: [], word: 'x' }) },
      { kind: 'together', lanes: [{ lane: 'a', steps: [{ kind: 'phase', name: 'crds', title: 'definitions', load }] }] },
    ],
  },
  'cluster:create-infra': { summary: 'cluster:create CLUSTER=infra', variables: { CLUSTER }, fixed: { CLUSTER: 'infra' }, writes: true, steps: [] },
  'cluster:health': { summary: 'Is the cluster well', variables: { CLUSTER, FORMAT: { summary: 'of findings', default: 'text', values: ['text', 'sarif'] } }, writes: false, load: action },
  'etcd:snapshot': { summary: 'Save a snapshot', variables: { CLUSTER: { ...CLUSTER, values: 'clusters' } }, writes: true, load: action },
  'lab:break': { summary: 'Cause a fault', variables: { FAULT: { summary: 'which fault', required: true } }, writes: false, configuration: 'optional', load: action },
  doctor: { summary: 'Is this machine fit', variables: {}, writes: false, load: action },
};
