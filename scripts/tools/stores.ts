import { labReference, readReference, type SecretPlace } from '../config/reference.ts';
import { each } from '../engine/each.ts';
import { Failure, gather } from '../engine/failure.ts';
import type { Op, Proc, Scope, StoreAnswer, Stores, Unread } from './doors.ts';
import { decryptFile, sopsVersion, textAt } from './sops.ts';
import { BUNDLE_FIELDS } from './talos-bundle.ts';

const PARALLEL = 4;

interface Wanted { readonly reference: string; readonly place: SecretPlace }

/** All stores behind one door: every store is asked, and what any of them cannot tell is told in one failure. */
export function makeStores(scope: Scope, proc: Proc, op: Pick<Op, 'whoami' | 'read'>): Stores {
  const environment = scope.env ?? {};
  const lab = scope.site.target.kind === 'lab';
  const wantedOf = (references: readonly string[]): readonly Wanted[] => {
    const read = [...new Set(references)].map((reference) => ({ reference, place: readReference(lab ? labReference(reference, BUNDLE_FIELDS) : reference) }));
    const malformed = read.filter(({ place }) => place === undefined).map(({ reference }) => reference);
    if (malformed.length > 0) throw new Failure({ exit: 'configuration', what: `no reference to a secret: ${malformed.join(', ')}`, hint: 'write where the secret is kept in bootstrap/secrets.yaml and talos/clusters: op://vault/item/field, sops://file#key or env://NAME' });
    return read.flatMap(({ reference, place }) => (place === undefined ? [] : [{ reference, place }]));
  };

  return {
    async whoami(references) {
      const wanted = wantedOf(references);
      const accounts = accountsOf(wanted);
      const people: string[] = [];
      // One after another: each may ask for a finger.
      for (const account of accounts.keys()) people.push(`1Password: ${await op.whoami(account)}`);
      const files = filesOf(wanted);
      const names = wanted.filter(({ place }) => place.store === 'environment').length;
      return [...people, ...(files.size === 0 ? [] : [`SOPS: ${[...files.keys()].join(', ')}`]), ...(names === 0 ? [] : [`environment: ${names} ${names === 1 ? 'variable' : 'variables'}`])].join('; ');
    },

    async resolve(references) {
      const wanted = wantedOf(references);
      const values = new Map<string, string>();
      const failed: Unread[] = [];
      const refused: Failure[] = [];
      const take = (answer: StoreAnswer, of: readonly Wanted[], nameOf: (each: Wanted) => string): void => {
        for (const one of of) {
          const value = answer.values.get(nameOf(one));
          if (value !== undefined) values.set(one.reference, value);
        }
        failed.push(...answer.failed.flatMap(({ reference, because }) => of.filter((one) => nameOf(one) === reference).map((one) => ({ reference: one.reference, because }))));
      };
      for (const [account, mine] of accountsOf(wanted)) {
        try {
          take(await op.read(mine.map(opName), account), mine, opName);
        } catch (error) {
          // Not signed in: the other stores are asked all the same, so that everything that is missing is told at once.
          if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
          refused.push(error);
        }
      }
      await each([...filesOf(wanted)], PARALLEL, async ([file, mine]) => { take(await fromSops(proc, scope.site.root, file, mine), mine, ({ reference }) => reference); }, scope.signal);
      take(fromEnvironment(wanted, environment), wanted, ({ reference }) => reference);
      for (const value of values.values()) scope.redactor.add(value);
      for (const [reference, value] of values) {
        const because = uselessBecause(value);
        if (because !== undefined) failed.push({ reference, because });
      }
      const failures = [...refused, ...(failed.length === 0 ? [] : [unreadable(failed)])];
      if (failures.length > 0) throw gather(failures, `${failures.length} troubles with secrets`);
      return values;
    },

    sopsVersion: () => sopsVersion(proc),
  };
}

const opName = ({ place, reference }: Wanted): string => (place.store === '1password' ? place.reference : reference);

function accountsOf(wanted: readonly Wanted[]): ReadonlyMap<string | undefined, readonly Wanted[]> {
  return Map.groupBy(wanted.filter(({ place }) => place.store === '1password'), ({ place }) => (place.store === '1password' ? place.account : undefined));
}
function filesOf(wanted: readonly Wanted[]): ReadonlyMap<string, readonly Wanted[]> {
  return Map.groupBy(wanted.filter(({ place }) => place.store === 'sops'), ({ place }) => (place.store === 'sops' ? place.file : ''));
}

/** Each file is decrypted once, whatever is wanted of it. */
async function fromSops(proc: Proc, root: string, file: string, wanted: readonly Wanted[]): Promise<StoreAnswer> {
  const decrypted = await decryptFile(proc, root, file);
  const values = new Map<string, string>();
  const failed: Unread[] = [];
  for (const { reference, place } of wanted) {
    const value = 'because' in decrypted || place.store !== 'sops' ? undefined : textAt(decrypted.data, place.key);
    if (value === undefined) failed.push({ reference, because: 'because' in decrypted ? decrypted.because : 'the file has no value there' });
    else values.set(reference, value);
  }
  return { values, failed };
}

function fromEnvironment(wanted: readonly Wanted[], environment: Readonly<Record<string, string | undefined>>): StoreAnswer {
  const values = new Map<string, string>();
  const failed: Unread[] = [];
  for (const { reference, place } of wanted) {
    if (place.store !== 'environment') continue;
    const value = environment[place.name];
    if (value === undefined) failed.push({ reference, because: 'it is not set, neither in the shell nor in .env' });
    else values.set(reference, value);
  }
  return { values, failed };
}

/** What cannot be a secret of ours: nothing, or bytes that were no text and are already changed by having been read as such. */
function uselessBecause(value: string): string | undefined {
  if (value.trim() === '') return 'it is empty';
  return value.includes('\uFFFD') || value.includes('\0') ? 'it is no text; store it in base64' : undefined;
}

const HINTS: readonly (readonly [scheme: string, hint: string])[] = [
  ['op://', 'put them into the vault (op item edit ...)'], ['sops://', 'sops edit FILE, with the age key in SOPS_AGE_KEY_FILE'], ['env://', 'set them in the shell or in .env'],
];

function unreadable(failed: readonly Unread[]): Failure {
  const sorted = failed.toSorted((a, b) => a.reference.localeCompare(b.reference));
  return new Failure({
    exit: 'rerun',
    what: `${sorted.length === 1 ? 'one secret' : `${sorted.length} secrets`} cannot be read`,
    because: sorted.map(({ reference, because }) => `${reference}: ${because}`).join('; '),
    hint: `${HINTS.filter(([scheme]) => sorted.some(({ reference }) => reference.startsWith(scheme))).map(([, hint]) => hint).join('; ')}, then run this again; nothing has been written`,
  });
}
