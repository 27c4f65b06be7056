/** Where code is built: GitHub's runners, GitLab with everything it keeps elsewhere, and its runner. */
import type { KubeObject } from '../../world/types.ts';
import { actionsRunnerCrds } from '../crd-tables.ts';
import { at, digestOf, isPlain, list, plain, strings, text, type Plain } from '../data.ts';
import { chartLabels, configMap, count, deployment, flag, hookJob, service, word, type Chart, type Labels, type ReleaseRequest } from '../chart.ts';

const rbac = (release: ReleaseRequest, kind: string, name: string, labels: Labels, more: Plain): KubeObject => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata: { name, namespace: release.namespace, labels: { ...labels } }, ...more });
const serviceAccount = (release: ReleaseRequest, name: string, labels: Labels): KubeObject => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: release.namespace, labels: { ...labels } } });
/** A Role of this name, bound to that account. */
function bound(release: ReleaseRequest, name: string, labels: Labels, subject: { readonly name: string; readonly namespace: string }, rules: readonly Plain[]): KubeObject[] {
  return [
    rbac(release, 'Role', name, labels, { rules: [...rules] }),
    rbac(release, 'RoleBinding', name, labels, { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name }, subjects: [{ kind: 'ServiceAccount', ...subject }] }),
  ];
}

export const runnerScaleSetController: Chart = {
  name: 'gha-runner-scale-set-controller', serves: /^0\.13\.\d+$/, appVersion: (version) => version,
  render(release) {
    const name = word(release, 'fullnameOverride', release.name.includes('gha-rs-controller') ? release.name : `${release.name}-gha-rs-controller`);
    const selector = { 'app.kubernetes.io/name': 'gha-rs-controller', 'app.kubernetes.io/namespace': release.namespace, 'app.kubernetes.io/instance': release.name };
    const labels = { ...chartLabels(runnerScaleSetController, release, 'gha-rs-controller'), ...selector, 'app.kubernetes.io/part-of': 'gha-rs-controller' };
    const account = word(release, 'serviceAccount.name', name);
    const metrics = text(at(release.values, 'metrics.controllerManagerAddr'));
    return [
      // They lie in the chart's crds folder: whether they are installed is the release's to say, not a value's.
      ...actionsRunnerCrds(),
      serviceAccount(release, account, labels),
      ...bound(release, `${name}-single-namespace`, labels, { name: account, namespace: release.namespace }, [{ apiGroups: ['actions.github.com', ''], resources: ['*'], verbs: ['*'] }]),
      deployment({
        release, name, labels, selector, podLabels: { 'app.kubernetes.io/part-of': 'gha-rs-controller', 'app.kubernetes.io/component': 'controller-manager', 'app.kubernetes.io/version': release.version },
        image: `ghcr.io/actions/gha-runner-scale-set-controller:${release.version}`, container: 'manager', serviceAccount: account, replicas: count(release, 'replicaCount', 1), resources: at(release.values, 'resources') ?? {},
        ...(metrics === undefined ? {} : { ports: { metrics: Number(metrics.replace(/^.*:/, '')) } }),
      }),
    ];
  },
};

export const runnerScaleSet: Chart = {
  name: 'gha-runner-scale-set', serves: /^0\.13\.\d+$/, appVersion: (version) => version,
  render(release) {
    const name = word(release, 'runnerScaleSetName', release.name);
    const labels = { 'helm.sh/chart': `gha-rs-${release.version}`, 'app.kubernetes.io/name': name, 'app.kubernetes.io/instance': release.name, 'app.kubernetes.io/version': release.version, 'app.kubernetes.io/part-of': 'gha-rs', 'actions.github.com/scale-set-name': name, 'actions.github.com/scale-set-namespace': release.namespace };
    const mode = word(release, 'containerMode.type', '');
    const template = plain(at(release.values, 'template'));
    const pod = plain(template['spec']);
    // As the chart: a container of its own comes beside whatever is written.
    const own = mode === 'dind' ? [{ name: 'dind', image: 'docker:dind', securityContext: { privileged: true } }] : [];
    const set: KubeObject = {
      apiVersion: 'actions.github.com/v1alpha1', kind: 'AutoscalingRunnerSet', metadata: { name, namespace: release.namespace, labels: { ...labels, 'app.kubernetes.io/component': 'autoscaling-runner-set' } },
      spec: {
        githubConfigUrl: word(release, 'githubConfigUrl', ''), githubConfigSecret: word(release, 'githubConfigSecret', ''), runnerScaleSetName: name, minRunners: count(release, 'minRunners', 0), maxRunners: count(release, 'maxRunners', 10),
        ...(at(release.values, 'listenerTemplate') === undefined ? {} : { listenerTemplate: at(release.values, 'listenerTemplate') }),
        template: { ...template, spec: { restartPolicy: 'Never', ...pod, initContainers: [...own, ...list(pod['initContainers'])], containers: list(pod['containers']).length > 0 ? pod['containers'] : [{ name: 'runner', image: 'ghcr.io/actions/actions-runner:latest', command: ['/home/runner/run.sh'] }] } },
      },
    };
    const account = { name: word(release, 'controllerServiceAccount.name', 'actions-runner-controller'), namespace: word(release, 'controllerServiceAccount.namespace', release.namespace) };
    return [...bound(release, `${name}-gha-rs-manager`, labels, account, [{ apiGroups: [''], resources: ['pods', 'secrets', 'serviceaccounts'], verbs: ['create', 'delete', 'get'] }]), set];
  },
};

const CNG = 'registry.gitlab.com/gitlab-org/build/cng';
/** What GitLab 18.5.1 runs, and what of it is counted where. */
interface GitlabPart { readonly app: string; readonly name: string; readonly image: string; readonly ports?: Readonly<Record<string, number>>; readonly path: string; readonly more?: Labels; readonly secrets?: readonly string[]; readonly replicas?: number }

export const gitlab: Chart = {
  name: 'gitlab', serves: /^9\.5\.\d+$/, appVersion: () => 'v18.5.1',
  render(release) {
    const base = (app: string): Labels => ({ app, release: release.name });
    const labels = (app: string, chart = app): Labels => ({ app, chart: `${chart}-${release.version}`, release: release.name, heritage: 'Helm' });
    const ce = word(release, 'global.edition', 'ee') === 'ce' ? '-ce' : '-ee';
    const named = (...paths: readonly string[]): string[] => paths.flatMap((path) => text(at(release.values, path)) ?? []);
    const providers = list(at(release.values, 'global.appConfig.omniauth.providers')).flatMap((provider) => text(plain(provider)['secret']) ?? []);
    const database = named('global.psql.password.secret');
    const rails = [...new Set([...database, ...named('global.redis.auth.secret', 'global.railsSecrets.secret', 'global.appConfig.object_store.connection.secret'), ...providers])];
    const storage = named('registry.storage.secret');
    const metrics = (path: string, port: number, name = 'http-metrics'): Readonly<Record<string, number>> => (flag(release, `${path}.metrics.enabled`, true) ? { [name]: port } : {});
    const workhorse = flag(release, 'gitlab.webservice.workhorse.metrics.enabled', false) ? { 'http-metrics-wh': 9229 } : {};
    const web = { 'http-webservice': 8080, 'http-workhorse': 8181, ...metrics('gitlab.webservice', 8083, 'http-metrics-ws'), ...workhorse };
    const parts: readonly GitlabPart[] = [
      { app: 'webservice', name: 'webservice-default', image: `gitlab-webservice${ce}:v18.5.1`, ports: web, path: 'gitlab.webservice', more: { 'gitlab.com/webservice-name': 'default' }, secrets: rails, replicas: count(release, 'gitlab.webservice.minReplicas', 2) },
      { app: 'sidekiq', name: 'sidekiq-all-in-1-v2', image: `gitlab-sidekiq${ce}:v18.5.1`, ports: metrics('gitlab.sidekiq', 3807), path: 'gitlab.sidekiq', more: { 'queue-pod-name': 'all-in-1' }, secrets: rails, replicas: count(release, 'gitlab.sidekiq.minReplicas', 2) },
      { app: 'gitlab-shell', name: 'gitlab-shell', image: 'gitlab-shell:v14.45.3', ports: { ssh: 2222 }, path: 'gitlab.gitlab-shell', replicas: count(release, 'gitlab.gitlab-shell.minReplicas', 2) },
      { app: 'toolbox', name: 'toolbox', image: `gitlab-toolbox${ce}:v18.5.1`, path: 'gitlab.toolbox', secrets: rails, replicas: count(release, 'gitlab.toolbox.replicas', 1) },
      ...(flag(release, 'gitlab.gitlab-exporter.enabled', true) ? [{ app: 'gitlab-exporter', name: 'gitlab-exporter', image: 'gitlab-exporter:16.1.0', ports: { 'http-metrics': 9168 }, path: 'gitlab.gitlab-exporter', secrets: [...database, ...named('global.redis.auth.secret')] }] : []),
      { app: 'registry', name: 'registry', image: 'gitlab-container-registry:v4.28.0-gitlab', ports: { http: 5000, debug: 5001 }, path: 'registry', secrets: storage, replicas: count(release, 'registry.hpa.minReplicas', 2) },
    ];
    const podOf = (part: GitlabPart): KubeObject => deployment({
      release, name: `${release.name}-${part.name}`, labels: labels(part.app), selector: { ...base(part.app), ...part.more }, podLabels: { ...labels(part.app), 'app.kubernetes.io/name': 'gitlab', ...part.more }, image: `${CNG}/${part.image}`, container: part.app,
      ...(part.ports === undefined ? {} : { ports: part.ports }), ...(part.secrets === undefined ? {} : { secrets: part.secrets }), replicas: part.replicas ?? 1, resources: at(release.values, `${part.path}.resources`) ?? {},
    });
    const gitaly = podOf({ app: 'gitaly', name: 'gitaly', image: 'gitaly:v18.5.1', ports: { 'grpc-gitaly': 8075, ...metrics('gitlab.gitaly', 9236) }, path: 'gitlab.gitaly' });
    const disk = plain(at(release.values, 'gitlab.gitaly.persistence'));
    const claim = { accessModes: ['ReadWriteOnce'], ...(text(disk['storageClass']) === undefined ? {} : { storageClassName: disk['storageClass'] }), resources: { requests: { storage: disk['size'] ?? '50Gi' } } };
    const front = (app: string, name: string, ports: Readonly<Record<string, number>>, more: Labels = {}, spec: Plain = {}): KubeObject => service(release, `${release.name}-${name}`, { ...labels(app), ...more }, { ...base(app), ...more }, ports, spec);
    const budget = (app: string, name: string, more: Labels = {}): KubeObject => ({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: `${release.name}-${name}`, namespace: release.namespace, labels: { ...labels(app) } }, spec: { maxUnavailable: 1, selector: { matchLabels: { ...base(app), ...more } } } });
    const migrations = podOf({ app: 'migrations', name: 'migrations', image: `gitlab-toolbox${ce}:v18.5.1`, path: 'gitlab.migrations', secrets: rails });
    const work = plain(at(migrations.spec, 'template'));
    return [
      configMap(release, `${release.name}-webservice`, labels('webservice'), { 'database.yml.erb': `production:\n  main:\n    host: ${JSON.stringify(word(release, 'global.psql.host', `${release.name}-postgresql.${release.namespace}.svc`))}\n` }),
      configMap(release, `${release.name}-migrations`, labels('migrations'), { 'database.yml.erb': `production:\n  main:\n    host: ${JSON.stringify(word(release, 'gitlab.migrations.psql.host', word(release, 'global.psql.host', `${release.name}-postgresql.${release.namespace}.svc`)))}\n` }),
      // A change of values is another Job: what a Job runs cannot be changed.
      { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: `${release.name}-migrations-${digestOf(release.values).slice(0, 7)}`, namespace: release.namespace, labels: { ...labels('migrations') } }, spec: { backoffLimit: 6, template: { ...work, spec: { ...plain(work['spec']), restartPolicy: 'OnFailure' } } } },
      ...parts.map(podOf),
      { ...gitaly, kind: 'StatefulSet', spec: { replicas: 1, serviceName: `${release.name}-gitaly`, selector: at(gitaly.spec, 'selector'), template: at(gitaly.spec, 'template'), volumeClaimTemplates: [{ metadata: { name: 'repo-data', labels: { ...base('gitaly') } }, spec: claim }] } },
      front('webservice', 'webservice-default', web, { 'gitlab.com/webservice-name': 'default' }), front('gitaly', 'gitaly', { 'tcp-gitaly': 8075, ...metrics('gitlab.gitaly', 9236) }, {}, { clusterIP: 'None' }), front('gitlab-shell', 'gitlab-shell', { ssh: 22 }),
      front('registry', 'registry', { 'http-registry': 5000, ...(flag(release, 'registry.metrics.enabled', false) ? { 'http-metrics': 5001 } : {}) }), ...(flag(release, 'gitlab.gitlab-exporter.enabled', true) ? [front('gitlab-exporter', 'gitlab-exporter', { 'http-metrics': 9168 })] : []),
      budget('webservice', 'webservice-default', { 'gitlab.com/webservice-name': 'default' }), budget('sidekiq', 'sidekiq-all-in-1-v1', { 'queue-pod-name': 'all-in-1' }), budget('gitaly', 'gitaly'), budget('gitlab-shell', 'gitlab-shell'), budget('registry', 'registry-v1'),
    ];
  },
  hooks: (release) => [hookJob({ release, name: `${release.name}-shared-secrets`, labels: { app: 'gitlab', release: release.name }, selector: { app: 'gitlab', release: release.name }, image: `${CNG}/kubectl:v18.5.1`, container: 'gitlab' }, 'pre-install,pre-upgrade')],
};

export const gitlabRunner: Chart = {
  name: 'gitlab-runner', serves: /^0\.82\.\d+$/, appVersion: () => '18.5.0',
  render(release) {
    const name = release.name.startsWith('gitlab-runner') ? release.name : `${release.name}-gitlab-runner`;
    const labels = { app: name, chart: `gitlab-runner-${release.version}`, release: release.name, heritage: 'Helm' };
    const account = word(release, 'serviceAccount.name', name);
    const rules = list(at(release.values, 'rbac.rules')).filter(isPlain).map((rule) => ({ apiGroups: rule['apiGroups'] ?? [''], resources: rule['resources'] ?? ['*'], verbs: rule['verbs'] ?? ['*'] }));
    const secrets = [text(at(release.values, 'runners.cache.secretName')), text(at(release.values, 'runners.secret'))].flatMap((secret) => secret ?? []);
    return [
      serviceAccount(release, account, labels),
      ...(flag(release, 'rbac.create', false) ? bound(release, name, labels, { name: account, namespace: release.namespace }, rules) : []),
      configMap(release, name, labels, { 'config.toml': `concurrent = ${count(release, 'concurrent', 10)}\n`, 'config.template.toml': word(release, 'runners.config', '') }),
      deployment({ release, name, labels, selector: { app: name }, podLabels: { ...labels, ...strings(at(release.values, 'podLabels')) }, image: 'registry.gitlab.com/gitlab-org/gitlab-runner:alpine-v18.5.0', container: name, serviceAccount: account, secrets, resources: at(release.values, 'resources') ?? {}, ...(flag(release, 'metrics.enabled', false) ? { ports: { metrics: count(release, 'metrics.port', 9252) } } : {}) }),
    ];
  },
};
