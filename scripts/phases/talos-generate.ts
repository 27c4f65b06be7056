import { join, resolve } from 'node:path';
import { Failure } from '../engine/failure.ts';
import { each } from '../engine/each.ts';
import { writePrivate } from '../tools/files.ts';
import { masked } from '../tools/talos-plan.ts';
import { chosenMachines } from './machines/chosen.ts';
import type { Action } from './task.ts';

/** talosctl makes a key for each: more at once only wait for the processor. */
const AT_ONCE = 4;

/** The machine configurations as they would be applied. On the screen without secrets; whole only into files for their owner alone. */
const talosGenerate: Action = async (cx) => {
  const cluster = cx.clusters[0];
  if (cluster === undefined) throw new Failure({ exit: 'usage', what: 'no cluster was chosen', hint: 'task talos:generate CLUSTER=infra' });
  const context = cx.forCluster(cluster, 'talos-generate');
  const machines = chosenMachines(context);
  const folder = cx.variables['FOLDER'] ?? '';
  const reveal = cx.variables['REVEAL'] === 'true';
  if (reveal && folder === '') throw new Failure({ exit: 'usage', what: 'secrets are written to files alone', because: 'REVEAL=true without FOLDER', hint: 'FOLDER=<folder> takes them, readable by you alone; without REVEAL they are left out' });
  const bundle = (await context.secrets()).bundle(cluster);
  const made = await each(machines, AT_ONCE, async (machine) => ({ machine: machine.name, text: await context.looking.talos.machineConfig(machine, bundle) }), cx.signal, { what: 'generating', name: (machine) => machine.name });
  const redacted = made.map(({ machine, text }) => ({ machine, text: withoutSecrets(cx.redactor.redact(text)) }));
  const files = folder === '' || cx.flags.dryRun ? [] : made.map(({ machine }) => join(resolve(folder), `${machine}.yaml`));
  for (const [n, file] of files.entries()) await writePrivate(file, (reveal ? made : redacted)[n]?.text ?? '');
  return {
    exit: 'done',
    result: { format: 1, cluster: cluster.name, machines: redacted.map(({ machine, text }, n) => ({ machine, ...(files[n] === undefined ? { text } : { file: files[n] ?? '' }) })), revealed: reveal && files.length > 0 },
    render: (style) => files.length > 0
      ? files.map((file) => `${style.green('✔')} ${file}${reveal ? ' (with every secret, readable by you alone: remove it when it is not needed)' : ' (without secrets)'}`)
      : redacted.flatMap(({ machine, text }) => [style.bold(`# ${machine}`), ...text.trimEnd().split('\n'), '']),
  };
};
export default talosGenerate;

/** A configuration without what must not be shown: known values are gone already, this takes what stands below a secret's name. */
export function withoutSecrets(text: string): string {
  return text.split('\n').map(masked).join('\n');
}
