import { describe, expect, test } from 'vitest';
import { load } from 'js-yaml';
import { at, list, plain, strings, text } from '../../lab/catalog/data.ts';
import { built, CLUSTERS } from './tree.ts';
import { all, allowedNames, allows, appsOf, args, clusterFile, container, documents, each, exists, file, hostOf, infraOf, number, one, range, values, within, type Check, type Seen } from './networking.checks.ts';
import { POLICIES } from './networking.policies.ts';

/** The network of the platform: what of it must agree, and that each check finds the mistake it is for. */

const trees = CLUSTERS.map(built);
function seen(): Seen { return { clusters: structuredClone(trees), files: new Map() }; }

const GATEWAYS = ['external', 'internal'] as const;

const ADDRESSES: readonly Check[] = [
  {
    holds: 'each cluster hands out its own twenty addresses, in the nodes\' network, and no cluster those of another', defect: '7.1.2 apps would hand out addresses of infra',
    find: (all_) => {
      const taken = new Map<number, string>();
      return each(all_, (cluster, say) => {
        const pools = all(cluster, 'CiliumLoadBalancerIPPool');
        if (pools.length !== 1 || pools[0]?.metadata.name !== `${cluster.name}-pool`) say(`pools ${pools.map(({ metadata }) => metadata.name).join(', ')}`);
        for (const block of pools.flatMap((pool) => list(at(pool.spec, 'blocks'))).map(plain)) {
          const [first, last] = [number(text(block['start']) ?? ''), number(text(block['stop']) ?? '')];
          if (last - first !== 19) say(`${last - first + 1} addresses`);
          if (!within([first, last], range(cluster.settings['NODE_CIDR'] ?? ''))) say('the pool is outside the nodes\' network');
          for (let address = first; address <= last; address++) {
            const owner = taken.get(address);
            if (owner !== undefined) say(`${address} is ${owner}'s too`);
            taken.set(address, cluster.name);
          }
        }
      });
    },
    plant: (all_) => { plain(list(at(one(appsOf(all_), 'CiliumLoadBalancerIPPool', 'apps-pool').spec, 'blocks'))[0])['start'] = '10.25.11.119'; },
  },
  {
    holds: 'every address that is asked for by name lies in the own pool, and nobody else asks for it', defect: '7.1.2 Gateways would stay pending',
    find: (all_) => each(all_, (cluster, say) => {
      const pool = plain(list(at(one(cluster, 'CiliumLoadBalancerIPPool', `${cluster.name}-pool`).spec, 'blocks'))[0]);
      const wanted = [
        ...all(cluster, 'Gateway').flatMap((gateway) => list(at(gateway.spec, 'addresses')).map((entry) => String(plain(entry)['value']))),
        strings(at(values(cluster, 'cilium'), 'clustermesh.apiserver.service.annotations'))['io.cilium/lb-ipam-ips'] ?? 'nothing',
      ];
      if (new Set(wanted).size !== 3) say(`asked for: ${wanted.join(', ')}`);
      for (const address of wanted) if (!within([number(address), number(address)], [number(String(pool['start'])), number(String(pool['stop']))])) say(`${address} is not in the pool`);
    }),
    plant: (all_) => { plain(list(at(one(appsOf(all_), 'Gateway', 'cilium-gateway-internal').spec, 'addresses'))[0])['value'] = '10.25.11.121'; },
  },
  {
    holds: 'addresses are told to neighbours by ARP as well, as long as the pools lie in the nodes\' own network',
    find: (all_) => each(all_, (cluster, say) => {
      if (at(values(cluster, 'cilium'), 'l2announcements.enabled') !== true) say('nobody answers ARP');
      const device = String(values(cluster, 'cilium')['devices']);
      const policies = all(cluster, 'CiliumL2AnnouncementPolicy').filter((policy) => at(policy.spec, 'loadBalancerIPs') === true);
      if (!policies.some((policy) => list(at(policy.spec, 'interfaces')).some((pattern) => new RegExp(String(pattern)).test(device)))) say(`no policy for ${device}`);
    }),
    plant: (all_) => { plain(one(infraOf(all_), 'CiliumL2AnnouncementPolicy', 'loadbalancer-ips').spec)['interfaces'] = ['^eth0$']; },
  },
];

const GATEWAY: readonly Check[] = [
  {
    holds: 'the class has one owner, and both Gateways have HTTP and HTTPS with a certificate somebody makes',
    find: (all_) => each(all_, (cluster, say) => {
      if (at(values(cluster, 'cilium'), 'gatewayAPI.enabled') !== true) say('the Gateway API is off');
      if (at(values(cluster, 'cilium'), 'gatewayAPI.gatewayClass.create') !== 'false' || all(cluster, 'GatewayClass').length !== 1) say('the class has not exactly one owner');
      const certificates = new Set(all(cluster, 'Certificate').map((certificate) => `${certificate.metadata.namespace ?? ''}/${String(at(certificate.spec, 'secretName'))}`));
      for (const kind of GATEWAYS) {
        const gateway = one(cluster, 'Gateway', `cilium-gateway-${kind}`);
        const ports = list(at(gateway.spec, 'listeners')).map((listener) => `${String(plain(listener)['port'])}`).join();
        if (ports !== '80,443') say(`${gateway.metadata.name} listens on ${ports}`);
        for (const listener of list(at(gateway.spec, 'listeners')).map(plain)) {
          for (const ref of list(at(listener, 'tls.certificateRefs')).map(plain)) if (!certificates.has(`kube-system/${String(ref['name'])}`)) say(`nobody makes the certificate ${String(ref['name'])}`);
          if (listener['protocol'] === 'HTTPS' && at(listener, 'tls.mode') !== 'Terminate') say('TLS does not end at the Gateway');
        }
      }
    }),
    plant: (all_) => { plain(plain(values(infraOf(all_), 'cilium')['gatewayAPI'])['gatewayClass'])['create'] = 'auto'; },
  },
  {
    holds: 'a Gateway counts as healthy only when it is Programmed: it has no Ready condition that would say so',
    find: (all_) => each(all_, (cluster, say) => {
      const expressions = list(at(one(cluster, 'Kustomization', 'cilium-gateway').spec, 'healthCheckExprs')).map(plain).filter((entry) => entry['kind'] === 'Gateway');
      if (!expressions.some((entry) => String(entry['current']).includes('Programmed'))) say('a Gateway without address is healthy');
    }),
    plant: (all_) => { plain(one(appsOf(all_), 'Kustomization', 'cilium-gateway').spec)['healthCheckExprs'] = []; },
  },
  {
    holds: 'Gateways wait for their certificate',
    find: (all_) => each(all_, (cluster, say) => {
      const makes = cluster.units.find((unit) => unit.objects.some((object) => object.kind === 'Certificate' && at(object.spec, 'secretName') === 'wildcard-tls'))?.name ?? 'nobody';
      if (!list(at(one(cluster, 'Kustomization', 'cilium-gateway').spec, 'dependsOn')).some((entry) => plain(entry)['name'] === makes)) say(`cilium-gateway does not wait for ${makes}`);
    }),
    plant: (all_) => { plain(one(appsOf(all_), 'Kustomization', 'cilium-gateway').spec)['dependsOn'] = [{ name: 'cilium-core' }]; },
  },
];

const DNS: readonly Check[] = [
  {
    holds: 'CoreDNS is a Kustomization that sees the settings, has the address kubelets hand out, and the label policies select', defect: '7.1.3 CoreDNS does not build, and its address would stay a variable',
    find: (all_) => each(all_, (cluster, say) => {
      const dns = values(cluster, 'coredns');
      if (one(cluster, 'Kustomization', 'coredns').metadata.namespace !== 'flux-system') say('its Kustomization is where no settings are');
      if (at(dns, 'service.clusterIP') !== clusterFile(all_, cluster)['dnsServiceIP']) say(`its address is ${String(at(dns, 'service.clusterIP'))}`);
      if (dns['k8sAppLabelOverride'] !== 'kube-dns') say('policies select k8s-app=kube-dns, which no pod would have');
      const plugins = list(plain(list(dns['servers'])[0])['plugins']).map((plugin) => plain(plugin)['name']);
      for (const plugin of ['errors', 'health', 'ready', 'kubernetes', 'prometheus', 'forward', 'cache', 'loop', 'reload', 'loadbalance']) if (!plugins.includes(plugin)) say(`no plugin ${plugin}`);
      if (at(documents(all_, 'talos/patches/controlplane.yaml')[0], 'cluster.coreDNS.disabled') !== true) say('Talos brings another CoreDNS');
      if (dns['replicaCount'] !== 2 || at(dns, 'podDisruptionBudget.minAvailable') !== 1) say('not two replicas of which one stays');
    }),
    plant: (all_) => { values(infraOf(all_), 'coredns')['k8sAppLabelOverride'] = 'coredns'; },
  },
  {
    holds: 'each controller of names owns its records under a name of its own, watches one Gateway, and has only flags it knows', defect: '7.4 external-dns gets a flag that does not exist',
    find: (all_) => {
      const owners = new Set<string>();
      const known = /^--(provider|source|gateway-name|gateway-namespace|domain-filter|zone-id-filter|registry|txt-owner-id|txt-prefix|policy|interval|events|log-level|log-format|metrics-address|cloudflare-proxied|rfc2136-tsig-axfr)(=|$)/;
      return each(all_, (cluster, say) => {
        for (const [provider, gateway] of [['cloudflare', 'external'], ['rfc2136', 'internal']] as const) {
          const given = args(cluster, `external-dns-${provider}`);
          for (const flag of given) if (!known.test(flag)) say(`${provider}: ${flag} is no flag of external-dns 0.19`);
          const owner = given.find((flag) => flag.startsWith('--txt-owner-id=')) ?? 'none';
          if (owners.has(owner)) say(`${provider}: ${owner} is somebody else's too`);
          owners.add(owner);
          if (!given.includes(`--gateway-name=cilium-gateway-${gateway}`)) say(`${provider} watches another Gateway than ${gateway}`);
          if (given.some((flag) => /tsig-secret|token/i.test(flag))) say(`${provider}: a secret is on the command line`);
        }
      });
    },
    plant: (all_) => { plain(container(infraOf(all_), 'external-dns-cloudflare'))['args'] = [...args(infraOf(all_), 'external-dns-cloudflare'), '--controller-id=infra']; },
  },
  {
    holds: 'the tunnel hands on to the Services Cilium really makes, each cluster\'s names to its own Gateway, with the replicas of the settings', defect: '7.4 cloudflared\'s replicas are written out',
    find: (all_) => each(all_, (cluster, say) => {
      const config = plain(load(strings(one(cluster, 'ConfigMap', 'cloudflared-config').data)['config.yaml'] ?? ''));
      const rules = list(config['ingress']).map(plain);
      const own = 'https://cilium-gateway-cilium-gateway-external.kube-system.svc.cluster.local';
      const other = (name: string): string => `https://${all_.clusters.find((each_) => each_.name === name)?.settings['CILIUM_GATEWAY_LB_IP_EXTERNAL'] ?? ''}`;
      const wanted = [['*.apps.monosense.io', cluster.name === 'apps' ? own : other('apps')], ['*.monosense.io', cluster.name === 'infra' ? own : other('infra')], [undefined, 'http_status:404']];
      if (JSON.stringify(rules.map((rule) => [rule['hostname'], rule['service']])) !== JSON.stringify(wanted)) say(`the tunnel goes to ${JSON.stringify(rules)}`);
      if (String(at(values(cluster, 'cloudflared'), 'controllers.cloudflared.replicas')) !== cluster.settings['CLOUDFLARED_REPLICAS']) say('its replicas are not those of the settings');
      const certificate = all(cluster, 'Certificate').find((object) => at(object.spec, 'secretName') === 'wildcard-tls');
      if (!allows(list(at(certificate?.spec, 'dnsNames')).map(String), String(at(config, 'originRequest.originServerName')))) say('the Gateway\'s certificate lacks the name the tunnel asks for');
    }),
    plant: (all_) => { const map = one(appsOf(all_), 'ConfigMap', 'cloudflared-config'); map.data = { 'config.yaml': (strings(map.data)['config.yaml'] ?? '').replace('https://cilium-gateway-cilium-gateway-', 'https://cilium-gateway-') }; },
  },
  {
    holds: 'every release has a chart source of its own, beside it', defect: '7.4 the chart source of three releases lives with one of them',
    find: (all_) => each(all_, (cluster, say) => {
      for (const unit of cluster.units.filter(({ path }) => path.startsWith('kubernetes/infrastructure/networking/'))) {
        for (const release of unit.objects.filter(({ kind }) => kind === 'HelmRelease')) {
          const source = text(at(release.spec, 'chartRef.name')) ?? text(at(release.spec, 'chart.spec.sourceRef.name'));
          if (!unit.objects.some((object) => object.kind.endsWith('Repository') && object.metadata.name === source && object.metadata.namespace === release.metadata.namespace)) say(`${release.metadata.name} takes ${source ?? 'nothing'} from elsewhere`);
        }
      }
    }),
    plant: (all_) => { plain(at(one(infraOf(all_), 'HelmRelease', 'external-dns-rfc2136').spec, 'chartRef'))['name'] = 'cloudflared'; },
  },
];

const ROUTES: readonly Check[] = [
  {
    holds: 'LoadBalancer addresses, and nothing else, are announced by a selector on the entry, under the label the session asks for', defect: '7.4 a BGP advertisement without selector announces nothing',
    find: (all_) => each(all_, (cluster, say) => {
      if (at(values(cluster, 'cilium'), 'bgpControlPlane.enabled') !== true) say('BGP is off');
      if (all(cluster, 'CiliumBGPPeeringPolicy').length > 0) say('the old kind of policy is there too');
      const [instance] = list(at(one(cluster, 'CiliumBGPClusterConfig', 'bgp-cluster-config').spec, 'bgpInstances')).map(plain);
      const [peer] = list(instance?.['peers']).map(plain);
      if (instance?.['localASN'] !== { infra: 64512, apps: 64513 }[cluster.name]) say(`AS number ${String(instance?.['localASN'])}`);
      if (peer?.['peerASN'] !== 64501 || peer['peerAddress'] !== '10.25.11.1') say('another router');
      const config = one(cluster, 'CiliumBGPPeerConfig', String(at(peer, 'peerConfigRef.name')));
      const label = strings(at(plain(list(at(config.spec, 'families'))[0]), 'advertisements.matchLabels'));
      const heard = all(cluster, 'CiliumBGPAdvertisement').filter((advertisement) => Object.entries(label).every(([key, value]) => advertisement.metadata.labels?.[key] === value));
      if (heard.length === 0) say('no advertisement has the label of the session');
      for (const entry of heard.flatMap((advertisement) => list(at(advertisement.spec, 'advertisements'))).map(plain)) {
        if (entry['selector'] === undefined) say('an advertisement selects nothing');
        if (entry['advertisementType'] !== 'Service' || list(at(entry, 'service.addresses')).join() !== 'LoadBalancerIP') say('more than LoadBalancer addresses are announced');
      }
    }),
    plant: (all_) => { delete plain(list(at(one(appsOf(all_), 'CiliumBGPAdvertisement', 'bgp-loadbalancer-ips').spec, 'advertisements'))[0])['selector']; },
  },
  {
    holds: 'Cilium talks to the machine\'s own load balancer of the API before and after Flux', defect: '7.2.10 the API\'s address changes at the handover',
    find: (all_) => each(all_, (cluster, say) => {
      const cilium = values(cluster, 'cilium');
      const prism = at(documents(all_, 'talos/patches/all.yaml')[0], 'machine.features.kubePrism');
      if (cilium['k8sServiceHost'] !== '127.0.0.1' || cilium['k8sServicePort'] !== at(prism, 'port') || at(prism, 'enabled') !== true) say(`${String(cilium['k8sServiceHost'])}:${String(cilium['k8sServicePort'])} is not KubePrism`);
    }),
    plant: (all_) => { values(infraOf(all_), 'cilium')['k8sServiceHost'] = 'infra-k8s.monosense.io'; },
  },
  {
    holds: 'nobody waits for Cilium\'s release while its certificates come from hooks, and everybody for what comes after', defect: '7.4 the mesh server was switched off, because Helm waited for its certificates for ever',
    find: (all_) => {
      const helmfile = plain(load(file(all_, 'helmfile.d/01-core.yaml')));
      const waited = (name: string): boolean => (list(helmfile['releases']).map(plain).find((release) => release['name'] === name)?.['wait'] ?? at(helmfile, 'helmDefaults.wait')) === true;
      return each(all_, (cluster, say) => {
        const cilium = values(cluster, 'cilium');
        const byHook = ['hubble', 'clustermesh.apiserver'].some((part) => at(cilium, `${part}.tls.auto.method`) === 'cronJob');
        const release = one(cluster, 'HelmRelease', 'cilium');
        if (byHook && at(release.spec, 'chart.spec.version') === '1.18.3' && (waited('cilium') || at(release.spec, 'install.disableWait') !== true)) say('the installation waits for what its hooks make after the wait');
        for (const next of ['coredns', 'cert-manager', 'external-secrets']) if (!waited(next)) say(`${next} is not waited for`);
        if (at(one(cluster, 'Kustomization', 'cilium-core').spec, 'wait') !== true) say('Flux does not wait for Cilium');
      });
    },
    plant: (all_) => { all_.files.set('helmfile.d/01-core.yaml', file(all_, 'helmfile.d/01-core.yaml').replace('    wait: false\n', '')); },
  },
];

const MESH: readonly Check[] = [
  {
    holds: 'peers come by a name that is the peer\'s own, that its certificate carries, and that the runbook has with its address', defect: '7.4 the mesh server was switched off; nobody used the peers\' names',
    find: (all_) => each(all_, (cluster, say) => {
      const mesh = plain(at(values(cluster, 'cilium'), 'clustermesh'));
      if (mesh['useAPIServer'] !== true || at(mesh, 'apiserver.replicas') !== 2) say('the mesh server is not there twice');
      const peers = list(at(mesh, 'config.clusters')).map(plain);
      if (peers.map((peer) => peer['name']).join() !== list(at(clusterFile(all_, cluster), 'mesh.peers')).join()) say('other peers than in talos/clusters');
      for (const peer of peers) {
        const other = all_.clusters.find(({ name }) => name === peer['name']);
        if (other === undefined || other.settings['CILIUM_CLUSTERMESH_FQDN'] !== peer['address']) say(`${String(peer['name'])} does not call itself ${String(peer['address'])}`);
        else if (!list(at(values(other, 'cilium'), 'clustermesh.apiserver.tls.server.extraDnsNames')).includes(peer['address'])) say(`the certificate of ${other.name} lacks ${String(peer['address'])}`);
      }
      const record = `| ${cluster.settings['CILIUM_CLUSTERMESH_FQDN'] ?? ''} | ${cluster.settings['CLUSTERMESH_IP'] ?? ''} |`;
      if (!file(all_, 'docs/runbooks/clustermesh-dns.md').includes(record)) say(`the runbook has no record ${record}`);
    }),
    plant: (all_) => { plain(at(values(appsOf(all_), 'cilium'), 'clustermesh.apiserver.tls.server'))['extraDnsNames'] = []; },
  },
  {
    holds: 'clusters trust one authority, merged into what the bootstrap wrote, by the API version the health check asks for', defect: '7.4 the health check asks for v1beta1 of an object that is v1',
    find: (all_) => {
      const items = new Set<string>();
      const found = each(all_, (cluster, say) => {
        const secret = one(cluster, 'ExternalSecret', 'cilium-clustermesh');
        const [check] = list(at(one(cluster, 'Kustomization', 'cilium-clustermesh').spec, 'healthChecks')).map(plain);
        if (check?.['apiVersion'] !== secret.apiVersion || check['name'] !== secret.metadata.name) say('its health check is of something else');
        if (at(secret.spec, 'target.name') !== 'cilium-ca' || at(secret.spec, 'target.creationPolicy') !== 'Merge') say('it does not keep the authority that is there');
        const references = list(at(secret.spec, 'data')).map(plain).map((entry) => [entry['secretKey'], at(entry, 'remoteRef.key'), at(entry, 'remoteRef.property')].map(String));
        items.add(JSON.stringify(references));
        const written = list(load(file(all_, 'bootstrap/secrets.yaml'))).map(plain).find((entry) => entry['name'] === 'cilium-ca');
        for (const [key = '', item, field] of references) if (strings(written?.['data'])[key] !== `op://Infra/${item ?? ''}/${field ?? ''}`) say(`the bootstrap takes ${key} from elsewhere`);
      });
      return items.size === 1 ? found : [...found, 'the clusters trust different authorities'];
    },
    plant: (all_) => { plain(at(list(at(one(appsOf(all_), 'ExternalSecret', 'cilium-clustermesh').spec, 'data'))[0], 'remoteRef'))['key'] = 'kubernetes/apps/cilium-clustermesh'; },
  },
  {
    holds: 'pods of every meshed cluster keep their addresses on the way',
    find: (all_) => each(all_, (cluster, say) => {
      const native = range(String(values(cluster, 'cilium')['ipv4NativeRoutingCIDR']));
      for (const other of all_.clusters) if (!within(range(String(clusterFile(all_, other)['podCIDR'])), native)) say(`pods of ${other.name} would be masqueraded`);
    }),
    plant: (all_) => { values(infraOf(all_), 'cilium')['ipv4NativeRoutingCIDR'] = '10.244.0.0/16'; },
  },
];

const IMAGES: readonly Check[] = [
  {
    holds: 'Spegel has keys its chart reads, Talos\' own paths, and machines that keep what they share', defect: '7.4 Spegel was given up on Talos',
    find: (all_) => each(all_, (cluster, say) => {
      const spegel = values(cluster, 'spegel');
      // Those of chart 0.4.0; others are read by nobody.
      const known = ['containerdRegistryConfigPath', 'prependExisting', 'mirroredRegistries', 'registryFilters', 'logLevel', 'resolveTags', 'additionalMirrorTargets', 'mirrorResolveRetries', 'mirrorResolveTimeout'];
      for (const key of Object.keys(plain(spegel['spegel']))) if (!known.includes(key)) say(`the chart does not know spegel.${key}`);
      if (at(spegel, 'spegel.containerdRegistryConfigPath') !== '/etc/cri/conf.d/hosts') say('not where Talos\' containerd looks');
      if (at(spegel, 'service.registry.hostPort') !== 29999) say('another port');
      const registries = list(at(spegel, 'spegel.mirroredRegistries')).map(String);
      for (const registry of ['docker.io', 'ghcr.io', 'quay.io', 'registry.k8s.io']) if (!registries.includes(`https://${registry}`)) say(`no mirror for https://${registry}`);
      if (list(at(spegel, 'spegel.registryFilters')).join() !== ':latest$') say('moving tags are answered by neighbours');
      const kept = list(at(documents(all_, 'talos/patches/all.yaml')[0], 'machine.files')).map(plain).some((entry) => entry['path'] === '/etc/cri/conf.d/20-customization.part' && String(entry['content']).includes('discard_unpacked_layers = false'));
      if (!kept) say('machines throw away the layers they should share');
    }),
    plant: (all_) => { plain(values(infraOf(all_), 'spegel')['spegel'])['appendMirrors'] = true; },
  },
];

const ALERTS: readonly Check[] = [{
  holds: 'every alert of the network says how long, how bad, what and where to read on, and that place exists', defect: '7.4 alerts on metrics that do not exist, without a runbook',
  find: (all_) => each(all_, (cluster, say) => {
    const rules = cluster.units.filter(({ path }) => path.startsWith('kubernetes/infrastructure/networking/')).flatMap(({ objects }) => objects).filter(({ kind }) => kind === 'PrometheusRule');
    const alerts = rules.flatMap((rule) => list(at(rule.spec, 'groups'))).flatMap((group) => list(plain(group)['rules'])).map(plain);
    if (alerts.length < 20) say(`only ${alerts.length} alerts`);
    for (const alert of alerts) {
      const name = String(alert['alert']);
      if (text(alert['for']) === undefined || !['warning', 'critical'].includes(String(at(alert, 'labels.severity'))) || text(at(alert, 'annotations.summary')) === undefined || text(at(alert, 'annotations.description')) === undefined) say(`${name} says too little`);
      const [, page = '', anchor = ''] = /^https:\/\/github\.com\/monosense-io\/platform\/blob\/main\/(docs\/runbooks\/[\w-]+\.md)#([\w-]+)$/.exec(String(at(alert, 'annotations.runbook_url'))) ?? [];
      if (!exists(page) || !new RegExp(`^#+ ${anchor}$`, 'im').test(file(all_, page))) say(`${name} leads to ${String(at(alert, 'annotations.runbook_url'))}, which is not there`);
    }
  }),
  plant: (all_) => { all_.files.set('docs/runbooks/bgp-router.md', file(all_, 'docs/runbooks/bgp-router.md').replaceAll('CiliumBGPSessionDown', 'Sessions')); },
}];

const ALL = [...ADDRESSES, ...GATEWAY, ...DNS, ...ROUTES, ...MESH, ...IMAGES, ...POLICIES, ...ALERTS];

describe('the network of the platform', () => {
  test.each(ALL)('$holds', ({ find }) => { expect(find(seen())).toEqual([]); });
  test.each(ALL)('a mistake is found: $holds', ({ find, plant }) => {
    const wrong = seen();
    plant(wrong);
    expect(find(wrong)).not.toEqual([]);
  });
  test('defects of the earlier tree are each told apart', () => {
    const defects = ALL.flatMap(({ defect }) => (defect === undefined ? [] : [defect]));
    expect(new Set(defects).size).toBe(defects.length);
    expect(defects.length).toBeGreaterThanOrEqual(12);
  });
  test('Flux may fetch what the tree names, by the policies of its own namespace', () => {
    // Told apart from the policies' own checks, because it is the one mistake that shuts the platform out of its own repair.
    for (const cluster of seen().clusters) {
      const names = allowedNames(cluster, 'flux-system');
      const urls = [...all(cluster, 'OCIRepository'), ...all(cluster, 'HelmRepository')].map((source) => String(at(source.spec, 'url')));
      expect(urls.length).toBeGreaterThan(8);
      expect(urls.map(hostOf).filter((host) => !allows(names, host))).toEqual([]);
      expect(allows(names, 'github.com')).toBe(true);
      expect(allows(names, 'evil.example.com')).toBe(false);
    }
  });
});
