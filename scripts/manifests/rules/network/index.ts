import type { Rule } from '../../model.types.ts';
import { loadBalancerAddress } from './addresses.ts';
import { bgpReference } from './bgp.ts';
import { gatewayClass, gatewayListener, ingressBackend, tlsSecret } from './gateways.ts';
import { policyDns } from './policy-dns.ts';
import { policyPeer, policyPort, policySelects } from './policies.ts';
import { hostTwice, routeBackend, routeParent } from './routes.ts';
import { serviceNumber, servicePort, serviceSelects } from './services.ts';

export const RULES: readonly Rule[] = [
  serviceSelects, servicePort, serviceNumber, policySelects, policyPeer, policyPort, policyDns,
  gatewayClass, gatewayListener, tlsSecret, routeParent, routeBackend, hostTwice, ingressBackend, loadBalancerAddress, bgpReference,
];
