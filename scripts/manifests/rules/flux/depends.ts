import { listed, meant } from '../../../config/words.ts';
import type { Built, Rule, View } from '../../model.types.ts';
import { orderOf, type Circle } from './order.ts';
import { called, isAsleep, isFlux, isMissing, isSuspended, partsOf, references, spec, type Item, type Parts, type Say } from './parts.ts';
import { nameFor, sleeper } from './waits.ts';

const KINDS = ['Kustomization', 'HelmRelease'] as const;

function* waits(parts: Parts): Iterable<{ readonly item: Item; readonly items: ReadonlyMap<string, Item>; readonly reference: ReturnType<typeof references>[number] }> {
  for (const kind of KINDS) {
    const items = kind === 'Kustomization' ? parts.kustomizations : parts.helmReleases;
    for (const item of items.values()) {
      for (const reference of references(item.built, 'dependsOn', kind)) yield { item, items, reference };
    }
  }
}

/** dependsOn names what this cluster has. */
const resolved: Rule = {
  id: 'depends-on-nothing', severity: 'error',
  summary: 'dependsOn names a Kustomization or HelmRelease that the same cluster has',
  why: 'What depends on something that does not exist is never applied: Flux says "dependency not found" and tries again for ever',
  *check(view) {
    const parts = partsOf(view);
    for (const { item, items, reference } of waits(parts)) {
      const { kind, name, namespace, index, entry } = reference;
      if (items.has(`${namespace}/${name}`)) continue;
      const others = [...items.values()].filter((each) => each !== item).map(({ built }) => built.object.metadata);
      const elsewhere = others.find((each) => each.name === name);
      const near = others.filter((each) => each.namespace === namespace).map((each) => each.name);
      if (elsewhere === undefined && !isMissing(parts.seen, name, near)) continue;
      if (parts.seen === 'hidden') continue;
      yield {
        built: item.built, path: ['spec', 'dependsOn', index, elsewhere !== undefined && entry['namespace'] !== undefined ? 'namespace' : 'name'],
        message: `${called(item.built.object)} waits for ${kind} ${nameFor(item.built, name, namespace)}, which is not there`,
        hint: elsewhere === undefined ? meant(name, near, `it would wait for ever; name one that is there, or take it away`) : `${kind} ${name} is in namespace ${elsewhere.namespace ?? ''}: set namespace: ${elsewhere.namespace ?? ''} beside its name`,
      };
    }
  },
};

const found = new WeakMap<View, readonly Circle[]>();
function circlesOf(view: View): readonly Circle[] {
  const before = found.get(view);
  if (before !== undefined) return before;
  const circles = [...orderOf(view).circles()];
  found.set(view, circles);
  return circles;
}

function* circles(view: View, plain: boolean, say: (circle: Circle) => Pick<Say, 'message' | 'hint'>): Iterable<Say> {
  for (const circle of circlesOf(view)) {
    if (circle.plain !== plain) continue;
    yield {
      ...circle.at.place, ...say(circle),
      related: circle.others.map(({ place, owner }) => ({ what: `${called(owner.object)} waits here`, source: { ...owner.origin.source, at: [...owner.origin.source.at, ...place.path ?? []] } })),
    };
  }
}

/** Nothing waits for itself by dependsOn. */
const cycle: Rule = {
  id: 'depends-cycle', severity: 'error',
  summary: 'Nothing waits for itself through dependsOn',
  why: 'None of the circle can be the first, so none is ever applied',
  check: (view) => circles(view, true, ({ members }) => {
    const names = [...members, ...members.slice(0, 1)].map((built) => nameFor(members[0] ?? built, built.object.metadata.name, built.object.metadata.namespace ?? ''));
    const kind = members[0]?.object.kind ?? 'Kustomization';
    return {
      message: members.length === 1 ? `${kind} ${names[0] ?? ''} waits for itself` : `${kind}s wait for each other: ${names.join(' -> ')}`,
      hint: members.length === 1 ? 'take it out of its dependsOn' : 'none of them can ever start; take one of these arrows away',
    };
  }),
};

/** Parents that wait and what they bring never wait for each other. */
const deadlock: Rule = {
  id: 'layer-deadlock', severity: 'error',
  summary: 'A Kustomization that waits for what it brings (wait, healthChecks) does not also hold it up',
  why: 'What a Kustomization brings starts only after it has applied it, and a waiting Kustomization is Ready only after what it brings: closed to a circle, nothing ever becomes Ready',
  check: (view) => circles(view, false, ({ members }) => {
    const names = members.map((built) => called(built.object));
    const [first = '', ...rest] = names;
    return {
      message: `${first} waits for ${[...rest, rest.length === 0 ? 'itself' : first].join(', which waits for ')}`,
      hint: 'a parent waits for what it brings, and what it brings starts after it; let the components wait for each other instead of their parents, or take wait away',
    };
  }),
};

interface Waiter { readonly built: Built; readonly path: readonly (string | number)[]; readonly whole: boolean }

/** What is waited for is not suspended; told once, where it is. */
const suspended: Rule = {
  id: 'waits-for-suspended', severity: 'error',
  summary: 'Nothing waits for what is suspended',
  why: 'What is suspended does not come to a new revision, and in a new cluster never becomes Ready: everything that waits for it stands still too',
  *check(view) {
    const parts = partsOf(view);
    const waiters = new Map<Built, Waiter[]>();
    const add = (asleep: Built, waiter: Waiter): void => {
      const known = waiters.get(asleep);
      if (known === undefined) waiters.set(asleep, [waiter]);
      else known.push(waiter);
    };
    for (const { item, items, reference } of waits(parts)) {
      const needed = items.get(`${reference.namespace}/${reference.name}`)?.built;
      const asleep = needed === undefined || reference.entry['readyExpr'] !== undefined || isSuspended(item.built) || isAsleep(item.built.unit) ? undefined : sleeper(needed);
      if (asleep !== undefined) add(asleep, { built: item.built, path: ['spec', 'dependsOn', reference.index, 'name'], whole: false });
    }
    for (const unit of parts.tree.units) {
      const { declared } = unit;
      if (declared === undefined || isAsleep(unit) || spec(declared, 'wait') !== true) continue;
      for (const built of unit.objects) {
        if ((isFlux(built.object, 'Kustomization') || isFlux(built.object, 'HelmRelease')) && isSuspended(built) && built !== declared) add(built, { built: declared, path: ['spec', 'wait'], whole: true });
      }
    }
    for (const [asleep, all] of waiters) {
      const names = all.map(({ built }) => called(built.object));
      yield {
        built: asleep, path: ['spec', 'suspend'],
        message: `${called(asleep.object)} is suspended, and ${listed(names.slice(0, 3))}${names.length > 3 ? ` and ${names.length - 3} more` : ''} ${names.length === 1 ? 'waits' : 'wait'} for it`,
        hint: all.some(({ whole }) => whole) ? 'resume it, take it off the list, or let nothing wait for it (dependsOn, wait: false) as long as it is suspended' : 'resume it, or take it out of dependsOn as long as it is suspended',
        related: all.map(({ built, path }) => ({ what: `${called(built.object)} waits here`, source: { ...built.origin.source, at: [...built.origin.source.at, ...path] } })),
      };
    }
  },
};

export const DEPENDS: readonly Rule[] = [resolved, cycle, deadlock, suspended];
