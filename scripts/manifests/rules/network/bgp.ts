import { listed, meant } from '../../../config/words.ts';
import type { Found, Rule, View } from '../../model.types.ts';
import { indexOf } from '../../index/index.ts';
import { at, entries, fields, items, text } from '../../index/read.ts';
import { any, labelsOf, said, selects } from '../../index/selectors.ts';

type Finding = Omit<Found, 'rule'>;

export const bgpReference: Rule = {
  id: 'bgp-reference',
  severity: 'error',
  summary: 'BGP sessions, their settings and what they announce find each other.',
  why: 'The session comes up and announces nothing, or never comes up: the addresses are not reached from outside.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    const peers = 'cilium.io/CiliumBGPPeerConfig';
    for (const built of index.kind('cilium.io/CiliumBGPClusterConfig')) {
      for (const { entry, index: position } of entries(at(built.object['spec'], 'bgpInstances'))) {
        for (const { entry: peer, index: place } of entries(entry['peers'])) {
          const name = text(at(peer, 'peerConfigRef', 'name'));
          if (name === undefined || index.exists(peers, '', name) !== false) continue;
          yield { built, path: ['spec', 'bgpInstances', position, 'peers', place, 'peerConfigRef', 'name'], message: `nobody makes CiliumBGPPeerConfig ${name}`, hint: meant(name, index.names(peers, ''), 'add it, or name one that exists') };
        }
      }
    }
    const advertisements = index.kind('cilium.io/CiliumBGPAdvertisement');
    for (const built of index.kind(peers)) {
      for (const { entry, index: position } of entries(at(built.object['spec'], 'families'))) {
        const selector = entry['advertisements'];
        const path = ['spec', 'families', position, 'advertisements'];
        if (selector === undefined || index.unseen('') !== undefined && advertisements.length === 0) continue;
        if (any(advertisements.map(({ object }) => selects(selector, labelsOf(object.metadata.labels)))) !== false) continue;
        yield { built, path, message: `no CiliumBGPAdvertisement has ${said(selector)}, so nothing is announced`, hint: advertisements.length === 0 ? 'add one' : `there is ${listed(advertisements.map(({ object }) => `${object.metadata.name} (${Object.entries(fields(object.metadata.labels)).map(([key, value]) => `${key}=${String(value)}`).join(', ') || 'no labels'})`))}` };
      }
    }
    for (const built of advertisements) {
      for (const { entry, index: position } of entries(at(built.object['spec'], 'advertisements'))) {
        if (entry['advertisementType'] !== 'Service' || entry['selector'] !== undefined) continue;
        yield { built, path: ['spec', 'advertisements', position], message: 'an advertisement of Services without a selector announces none', hint: 'add a selector; one that every Service fits is {matchExpressions: [{key: x, operator: NotIn, values: [never]}]}' };
      }
    }
    const pools = 'metallb.io/IPAddressPool';
    for (const built of [...index.kind('metallb.io/L2Advertisement'), ...index.kind('metallb.io/BGPAdvertisement')]) {
      for (const [position, pool] of items(at(built.object['spec'], 'ipAddressPools')).entries()) {
        const name = text(pool);
        const namespace = index.namespaceOf(built);
        if (name !== undefined && index.exists(pools, namespace, name) === false) yield { built, path: ['spec', 'ipAddressPools', position], message: `nobody makes IPAddressPool ${namespace}/${name}`, hint: meant(name, index.names(pools, namespace), 'name one that exists') };
      }
    }
  },
};
