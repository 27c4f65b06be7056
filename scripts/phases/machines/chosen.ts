import type { Machine } from '../../config/cluster.ts';
import { Failure } from '../../engine/failure.ts';
import type { Cx } from '../context.ts';

/** The machines a task was given by NODE (names, with commas), in the order of the cluster file; all of them without. Throws a Failure (64) for a name that is none. */
export function chosenMachines(cx: Pick<Cx, 'cluster' | 'variables'>): readonly Machine[] {
  const names = (cx.variables['NODE'] ?? '').split(',').map((name) => name.trim()).filter((name) => name !== '');
  const { machines } = cx.cluster;
  const wrong = names.filter((name) => !machines.some((machine) => machine.name === name));
  if (wrong.length > 0) throw new Failure({ exit: 'usage', what: `${cx.cluster.name} has no machine ${wrong.join(', ')}`, hint: `machines: ${machines.map((machine) => machine.name).join(', ')}` });
  return names.length === 0 ? machines : machines.filter((machine) => names.includes(machine.name));
}

/** The one machine a task was given by NODE. Throws a Failure (64) for none or several. */
export function chosenMachine(cx: Pick<Cx, 'cluster' | 'variables'>): Machine {
  const [machine, ...more] = (cx.variables['NODE'] ?? '') === '' ? [] : chosenMachines(cx);
  if (machine === undefined || more.length > 0) throw new Failure({ exit: 'usage', what: 'NODE names one machine', hint: `NODE=${cx.cluster.machines.at(-1)?.name ?? 'name'}; machines of ${cx.cluster.name}: ${cx.cluster.machines.map((each) => each.name).join(', ')}` });
  return machine;
}

export function names(machines: readonly Machine[]): string {
  return machines.map((machine) => machine.name).join(' ');
}

export function progress(cx: Cx, machine: Machine, state: 'working' | 'done' | 'failed', note: string): void {
  cx.emit({ type: 'progress', lane: cx.lane, step: cx.step, subject: machine.name, state, note });
}
