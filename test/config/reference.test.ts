import { describe, expect, test } from 'vitest';
import { isPlace, labReference, readReference, valueAt } from '../../scripts/config/reference.ts';

describe('where a secret is kept', () => {
  test.each([
    ['op://Prod/infra-talos/CLUSTER_ID', { store: '1password', reference: 'op://Prod/infra-talos/CLUSTER_ID', account: undefined }],
    ['op://Prod/an item/section/field', { store: '1password', reference: 'op://Prod/an item/section/field', account: undefined }],
    ['op://Prod/item/field?account=work.1password.eu', { store: '1password', reference: 'op://Prod/item/field', account: 'work.1password.eu' }],
    ['sops://secrets/infra.sops.yaml#CLUSTER_ID', { store: 'sops', file: 'secrets/infra.sops.yaml', key: ['CLUSTER_ID'] }],
    ['sops://all.sops.yaml#talos.infra.CLUSTER_ID', { store: 'sops', file: 'all.sops.yaml', key: ['talos', 'infra', 'CLUSTER_ID'] }],
    ['env://OP_CONNECT_TOKEN', { store: 'environment', name: 'OP_CONNECT_TOKEN' }],
  ])('%s', (text, place) => { expect(readReference(text)).toEqual(place); });

  test.each(['', 'hunter2', 'op://V', 'op://V/i', 'op://V/i/a/b/c', 'op://V/$x/y', 'op://V/{{ x }}/y', 'op://V/i/f?account=', 'sops://x.yaml', 'sops://x.yaml#', 'sops://../x.yaml#a', 'sops:///etc/x.yaml#a', 'sops://x.yaml#a..b', 'env://', 'env://A-B', 'env://1A', 'vault://a/b/c'])('%j is none', (text) => { expect(readReference(text)).toBeUndefined(); });

  test.each([
    ['op://Prod/infra-talos', 'op://Prod/infra-talos/CLUSTER_ID'],
    ['op://Prod/infra-talos?account=work', 'op://Prod/infra-talos/CLUSTER_ID?account=work'],
    ['sops://infra.sops.yaml', 'sops://infra.sops.yaml#CLUSTER_ID'],
    ['sops://all.sops.yaml#talos.infra', 'sops://all.sops.yaml#talos.infra.CLUSTER_ID'],
    ['env://INFRA_TALOS', 'env://INFRA_TALOS_CLUSTER_ID'],
  ])('%s holds several, each by its name', (place, value) => {
    expect(isPlace(place)).toBe(true);
    expect(valueAt(place, 'CLUSTER_ID')).toBe(value);
    expect(readReference(value)).toBeDefined();
  });
  test.each(['op://Prod', 'op://Prod/item/field', 'sops://', 'sops://x.yaml#', 'env://', 'hunter2'])('%j is no place of several', (text) => { expect(isPlace(text)).toBe(false); });

  test.each([
    ['op://V/i/f?account=a', 'op://V/i/f'], ['sops://a/b.sops.yaml#x.FIELD', 'op://sops/a-b-sops-yaml-x/FIELD'], ['env://INFRA_TALOS_CLUSTER_ID', 'op://environment/INFRA-TALOS/CLUSTER_ID'],
    ['env://TOKEN', 'op://environment/all/TOKEN'], ['no reference', 'no reference'],
  ])('in a lab %s is asked of the lab as %s', (reference, asked) => { expect(labReference(reference, ['CLUSTER_ID'])).toBe(asked); });
});
