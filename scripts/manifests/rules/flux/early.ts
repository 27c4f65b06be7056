import type { Built, Unit, View } from '../../model.types.ts';
import { listed } from '../../../config/words.ts';
import { orderOf, type Order } from './order.ts';
import { called, isAsleep, isRemote, isSuspended, spec, unitCalled, waitsAt, type Say } from './parts.ts';

/**
 * What must be there before something can be applied: the definition of a custom resource, the namespace it goes to. A unit is
 * applied all or nothing, so one object that comes too early holds up everything beside it.
 */

/** Who makes something that others need: a unit that applies it first of all, or a release that installs it. */
export interface Maker { readonly built: Built; readonly by: 'unit' | 'release' }
/** Somebody who needs it: what a unit applies, or what a release installs. */
export interface User { readonly built: Built; readonly unit: Unit; readonly release: Built | undefined; readonly count: number; readonly others: readonly Built[] }

export interface Need {
  /** What is needed, for messages: `namespace x`, `the definition of Y`. */
  readonly what: string;
  readonly makers: readonly Maker[];
  readonly users: readonly User[];
}

type Verdict = { readonly how: 'never' | 'unordered' | 'unwaited'; readonly maker: Maker };

/** How a need is kept from its users: undefined when somebody makes it in time. */
function judge(order: Order, need: Need, user: User): Verdict | undefined {
  const use = user.release === undefined ? order.unit(user.unit, 'applied') : order.release(user.release, 'ready');
  if (use === undefined) return undefined;
  let worst: Verdict | undefined;
  for (const maker of need.makers) {
    const made = maker.by === 'unit' ? order.unit(maker.built.unit, 'definitions') : order.release(maker.built, 'ready');
    if (made === undefined || made === use || order.comesAfter(use, made)) return undefined;
    const ready = order.unit(maker.built.unit, 'applied');
    const how = order.comesAfter(made, use) ? 'never' : ready !== undefined && maker.by === 'release' && maker.built.unit !== user.unit && order.comesAfter(use, ready) ? 'unwaited' : 'unordered';
    if (worst === undefined || how === 'never') worst = { how, maker };
  }
  return worst;
}

function maker(each: Maker): string {
  return each.by === 'release' ? called(each.built.object) : unitCalled(each.built.unit);
}

function wants(user: User): string {
  const objects = [user.built, ...user.others].map((built) => `${built.object.kind} ${built.object.metadata.name}`);
  const more = user.count - Math.min(2, objects.length);
  return `${listed(objects.slice(0, 2))}${more > 0 ? ` and ${more} more` : ''}`;
}

/** What is needed by somebody who does not come after its maker: never possible (`never`), or left to chance (`unordered`). */
export function* early(view: View, needs: readonly Need[], which: 'never' | 'unordered', how: { readonly makes: string }): Iterable<Say> {
  const order = orderOf(view);
  for (const need of needs) {
    for (const user of need.users) {
      const verdict = judge(order, need, user);
      if (verdict === undefined || (verdict.how === 'never') !== (which === 'never')) continue;
      const { maker: made } = verdict;
      const who = user.release === undefined ? unitCalled(user.unit) : called(user.release.object);
      const related = [{ what: `${maker(made)} ${how.makes} it`, source: made.built.origin.source }];
      if (verdict.how === 'never') {
        const together = made.by === 'release' && made.built.unit === user.unit && user.release === undefined;
        yield {
          built: user.built, path: ['metadata', 'name'], related,
          message: together
            ? `${wants(user)} ${user.count > 1 ? 'need' : 'needs'} ${need.what}, which ${called(made.built.object)} beside ${user.count > 1 ? 'them' : 'it'} ${how.makes}: ${who} applies all or nothing, so neither ever comes`
            : `${wants(user)} ${user.count > 1 ? 'need' : 'needs'} ${need.what}, which ${maker(made)} ${how.makes} only after ${who}`,
          hint: together ? `move what needs it into a Kustomization of its own that depends on this one, with wait: true here` : `turn the order round: ${who} has to come after ${maker(made)}; if it is there before Flux, say so in .manifests.yaml (given)`,
        };
      } else if (verdict.how === 'unwaited' && made.built.unit.declared !== undefined) {
        yield {
          built: made.built.unit.declared, path: spec(made.built.unit.declared, 'wait') === undefined ? ['metadata', 'name'] : ['spec', 'wait'], related,
          message: `${unitCalled(made.built.unit)} is Ready before ${called(made.built.object)} ${how.makes} ${need.what} that ${who} needs`,
          hint: `set wait: true for ${unitCalled(made.built.unit)}`,
        };
      } else {
        const declared = user.release ?? user.unit.declared;
        yield {
          ...(declared === undefined ? { built: user.built, path: ['metadata', 'name'] } : waitsAt(declared)), related,
          message: `${who} does not wait for ${maker(made)}, which ${how.makes} ${need.what} that ${wants(user)} ${user.count > 1 ? 'need' : 'needs'}`,
          hint: user.release !== undefined && made.by === 'release'
            ? `add ${called(made.built.object)} to its dependsOn`
            : `${made.built.unit.declared === undefined ? 'apply it there' : `add ${made.built.unit.name} to its dependsOn`}${made.by === 'release' && made.built.unit.declared !== undefined && spec(made.built.unit.declared, 'wait') !== true ? ', and set wait: true there' : ''}; if it is there before Flux, say so in .manifests.yaml (given)`,
        };
      }
    }
  }
}

interface Counted { readonly built: Built; readonly unit: Unit; readonly release: Built | undefined; count: number; readonly others: Built[] }

/** Users of something, one per unit or release, in order. */
export class Users {
  readonly #users = new Map<string, Map<Unit | Built, Counted>>();

  add(key: string, built: Built, release = built.release): void {
    const users = this.#users.get(key) ?? new Map<Unit | Built, Counted>();
    this.#users.set(key, users);
    const who = release ?? built.unit;
    const user = users.get(who);
    if (user === undefined) users.set(who, { built, unit: built.unit, release, count: 1, others: [] });
    else {
      user.count += 1;
      if (user.others.length < 2) user.others.push(built);
    }
  }

  of(key: string): readonly User[] {
    return [...this.#users.get(key)?.values() ?? []];
  }

  keys(): Iterable<string> {
    return this.#users.keys();
  }
}

/** Everything applied to this cluster by something awake, those of charts as well. */
export function* applied(view: View): Iterable<Built> {
  for (const built of view.tree.objects) if (!isRemote(built.unit) && !isAsleep(built.unit)) yield built;
  for (const release of view.releases) {
    if (!isRemote(release.declared.unit) && !isAsleep(release.declared.unit) && !isSuspended(release.declared)) yield* release.rendered ?? [];
  }
}
