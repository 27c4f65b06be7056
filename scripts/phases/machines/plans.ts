import { each } from '../../engine/each.ts';
import { Failure } from '../../engine/failure.ts';
import type { Machine } from '../../config/cluster.ts';
import type { ApplyPlan } from '../../tools/day2.types.ts';
import type { Cx } from '../context.ts';

/** A machine's configuration as the repository makes it, and what the machine says applying it would change. */
export interface Ready { readonly machine: Machine; readonly config: string; readonly plan: ApplyPlan }
export type Planned = Ready | { readonly machine: Machine; readonly failure: Failure };

/** talosctl makes a key for each: more at once only wait for the processor. */
const AT_ONCE = 4;

/**
 * Asks every machine what its configuration would change. It needs the secrets, also in a dry run: without them nobody can say
 * what differs. Throws a Failure when they cannot be resolved; a machine that does not answer is told as such.
 */
export async function planAll(cx: Cx, machines: readonly Machine[]): Promise<readonly Planned[]> {
  const bundle = (await cx.secrets()).bundle(cx.cluster);
  return each(machines, AT_ONCE, async (machine): Promise<Planned> => {
    try {
      const face = await cx.looking.talos.face(machine);
      if (face.is !== 'installed' || face.ours !== true) throw new Failure({ exit: 'rerun', what: `${machine.name} is not an installed machine of ${machine.cluster}`, because: face.is === 'closed' ? face.because : face.is === 'maintenance' ? 'it is in maintenance mode' : `its Talos API is signed by ${face.issuer}`, hint: `task cluster:status CLUSTER=${machine.cluster}` });
      const config = await cx.looking.talos.machineConfig(machine, bundle);
      return { machine, config, plan: await cx.looking.day2.plan(machine, config) };
    } catch (error) {
      if (!(error instanceof Failure) || error.exit === 'interrupted' || error.exit === 'bug') throw error;
      return { machine, failure: error };
    }
  }, cx.signal, { what: 'asking what would change', name: (machine) => machine.name });
}
