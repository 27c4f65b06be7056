import type { DiskSelector, Machine } from '../config/cluster.ts';
import type { DataDisk, Disk, Link, MachineMismatch, MachineProof } from './doors.ts';

/** Everything that tells one machine from another in maintenance mode. */
export interface Inventory { readonly disks: readonly Disk[]; readonly links: readonly Link[] }

/** How a machine's inventory is asked for: each is a call of its own. */
export interface Listings { disks(): Promise<readonly Disk[]>; links(): Promise<readonly Link[]> }

/**
 * identifyMachine with as few questions as settle it: network cards are asked for only where disk ids do not, or where
 * they say no and the cards may tell whose machine it is instead.
 */
export async function identifyBy(machine: Machine, listings: Listings, all: readonly Machine[]): Promise<MachineProof | MachineMismatch> {
  if (diskIds(machine).length === 0) {
    const [disks, links] = await Promise.all([listings.disks(), listings.links()]);
    return identifyMachine(machine, { disks, links }, all);
  }
  const disks = await listings.disks();
  const byDisks = identifyMachine(machine, { disks, links: [] }, all);
  return 'by' in byDisks ? byDisks : identifyMachine(machine, { disks, links: await listings.links() }, all);
}

/** By machine as it was read for this run: the proof, and the certificate the machine showed when it was asked for its parts. */
const proven = new WeakMap<Machine, { readonly certificate: string; readonly proof: MachineProof }>();

/**
 * The machine's proof of earlier in this run, while the machine shows the certificate it showed then; else what `ask` finds.
 * The certificate's key was made by that boot of maintenance mode and never leaves it, and a TLS handshake proves it is held:
 * whoever answers with it is the machine whose parts were listed, also when cables were swapped in the meantime. A machine
 * that booted anew shows another certificate and is asked again.
 */
export async function provenBy(machine: Machine, certificate: string | undefined, ask: () => Promise<MachineProof | MachineMismatch>): Promise<MachineProof | MachineMismatch> {
  const known = proven.get(machine);
  if (known !== undefined && known.certificate === certificate) return known.proof;
  const answer = await ask();
  if ('by' in answer && certificate !== undefined) proven.set(machine, { certificate, proof: answer });
  else proven.delete(machine);
  return answer;
}

/**
 * Is the machine that answered the one the configuration means? Disk ids settle it (they are unique); only without any, MAC patterns do,
 * and then only when no other configured machine fits as well: two machines here share a MAC prefix.
 * @param all every configured machine, of every cluster
 */
export function identifyMachine(machine: Machine, seen: Inventory, all: readonly Machine[]): MachineProof | MachineMismatch {
  const others = all.filter((other) => other.name !== machine.name);
  const mismatch = (because: string): MachineMismatch => ({ machine: machine.name, because, looksLike: lookAlike(others, seen) });
  /** Nobody else's disks, and one of its own cards: what is missing is a disk, not the machine. */
  const incomplete = (found: MachineMismatch, lacks: string): MachineMismatch => (found.looksLike === undefined && matchingCard(machine, seen) !== undefined ? { ...found, lacks } : found);
  const without = Object.values(machine.disks.data).find((selector) => selector.id === undefined && !seen.disks.some((disk) => fits(selector, disk)));
  const absent = without === undefined ? undefined : describe(without);
  if (!seen.disks.some((disk) => fits(machine.disks.install, disk))) {
    return incomplete(mismatch(`no disk fits the install disk (${describe(machine.disks.install)}); it has ${listDisks(seen.disks)}`), describe(machine.disks.install));
  }
  const wanted = diskIds(machine);
  if (wanted.length > 0) {
    const missing = wanted.filter((id) => !hasDiskId(seen, id));
    if (missing.length > 0) return incomplete(mismatch(`it has no disk ${missing.join(', ')}; it has ${listDisks(seen.disks)}`), missing.join(', '));
    if (absent !== undefined) return { ...mismatch(`it has no disk ${absent}; it has ${listDisks(seen.disks)}`), lacks: absent };
    return { machine: machine.name, by: 'disk id', evidence: wanted.join(', ') };
  }
  const card = matchingCard(machine, seen);
  if (card === undefined) return mismatch(`none of its network cards is ${machine.macs.join(' or ')}; it has ${listLinks(seen.links)}`);
  const rivals = others.filter((other) => matchingCard(other, seen) !== undefined && diskIds(other).every((id) => hasDiskId(seen, id)));
  if (rivals.length > 0) {
    return { machine: machine.name, because: `its network card ${card.mac} fits ${rivals.map((other) => other.name).join(', ')} as well, and no disk id settles it`, looksLike: rivals[0]?.name };
  }
  if (absent !== undefined) return { ...mismatch(`it has no disk ${absent}; it has ${listDisks(seen.disks)}`), lacks: absent };
  return { machine: machine.name, by: 'MAC', evidence: `${card.name} ${card.mac}` };
}

/** The disks a machine's configuration names besides its install disk, as they are among those it lists. */
export function dataDisksAmong(machine: Machine, disks: readonly Disk[]): readonly DataDisk[] {
  return Object.entries(machine.disks.data).map(([purpose, selector]) => {
    // Two disks of one model would make a guess of it: then none is said to be the one.
    const found = disks.filter((disk) => fits(selector, disk) && !fits(machine.disks.install, disk));
    const only = found.length === 1 ? found[0] : undefined;
    return { purpose, device: only?.path, sizeBytes: only?.sizeBytes ?? 0 };
  });
}

/** The disks a machine's configuration names, by purpose (`install` first), as they were listed. */
export function configuredDisks(machine: Machine, disks: readonly Disk[]): readonly { readonly purpose: string; readonly path: string }[] {
  const wanted: readonly (readonly [string, DiskSelector])[] = [['install', machine.disks.install], ...Object.entries(machine.disks.data)];
  return wanted.flatMap(([purpose, selector]) => disks.filter((disk) => fits(selector, disk)).slice(0, 1).map(({ path }) => ({ purpose, path })));
}

function lookAlike(others: readonly Machine[], seen: Inventory): string | undefined {
  const byId = others.find((other) => diskIds(other).length > 0 && diskIds(other).every((id) => hasDiskId(seen, id)));
  if (byId !== undefined) return byId.name;
  const byCard = others.filter((other) => diskIds(other).length === 0 && matchingCard(other, seen) !== undefined);
  return byCard.length === 1 ? byCard[0]?.name : undefined;
}

function diskIds(machine: Machine): string[] {
  return [machine.disks.install, ...Object.values(machine.disks.data)].flatMap(({ id }) => (id === undefined ? [] : [id]));
}

function hasDiskId(seen: Inventory, id: string): boolean {
  return seen.disks.some((disk) => isDisk(id, disk));
}

/** A by-id path is a symlink of the disk; where a listing has none, its last part ends in the WWID or the serial number. */
function isDisk(id: string, disk: Disk): boolean {
  if (disk.symlinks.includes(id) || disk.path === id) return true;
  const name = id.slice(id.lastIndexOf('/') + 1);
  return (disk.wwid !== '' && name.endsWith(disk.wwid)) || (disk.symlinks.length === 0 && disk.serial !== '' && name.endsWith(disk.serial));
}

function fits(selector: DiskSelector, disk: Disk): boolean {
  if (selector.id !== undefined && !isDisk(selector.id, disk)) return false;
  return selector.model === undefined || glob(selector.model).test(disk.model);
}

function matchingCard(machine: Machine, seen: Inventory): Link | undefined {
  return seen.links.find((link) => link.physical && machine.macs.some((pattern) => glob(pattern).test(link.mac)));
}

/** `*` stands for anything; case does not matter. */
function glob(pattern: string): RegExp {
  return new RegExp(`^${pattern.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, String.raw`\$&`)).join('.*')}$`, 'i');
}

function describe(selector: DiskSelector): string {
  return [selector.model === undefined ? '' : `model ${selector.model}`, selector.id ?? ''].filter((text) => text !== '').join(', ');
}
function listDisks(disks: readonly Disk[]): string {
  return disks.length === 0 ? 'no disk at all' : disks.map((disk) => `${disk.path} ${disk.model}`.trim()).join(', ');
}
function listLinks(links: readonly Link[]): string {
  const cards = links.filter((link) => link.physical).map((link) => link.mac);
  return cards.length === 0 ? 'no network card at all' : cards.join(', ');
}
