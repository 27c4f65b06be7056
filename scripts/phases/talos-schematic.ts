import { readSchematic, SCHEMATIC } from '../tools/schematic.ts';
import type { Action } from './task.ts';

/** What the machines' system is made of, and the id the image factory knows it by; computed, nobody is asked. */
const talosSchematic: Action = async (cx) => {
  const site = await cx.site();
  const schematic = await readSchematic(site.root);
  return {
    exit: 'done',
    result: { format: 1, id: schematic.id, extensions: schematic.extensions, kernelArgs: schematic.kernelArgs, talos: site.versions.talos },
    render: (style) => [
      style.bold(schematic.id),
      `  extensions   ${schematic.extensions.join(', ') || 'none'}`,
      `  arguments    ${schematic.kernelArgs.join(' ') || 'none'}`,
      style.dim(`  The factory knows it once it was given to it: curl -X POST --data-binary @${SCHEMATIC} https://factory.talos.dev/schematics (answers the same id)`),
      style.dim('  task talos:iso   what to boot machines from'),
    ],
  };
};
export default talosSchematic;
