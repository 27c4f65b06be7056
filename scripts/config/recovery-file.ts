import { posix, relative, resolve } from 'node:path';
import { isMap, isScalar } from 'yaml';
import { parseDuration } from './duration.ts';
import type { ChangeFreeze, DataSet, OutsideCheck, Power, Protection, Recovery } from './recovery.ts';
import { list, may, must, oneOf, readDocument, record, shape, text, type Entry, type Read, type Shaped } from './shape.ts';
import type { At, Sources } from './source.ts';
import { meant } from './words.ts';

/** bootstrap/dr.yaml and bootstrap/calendar.yaml as they are written: every value with its place. */

const duration: Read<At<number>> = (node, cx) => {
  const spot = cx.document.spotOf(node);
  const value = isScalar(node) ? node.value : undefined;
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  if (ms !== undefined) return { value: ms, spot };
  const said = typeof value === 'string' || typeof value === 'number' ? `${cx.what} is ${value}` : `${cx.what} must be a duration`;
  cx.report(spot, 'duration', `${said}, which is no duration`, typeof value === 'number' && value > 0 ? `did you mean ${value}h? Units are d, h, m and s` : 'a number and a unit, large units first: 90d, 24h, 1h30m, 45m');
  return undefined;
};

/** `null` is an answer here: there is none. */
const textOrNull: Read<At<string | null>> = (node, cx) => (isScalar(node) && node.value === null ? { value: null, spot: cx.document.spotOf(node) } : text(node, cx));

/** A map whose other keys depend on one word in it. Where the word is wrong or missing, only that is told. */
function variants<T extends object>(key: string, choices: Readonly<Record<string, Read<T>>>): Read<T> {
  const words = Object.keys(choices);
  const word = oneOf(words);
  return (node, cx) => {
    // Without the word, whatever else stands there can only be told to be unknown.
    const written = isMap(node) ? node.get(key, true) : undefined;
    if (!isMap(node) || written === undefined) {
      const near = isMap(node) ? node.items.flatMap((pair) => (isScalar(pair.key) && meant(String(pair.key.value), [key], '') !== '' ? [pair.key] : [])) : [];
      if (near[0] !== undefined) cx.report(cx.document.spotOf(near[0]), 'unknown-key', `${String(near[0].value)} means nothing here`, `did you mean ${key}?`);
      else if (isMap(node)) cx.report({ ...cx.document.spotOf(node), length: 1 }, 'missing-key', `${key} is missing`, `add ${key}: ${words.join(' | ')}`);
      else cx.report(cx.document.spotOf(node), 'wrong-type', `${cx.what} must be a map`, `write {${key}: ${words.join(' | ')}, ...}`);
      return undefined;
    }
    const found = word(written, { ...cx, what: key });
    return found === undefined ? undefined : choices[found.value]?.(node, cx);
  };
}

const argv = list(text);
const by = <const W extends string>(word: W) => must(oneOf([word]), word);

const protection = variants<WrittenProtection>('by', {
  backup: shape({
    by: by('backup'), method: must(oneOf(['volsync', 'barman']), 'volsync'), source: must(text, '<its ReplicationSource or ScheduledBackup>'),
    restore: must(text, '<its ReplicationDestination or ObjectStore>'), store: must(text, '<a name of stores>'), 'data-loss': may(duration),
  }),
  git: shape({ by: by('git') }),
  none: shape({ by: by('none'), reason: must(text, '<why it may be lost>') }),
});
interface WrittenBackup {
  readonly by: At<'backup'> | undefined;
  readonly method: At<'volsync' | 'barman'> | undefined;
  readonly source: At<string> | undefined;
  readonly restore: At<string> | undefined;
  readonly store: At<string> | undefined;
  readonly 'data-loss': At<number> | undefined;
}
export type WrittenProtection = WrittenBackup | { readonly by: At<'git'> | undefined } | { readonly by: At<'none'> | undefined; readonly reason: At<string> | undefined };

const dataSetFields = {
  name: must(text, 'ledger'), cluster: must(text, 'infra'), kind: must(oneOf(['volume', 'postgres', 'object']), 'volume'),
  namespace: must(text, '<its namespace>'), object: must(text, '<its claim, Cluster, ConfigMap or Secret>'), protection: must(protection, '{by: backup | git | none, ...}'),
};
export type WrittenDataSet = Shaped<typeof dataSetFields>;

const storeFields = { name: must(text, 'minio'), endpoint: must(text, '"http://10.25.11.3:9000"'), bucket: must(text, 'backups') };
const outsideFields = {
  name: must(text, 'dns-owners'), what: must(text, '<what is out there>'), handling: must(text, '<what is done about it>'),
  check: must(variants<WrittenCheck>('by', {
    person: shape({ by: by('person') }),
    command: shape({ by: by('command'), argv: must(argv, '[...]') }),
    secret: shape({ by: by('secret'), reference: must(text, 'op://vault/item/field') }),
  }), '{by: person}'),
};
export type WrittenCheck = { readonly by: At<'person'> | undefined } | { readonly by: At<'command'> | undefined; readonly argv: At<readonly At<string>[]> | undefined } | { readonly by: At<'secret'> | undefined; readonly reference: At<string> | undefined };
const power = variants<WrittenPower>('by', {
  person: shape({ by: by('person') }),
  command: shape({ by: by('command'), status: must(argv, '[...]'), on: must(argv, '[...]') }),
});
export type WrittenPower = { readonly by: At<'person'> | undefined } | { readonly by: At<'command'> | undefined; readonly status: At<readonly At<string>[]> | undefined; readonly on: At<readonly At<string>[]> | undefined };

const freezeFields = { name: must(text, 'silence'), freeze: must(argv, '[...]'), unfreeze: must(argv, '[...]') };
const objectives = shape({ 'recovery-time': must(duration, '45m'), 'data-loss': must(duration, '24h'), 'rehearse-every': must(duration, '90d') });
const lists = {
  'data-sets': must(list(shape(dataSetFields)), '[]'), stores: may(list(shape(storeFields))), outside: may(list(shape(outsideFields))),
  power: may(record(power)), freeze: may(list(shape(freezeFields))), 'signing-key': may(textOrNull),
};
const recoveryFields = { objectives: must(objectives, '{recovery-time: 45m, data-loss: 24h, rehearse-every: 90d}'), ...lists };
export const recoveryShape = shape(recoveryFields);
/** What a lab adds needs no objectives of its own. */
const addedShape = shape({ ...recoveryFields, objectives: may(objectives) });
export type WrittenRecovery = Shaped<typeof recoveryFields>;

const calendarFields = { name: must(text, 'year-end'), from: must(text, '"2025-12-22"'), until: must(text, '"2026-01-02"'), because: must(text, '<why nothing may change>') };
export const calendarShape = list(shape(calendarFields));
export type WrittenFreeze = Shaped<typeof calendarFields>;

export const RECOVERY_FILE = 'bootstrap/dr.yaml';
export const CALENDAR_FILE = 'bootstrap/calendar.yaml';

/** bootstrap/dr.yaml first, then what the target adds to it. */
export function readRecovery(sources: Sources, added?: string): readonly WrittenRecovery[] {
  const own = readDocument(sources.one(RECOVERY_FILE), recoveryShape, RECOVERY_FILE, sources.report);
  if (added === undefined) return own === undefined ? [] : [own];
  // Named from the root like every file, wherever it lies.
  const file = posix.normalize(relative(sources.root, resolve(sources.root, added)));
  const more = readDocument(sources.one(file, { missing: 'task lab:down, then task lab:up, puts it there again' }), addedShape, file, sources.report);
  return [own, more].flatMap((each) => (each === undefined ? [] : [each]));
}

export function readCalendar(sources: Sources): readonly WrittenFreeze[] {
  return readDocument(sources.one(CALENDAR_FILE), calendarShape, CALENDAR_FILE, sources.report)?.value ?? [];
}

type Sure = <T>(value: T | undefined, what: string) => T;

/**
 * What was read, put together. In a lab nothing reaches out of it: hooks and power are those of the file it added, and a
 * check of the site's outside by a command is a person's matter.
 */
export function recoveryOf(written: readonly WrittenRecovery[], kind: 'site' | 'lab', sure: Sure): Recovery {
  const objective = sure(written.findLast((each) => each.objectives !== undefined)?.objectives, 'objectives');
  const dataLossMs = sure(objective['data-loss'], 'data-loss').value;
  const reaching = kind === 'site' ? written : written.slice(1);
  return {
    objectives: { recoveryTimeMs: sure(objective['recovery-time'], 'recovery-time').value, dataLossMs, rehearseEveryMs: sure(objective['rehearse-every'], 'rehearse-every').value },
    dataSets: written.flatMap((each) => each['data-sets']?.value ?? []).map((set): DataSet => ({
      name: sure(set.name, 'name').value, cluster: sure(set.cluster, 'cluster').value, kind: sure(set.kind, 'kind').value,
      namespace: sure(set.namespace, 'namespace').value, object: sure(set.object, 'object').value, protection: protectionOf(sure(set.protection, 'protection'), dataLossMs, sure),
    })),
    stores: written.flatMap((each) => each.stores?.value ?? []).map((store) => ({ name: sure(store.name, 'name').value, endpoint: sure(store.endpoint, 'endpoint').value, bucket: sure(store.bucket, 'bucket').value })),
    outside: written.flatMap((each) => (each.outside?.value ?? []).map((state) => {
      const check = checkOf(sure(state.check, 'check'), sure);
      return { name: sure(state.name, 'name').value, what: sure(state.what, 'what').value, handling: sure(state.handling, 'handling').value, check: check.by === 'command' && !reaching.includes(each) ? { by: 'person' } as const : check };
    })),
    power: Object.fromEntries(reaching.flatMap((each) => each.power ?? []).map(({ key, value }: Entry<WrittenPower>) => [key.value, powerOf(value, sure)])),
    freeze: reaching.flatMap((each) => each.freeze?.value ?? []).map((hook) => ({ name: sure(hook.name, 'name').value, freeze: words(hook.freeze, sure), unfreeze: words(hook.unfreeze, sure) })),
    signingKey: written[0]?.['signing-key']?.value ?? null,
  };
}

function words(list: At<readonly At<string>[]> | undefined, sure: Sure): readonly string[] {
  return sure(list, 'a command').value.map(({ value }) => value);
}

function protectionOf(written: WrittenProtection, dataLossMs: number, sure: Sure): Protection {
  if ('method' in written) {
    return {
      by: 'backup', method: sure(written.method, 'method').value, source: sure(written.source, 'source').value, restore: sure(written.restore, 'restore').value,
      store: sure(written.store, 'store').value, dataLossMs: written['data-loss']?.value ?? dataLossMs,
    };
  }
  return 'reason' in written ? { by: 'none', reason: sure(written.reason, 'reason').value } : { by: 'git' };
}

function checkOf(written: WrittenCheck, sure: Sure): OutsideCheck {
  if ('argv' in written) return { by: 'command', argv: words(written.argv, sure) };
  return 'reference' in written ? { by: 'secret', reference: sure(written.reference, 'reference').value } : { by: 'person' };
}

function powerOf(written: WrittenPower, sure: Sure): Power {
  return 'status' in written ? { by: 'command', status: words(written.status, sure), on: words(written.on, sure) } : { by: 'person' };
}

export function calendarOf(written: readonly WrittenFreeze[], sure: Sure): readonly ChangeFreeze[] {
  return written.map((each) => ({ name: sure(each.name, 'name').value, from: sure(each.from, 'from').value, until: sure(each.until, 'until').value, because: sure(each.because, 'because').value }));
}
