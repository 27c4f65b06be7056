import type { ActiveFault, Faults } from './types.ts';

/** The faults that are on. `changed` runs after each setting and healing. */
export interface FaultBoard extends Faults {
  set(fault: ActiveFault): void;
  /** Heals what fits; answers what was healed. */
  heal(fits: (fault: ActiveFault) => boolean): readonly ActiveFault[];
}

/** A board that starts with the given faults. A fault without a machine is on for every machine of its cluster; cluster `*` is every one. */
export function faultBoard(initial: readonly ActiveFault[], changed: () => void): FaultBoard {
  let on = [...initial];
  return {
    active: (name, cluster, machine) => on.find((fault) => fault.fault === name && (fault.cluster === cluster || fault.cluster === '*')
      && (machine === undefined || fault.machine === undefined || fault.machine === machine)),
    list: () => on,
    set(fault) {
      on = [...on.filter((other) => !(other.fault === fault.fault && other.cluster === fault.cluster && other.machine === fault.machine && other.object === fault.object)), fault];
      changed();
    },
    heal(fits) {
      const healed = on.filter(fits);
      on = on.filter((fault) => !fits(fault));
      if (healed.length > 0) changed();
      return healed;
    },
  };
}

/** The name that was probably meant; undefined when nothing is near. */
export function didYouMean(word: string, names: readonly string[]): string | undefined {
  let best: { readonly name: string; readonly far: number } | undefined;
  for (const name of names) {
    const far = name.startsWith(word) || word.startsWith(name) ? 1 : distance(word, name);
    if (far <= Math.max(2, name.length / 3) && (best === undefined || far < best.far)) best = { name, far };
  }
  return best?.name;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}
