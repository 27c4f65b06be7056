import { loadAll } from 'js-yaml';
import { at, list, plain, strings, text, type Plain } from '../../lab/catalog/data.ts';
import { all, appsOf, file, one, type Check, type Seen } from './networking.checks.ts';
import { alertTroubles, appsHas, boundless, items, objectOf, refused, standardOf, valuesOf, wiring } from './ci.seen.ts';
import type { BuiltCluster } from './tree.ts';

/** GitHub's runners: one check per mistake that was made once, and per thing that was promised. */

const NS = 'actions-runner-system';
const pilar = (cluster: BuiltCluster): Plain => valuesOf(cluster, 'pilar-runner', NS);
const pod = (cluster: BuiltCluster): Plain => plain(at(pilar(cluster), 'template.spec'));
const parts = (cluster: BuiltCluster): readonly Plain[] => [...list(pod(cluster)['initContainers']), ...list(pod(cluster)['containers'])].map(plain);
const part = (cluster: BuiltCluster, name: string): Plain => parts(cluster).find((container) => container['name'] === name) ?? {};
/** The pod as the chart makes it: with type dind it adds a container of its own. */
function made(cluster: BuiltCluster): unknown {
  const own = at(pilar(cluster), 'containerMode.type') === 'dind' ? [{ name: 'dind', image: 'docker:dind', securityContext: { privileged: true } }] : [];
  return { spec: { ...pod(cluster), initContainers: [...own, ...list(pod(cluster)['initContainers'])] } };
}
const machines = (seen: Seen, path: string): Plain => plain(at(plain(loadAll(file(seen, path))[0]), 'machine'));
const images: Readonly<Record<string, string>> = { prepare: 'docker.io/library/busybox:1.36', home: 'ghcr.io/actions/actions-runner:2.329.0', buildkitd: 'docker.io/moby/buildkit:v0.25.1-rootless', runner: 'ghcr.io/actions/actions-runner:2.329.0' };

/** Of gha-runner-scale-set-0.13.0: cmd/ghalistener/metrics/metrics.go, controllers/actions.github.com/metrics/metrics.go; kube-state-metrics; the kubelet. */
const METRICS = new Set([
  'gha_registered_runners', 'gha_desired_runners', 'gha_max_runners', 'gha_assigned_jobs', 'gha_running_jobs', 'gha_job_startup_duration_seconds_bucket', 'gha_completed_jobs_total', 'gha_controller_running_listeners',
  'kube_deployment_status_replicas_available', 'kube_pod_init_container_status_restarts_total', 'kubelet_volume_stats_used_bytes', 'kubelet_volume_stats_capacity_bytes',
]);
const ALERTS = {
  ARCControllerDown: 'critical 5m', ARCNoRunnersAvailable: 'critical 5m', ARCJobBacklog: 'warning 10m', ARCSlowJobStartup: 'warning 10m', ARCHighFailureRate: 'warning 5m', ARCStorageExhausted: 'warning 15m', ARCDinDLivenessFailed: 'warning 5m',
  ARCApproachingMaxRunners: 'info 10m', ARCListenerDown: 'critical 5m',
};

export const ARC: readonly Check[] = [
  {
    holds: 'the pod is written out whole, no mode of the chart adds to it, and what comes of it keeps the standard of its namespace', defect: 'containerMode dind injects a privileged container, which baseline refuses',
    find: (seen) => appsHas(seen, (cluster, say) => {
      if (standardOf(seen, NS) !== 'baseline') say(`the namespace is ${standardOf(seen, NS) ?? 'not said'}`);
      if (at(pilar(cluster), 'containerMode') !== undefined) say('the chart has a mode');
      for (const breach of [...refused(made(cluster), 'baseline'), ...refused(pilar(cluster)['listenerTemplate'], 'restricted'), ...refused({ spec: { securityContext: valuesOf(cluster, 'actions-runner-controller', NS)['podSecurityContext'], containers: [{ name: 'manager', securityContext: valuesOf(cluster, 'actions-runner-controller', NS)['securityContext'] }] } }, 'restricted')]) say(breach);
    }),
    plant: (seen) => { pilar(appsOf(seen))['containerMode'] = { type: 'dind' }; },
  },
  {
    holds: 'what builds images is nobody\'s root and has the one profile it needs, which machines of this cluster carry', defect: 'rootless dockerd needs relaxed profiles: baseline with RuntimeDefault does not do',
    find: (seen) => appsHas(seen, (cluster, say) => {
      const builder = part(cluster, 'buildkitd');
      const security = plain(builder['securityContext']);
      if (!String(builder['image']).endsWith('-rootless') || security['runAsUser'] !== 1000 || !list(builder['args']).includes('--oci-worker-no-process-sandbox')) say('the builder is not rootless, or wants a /proc of its own');
      if (list(at(security, 'capabilities.drop')).join() !== 'ALL' || list(at(security, 'capabilities.add')).toSorted().join() !== 'SETGID,SETUID') say('other capabilities than those newuidmap needs');
      const wanted = text(at(security, 'seccompProfile.localhostProfile'));
      const profile = list(machines(seen, `talos/patches/clusters/${cluster.name}.yaml`)['seccompProfiles']).map(plain).find((entry) => `profiles/${String(entry['name'])}` === wanted);
      if (at(security, 'seccompProfile.type') !== 'Localhost' || profile === undefined) { say(`no machine has ${wanted ?? 'a profile'}`); return; }
      const denied = list(at(profile, 'value.syscalls')).map(plain).filter((rule) => rule['action'] === 'SCMP_ACT_ERRNO').flatMap((rule) => list(rule['names']));
      for (const call of ['init_module', 'finit_module', 'kexec_load', 'bpf', 'open_by_handle_at', 'perf_event_open', 'ptrace', 'reboot']) if (!denied.includes(call)) say(`the profile allows ${call}`);
      for (const call of ['unshare', 'mount', 'pivot_root', 'setns']) if (denied.includes(call)) say(`the profile forbids ${call}`);
      if (!(Number(plain(machines(seen, 'talos/patches/all.yaml')['sysctls'])['user.max_user_namespaces']) > 0)) say('machines have no user namespaces');
    }),
    plant: (seen) => { plain(at(part(appsOf(seen), 'buildkitd'), 'securityContext.seccompProfile'))['localhostProfile'] = 'profiles/another.json'; },
  },
  {
    holds: 'jobs get out by addresses, to the world and to nothing private, and by labels that pods of runners have', defect: 'namespaceSelector {} for the internet, which matches no address outside',
    find: (seen) => appsHas(seen, (cluster, say) => {
      const policy = objectOf(cluster, 'CiliumNetworkPolicy', 'pilar-runner-egress', NS);
      // controllers/actions.github.com/resourcebuilder.go
      const labels: Readonly<Record<string, string>> = { 'app.kubernetes.io/part-of': 'gha-runner-scale-set', 'app.kubernetes.io/component': 'runner', 'actions.github.com/scale-set-name': 'pilar-runner', 'actions.github.com/scale-set-namespace': NS };
      const chosen = Object.entries(strings(at(policy.spec, 'endpointSelector.matchLabels')));
      if (chosen.length === 0 || chosen.some(([key, value]) => labels[key] !== value)) say(`it is for ${JSON.stringify(Object.fromEntries(chosen))}`);
      for (const trouble of boundless(policy)) say(trouble);
      const ports = list(at(policy.spec, 'egress')).flatMap((rule) => list(at(rule, 'toCIDRSet')).length === 0 ? [] : list(at(rule, 'toPorts')).flatMap((entry) => list(plain(entry)['ports'])).map((port) => plain(port)['port']));
      if (ports.toSorted().join() !== '443,80') say(`out by ${ports.join() || 'nothing'}`);
      const open = all(cluster, 'CiliumNetworkPolicy').filter(({ metadata }) => metadata.namespace === NS).map(({ metadata }) => metadata.name);
      for (const needed of ['default-deny-all', 'allow-dns-egress', 'allow-controller-egress', 'allow-scrape-ingress']) if (!open.includes(needed)) say(`${needed} is missing`);
    }),
    plant: (seen) => { objectOf(appsOf(seen), 'CiliumNetworkPolicy', 'pilar-runner-egress', NS).spec = { endpointSelector: {}, egress: [{ toEndpoints: [{}] }] }; },
  },
  {
    holds: 'the namespace is made before Flux, both Kustomizations are in a layer and wait for what exists', defect: 'a namespace that no Kustomization applies, dependsOn unresolved, wired nowhere',
    find: (seen) => appsHas(seen, (cluster, say) => {
      for (const trouble of wiring(cluster, { 'actions-runner-controller': [], 'actions-runner-pilar': ['actions-runner-controller', 'external-secrets-store', 'openebs'] })) say(trouble);
      if (!file(seen, 'bootstrap/namespaces.yaml').includes(`name: ${NS}\n`) || all(cluster, 'Namespace').some(({ metadata }) => metadata.name === NS)) say('who makes the namespace?');
      if (file(seen, 'kubernetes/clusters/infra/operators/kustomization.yaml').includes('actions-runner')) say('infra has it too');
    }),
    plant: (seen) => { const unit = appsOf(seen).units.find(({ name }) => name === 'actions-runner-pilar'); plain(unit?.object.spec)['dependsOn'] = [{ name: 'cluster-external-secrets' }]; },
  },
  {
    holds: 'whoever writes has a folder of its own, made by the same user, where its program looks for it', defect: 'rights on /var/lib/docker while the daemon writes below /home/rootless',
    find: (seen) => appsHas(seen, (cluster, say) => {
      const mounts = (name: string): readonly string[] => list(part(cluster, name)['volumeMounts']).map(plain).map((mount) => `${String(mount['mountPath'])}=${String(mount['name'])}${mount['subPath'] === undefined ? '' : `/${String(mount['subPath'])}`}`);
      if (!mounts('buildkitd').includes('/home/user/.local/share/buildkit=work/build') || !mounts('buildkitd').includes('/run/buildkit=sock')) say(`the builder has ${mounts('buildkitd').join()}`);
      for (const mount of ['/home/runner=work/home', '/home/runner/_work=work/work', '/run/buildkit=sock', '/tmp=tmp']) if (!mounts('runner').includes(mount)) say(`the runner lacks ${mount}`);
      const commands = parts(cluster).flatMap((container) => (list(container['command'])[0] === 'sh' ? [list(container['command']).map(String)] : []));
      if (commands.some((command) => command.length !== 3)) say('a command is cut into words');
      if (!/^mkdir -p \/volume\/home \/volume\/work \/volume\/build$/.test(commands[0]?.[2] ?? '')) say('folders are left to the kubelet, whose they would be');
      if (at(pod(cluster), 'securityContext.runAsUser') !== 1000 || at(pod(cluster), 'securityContext.fsGroup') !== 1000 || !list(at(pod(cluster), 'securityContext.supplementalGroups')).includes(1001)) say('user 1000 cannot read the image\'s home');
      if (JSON.stringify(pod(cluster)).includes('/var/lib/docker')) say('Docker\'s folder is prepared');
    }),
    plant: (seen) => { part(appsOf(seen), 'home')['command'] = ['sh', '-c', 'cp -R --preserve=mode', 'links /home/runner/. /copy/']; },
  },
  {
    holds: 'there is one scale set, and a workflow asks for it by its name', defect: 'labels of a second scale set in the text, which is not there',
    find: (seen) => appsHas(seen, (cluster, say) => {
      const sets = all(cluster, 'HelmRelease').filter(({ spec }) => at(spec, 'values.githubConfigUrl') !== undefined);
      if (sets.map(({ metadata }) => metadata.name).join() !== 'pilar-runner' || pilar(cluster)['runnerScaleSetName'] !== 'pilar-runner') say('other scale sets');
      if (pilar(cluster)['githubConfigUrl'] !== 'https://github.com/monosense/pilar') say(`it works for ${String(pilar(cluster)['githubConfigUrl'])}`);
      const named = [...file(seen, 'docs/runbooks/arc.md').matchAll(/runs-on: ([\w-]+)/g)].map(([, name]) => name);
      if (named.length === 0 || named.some((name) => name !== 'pilar-runner')) say(`the runbook says ${named.join()}`);
    }),
    plant: (seen) => { pilar(appsOf(seen))['runnerScaleSetName'] = 'k8s-gitops'; },
  },
  {
    holds: 'charts are 0.13.0, and images are those that were decided', defect: 'images that float',
    find: (seen) => appsHas(seen, (cluster, say) => {
      for (const name of ['actions-runner-controller', 'pilar-runner']) if (at(objectOf(cluster, 'OCIRepository', name, NS).spec, 'ref.tag') !== '0.13.0') say(`${name} is another version`);
      for (const container of parts(cluster)) if (images[String(container['name'])] !== container['image']) say(`${String(container['name'])} is ${String(container['image'])}`);
    }),
    plant: (seen) => { part(appsOf(seen), 'runner')['image'] = 'ghcr.io/actions/actions-runner:latest'; },
  },
  {
    holds: 'one runner waits, six are the most, each on 75Gi of its own that go with it', defect: 'runners without a limit, or on a shared volume',
    find: (seen) => appsHas(seen, (cluster, say) => {
      if (pilar(cluster)['minRunners'] !== 1 || pilar(cluster)['maxRunners'] !== 6) say(`${String(pilar(cluster)['minRunners'])} to ${String(pilar(cluster)['maxRunners'])}`);
      const volumes = list(pod(cluster)['volumes']).map(plain);
      const work = plain(at(volumes.find((volume) => volume['name'] === 'work'), 'ephemeral.volumeClaimTemplate.spec'));
      if (at(work, 'resources.requests.storage') !== '75Gi' || work['storageClassName'] !== 'openebs-local-nvme') say('another volume');
      for (const [name, size] of [['sock', '128Mi'], ['tmp', '1Gi']]) if (at(volumes.find((volume) => volume['name'] === name), 'emptyDir.sizeLimit') !== size) say(`${name ?? ''} has no limit`);
      for (const name of ['runner', 'buildkitd']) if (JSON.stringify(part(cluster, name)['resources']) !== JSON.stringify({ requests: { cpu: '1', memory: '2Gi' }, limits: { cpu: '4', memory: '8Gi' } })) say(`${name} may use ${JSON.stringify(part(cluster, name)['resources'])}`);
    }),
    plant: (seen) => { pilar(appsOf(seen))['maxRunners'] = 60; },
  },
  {
    holds: 'a job is user 1000 without capabilities or ways up, and has no token, nor rights if it had one', defect: 'a Role to read Secrets for whoever runs jobs',
    find: (seen) => appsHas(seen, (cluster, say) => {
      const security = plain(part(cluster, 'runner')['securityContext']);
      if (security['runAsUser'] !== 1000 || security['allowPrivilegeEscalation'] !== false || list(at(security, 'capabilities.drop')).join() !== 'ALL') say('the runner may more');
      if (pod(cluster)['automountServiceAccountToken'] !== false || pod(cluster)['serviceAccountName'] !== 'pilar-runner') say('a token is mounted');
      const bound = [...all(cluster, 'RoleBinding'), ...all(cluster, 'ClusterRoleBinding')].filter((binding) => list(binding['subjects']).map(plain).some((subject) => subject['name'] === 'pilar-runner'));
      if (bound.length > 0 || one(cluster, 'ServiceAccount', 'pilar-runner')['automountServiceAccountToken'] !== false) say('its account may something');
      if (items(objectOf(cluster, 'ExternalSecret', 'pilar-runner-secret', NS)).join() !== ['github_app_id', 'github_app_installation_id', 'github_app_private_key'].map((key) => `${key}=kubernetes/apps/github-arc/auth#${key}`).join()) say('the App is from elsewhere');
      if (pilar(cluster)['githubConfigSecret'] !== 'pilar-runner-secret') say('another Secret');
    }),
    plant: (seen) => { pod(appsOf(seen))['automountServiceAccountToken'] = true; },
  },
  {
    holds: 'nine alerts ask for metrics that are documented, and these are fetched from the controller and every listener', defect: 'alerts on metrics nobody exports',
    find: (seen) => appsHas(seen, (cluster, say) => {
      for (const trouble of alertTroubles(seen, objectOf(cluster, 'VMRule', 'actions-runner-system', NS), ALERTS, METRICS, 'docs/runbooks/arc.md')) say(trouble);
      const service = objectOf(cluster, 'Service', 'actions-runner-controller', NS);
      const scrape = objectOf(cluster, 'VMServiceScrape', 'actions-runner-controller', NS);
      for (const [key, value] of Object.entries(strings(at(scrape.spec, 'selector.matchLabels')))) if (strings(service.metadata.labels)[key] !== value) say(`nobody has ${key}=${value}`);
      if (strings(at(service.spec, 'selector'))['app.kubernetes.io/name'] !== 'gha-rs-controller' || at(valuesOf(cluster, 'actions-runner-controller', NS), 'metrics.listenerAddr') !== ':8080') say('nothing is counted');
      if (strings(at(objectOf(cluster, 'VMPodScrape', 'actions-runner-listeners', NS).spec, 'selector.matchLabels'))['app.kubernetes.io/component'] !== 'runner-scale-set-listener') say('listeners are passed over');
    }),
    plant: (seen) => { const [group] = list(at(objectOf(appsOf(seen), 'VMRule', 'actions-runner-system', NS).spec, 'groups')).map(plain); plain(list(group?.['rules'])[2])['expr'] = 'arc_jobs_waiting > 10'; },
  },
];
