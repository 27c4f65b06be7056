import type { BootSlot, BootSlots, MachineState } from './state.ts';

/** The version an installer image is of: its tag. */
export const versionOf = (image: string): string => /:v?([^:@/]+)(?:@.*)?$/.exec(image)?.[1] ?? '1.12.0';
const slotOf = (image: string, otherwise: string): BootSlot => ({ image, version: image === '' ? otherwise : versionOf(image) });

/** A machine that was installed from that image: nothing in the other slot. */
export const installed = (image: string, otherwise: string): BootSlots => ({ boots: slotOf(image, otherwise), other: null, trial: false, next: null });

/** Something is on its way into the other slot. */
export function installNext(slots: BootSlots, image: string): BootSlots {
  return { ...slots, next: { image, version: versionOf(image) } };
}

/** It is there, and is what boots now, on trial. */
export function bootNext(state: MachineState): void {
  if (state.slots?.next != null) state.slots = { boots: state.slots.next, other: state.slots.boots, trial: true, next: null };
}

/** The other slot boots; undefined when there is nothing in it. */
export function bootOther(slots: BootSlots | undefined): BootSlots | undefined {
  return slots?.other == null ? undefined : { boots: slots.other, other: slots.boots, trial: false, next: null };
}
