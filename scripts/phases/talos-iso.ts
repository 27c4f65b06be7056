import { Failure } from '../engine/failure.ts';
import { fileDigest, mediaOf, readSchematic, type Arch } from '../tools/schematic.ts';
import type { Action } from './task.ts';

/** Where to get what machines boot from, by our schematic and pinned Talos; and the digest of one that was downloaded. Nothing is downloaded. */
const talosIso: Action = async (cx) => {
  const site = await cx.site();
  const schematic = await readSchematic(site.root);
  const media = mediaOf(schematic, site.versions.talos, archOf(cx.variables['ARCH'] ?? 'amd64'));
  const file = cx.variables['FILE'] ?? '';
  const digest = file === '' ? undefined : await fileDigest(file);
  const expected = (cx.variables['SHA256'] ?? '').toLowerCase().replace(/^sha256:/, '');
  const same = digest === undefined || expected === '' ? undefined : digest === expected;
  return {
    exit: same === false ? 'no' : 'done',
    result: { format: 1, schematic: schematic.id, talos: site.versions.talos, media: media.map(({ what, address }) => ({ what, address })), ...(digest === undefined ? {} : { file, sha256: digest, same: same ?? null }) },
    render: (style) => [
      ...media.map(({ what, address }) => `${what.padEnd(22)} ${address}`),
      ...(digest === undefined ? [] : [`${same === false ? style.red('✖') : style.green('✔')} ${file}   sha256 ${digest}${same === undefined ? ' (keep it: the factory publishes none, so two downloads are compared with each other)' : same ? ', as expected' : `, expected ${expected}`}`]),
      '',
      'USB   write the ISO whole onto the stick (dd if=metal-amd64.iso of=/dev/<stick> bs=4M conv=fsync), boot from it; the machine stays in maintenance mode',
      'PXE   chain to the script from iPXE (chain --autofree <PXE script>), or serve kernel and initramfs by matchbox; kernel arguments are in the script',
      'then  task talos:discover CLUSTER=<name>   shows disks and cards for the cluster file; task cluster:preflight proves them',
    ],
  };
};
export default talosIso;

function archOf(text: string): Arch {
  if (text === 'amd64' || text === 'arm64') return text;
  throw new Failure({ exit: 'usage', what: `there is no ARCH=${text}`, hint: 'amd64, arm64' });
}
