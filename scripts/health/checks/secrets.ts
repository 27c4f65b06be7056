import { check, fail, pass, skip, unread, type Finding } from '../finding.ts';
import { KINDS } from '../kinds.ts';
import { NOT_LOOKED_AT } from '../look.ts';
import { id } from '../objects.ts';
import type { Snapshot } from '../snapshot.types.ts';
import { readyOnes } from './certificates.ts';
import { readiness } from './ready.ts';

export const secretChecks = [
  check('secrets', 'the bootstrap secrets', bootstrapSecrets),
  check('secrets', 'every secret store to be Ready', (seen) => [...readyOnes(seen, KINDS.clusterSecretStores, readiness), ...readyOnes(seen, KINDS.secretStores, readiness)]),
  check('secrets', 'every ExternalSecret to be synced', (seen) => readyOnes(seen, KINDS.externalSecrets, readiness)),
];

function bootstrapSecrets(seen: Snapshot): readonly Finding[] {
  const { secrets } = seen.site.bootstrap;
  if (secrets.length === 0) return [skip('bootstrap secrets', 'bootstrap/secrets.yaml lists none')];
  return secrets.map((secret): Finding => {
    const object = id('Secret', secret.name, secret.namespace);
    const keys = seen.secretKeys[`${secret.namespace}/${secret.name}`] ?? NOT_LOOKED_AT;
    if (!keys.ok) return unread(object, keys);
    const hint = `task bootstrap:crds CLUSTER=${seen.cluster.name} writes it from the secret provider`;
    const there = keys.value;
    if (there === null) return fail(object, 'bootstrap/secrets.yaml lists it and the cluster does not have it', { state: 'not there', hint });
    const missing = Object.keys(secret.data).filter((key) => !there.includes(key));
    return missing.length === 0 ? pass(object) : fail(object, `it lacks the ${missing.length === 1 ? 'key' : 'keys'} ${missing.join(', ')}`, { state: 'incomplete', hint });
  });
}
