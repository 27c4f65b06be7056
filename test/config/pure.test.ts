import { fc } from '../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { formatAddress, overlaps, parseAddress, parseNetwork } from '../../scripts/config/ipv4.ts';
import { meant, nearest } from '../../scripts/config/words.ts';
import { schematicId } from '../../scripts/config/rules/versions.ts';
import { usesIn } from '../../scripts/config/rules/settings.ts';

const { assert, integer, nat, property, tuple } = fc;

const address = integer({ min: 0, max: 2 ** 32 - 1 });

describe('addresses', () => {
  test('every address survives being written and read', () => {
    assert(property(address, (value) => { expect(parseAddress(formatAddress(value))).toBe(value); }));
  });
  test.each(['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.a', '1..2.3', ' 1.2.3.4', '1.2.3.4/8'])('%j is none', (text) => { expect(parseAddress(text)).toBeUndefined(); });
  test('a network holds its own address, and exactly 2^(32-bits) of them', () => {
    assert(property(address, integer({ min: 0, max: 32 }), (value, bits) => {
      const network = parseNetwork(`${formatAddress(value)}/${bits}`);
      expect(network !== undefined && network.first <= value && value <= network.last && network.last - network.first + 1 === 2 ** (32 - bits)).toBe(true);
    }));
  });
  test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', 'x/8'])('%j is no network', (text) => { expect(parseNetwork(text)).toBeUndefined(); });
  test('overlapping is mutual, and means a common address', () => {
    const range = tuple(nat(40), nat(10)).map(([first, size]) => ({ first, last: first + size }));
    assert(property(range, range, (a, b) => {
      const common = Array.from({ length: 60 }, (_, each) => each).some((each) => a.first <= each && each <= a.last && b.first <= each && each <= b.last);
      expect(overlaps(a, b)).toBe(common);
      expect(overlaps(b, a)).toBe(common);
    }));
  });
});

describe('did you mean', () => {
  test.each([
    ['serviceCidr', ['serviceCIDR', 'podCIDR'], 'serviceCIDR'],
    ['restrictive', ['privileged', 'baseline', 'restricted'], 'restricted'],
    ['core-dns', ['coredns', 'cilium'], 'coredns'],
    ['kafka', ['coredns', 'cilium'], undefined],
    ['', ['a'], undefined],
  ])('%s', (word, candidates, expected) => { expect(nearest(word, candidates)).toBe(expected); });
  test('says something else when nothing is near', () => { expect(meant('kafka', ['coredns'], 'add it')).toBe('add it'); });
});

test('the digest of an empty schematic is the one the image factory publishes for it', () => {
  expect(schematicId({ customization: {} })).toBe('376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba');
});

describe('variables', () => {
  test.each<[string, readonly string[], number]>([
    ['a: ${NAME}', ['NAME!'], 0],
    ['a: ${NAME:=x} ${OTHER:-y} ${THIRD=z}', ['NAME', 'OTHER', 'THIRD'], 0],
    ['a: $${NAME} $NAME', [], 0],
    ['a: ${NAME^^} ${1} ${OPEN', [], 3],
    ['# ${NAME}', [], 0],
  ])('%s', (text, uses, malformed) => {
    const found = usesIn('f', text, false);
    expect(found.uses.map(({ name, needed }) => `${name}${needed ? '!' : ''}`)).toEqual(uses);
    expect(found.malformed).toHaveLength(malformed);
  });
  test('in generated files comments are filled in too', () => { expect(usesIn('f', '# ${NAME}', true).uses).toHaveLength(1); });
});
