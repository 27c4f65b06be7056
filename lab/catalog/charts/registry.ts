/** Harbor: with its database, its queue and its images elsewhere, as this project runs it. */
import { at, plain, text } from '../data.ts';
import { configMap, count, deployment, flag, service, word, type Chart } from '../chart.ts';
import type { KubeObject } from '../../world/types.ts';

const TAG = 'v2.14.0';

export const harbor: Chart = {
  name: 'harbor', serves: /^1\.18\.\d+$/, appVersion: () => '2.14.0',
  render(release) {
    const base = { app: 'harbor', release: release.name };
    const labels = { heritage: 'Helm', chart: 'harbor', ...base, 'app.kubernetes.io/instance': release.name, 'app.kubernetes.io/name': 'harbor', 'app.kubernetes.io/managed-by': 'Helm', 'app.kubernetes.io/part-of': 'harbor', 'app.kubernetes.io/version': '2.14.0' };
    const full = release.name.includes('harbor') ? release.name : `${release.name}-harbor`;
    const metrics = flag(release, 'metrics.enabled', false);
    const secretsAt = (...paths: readonly string[]): string[] => paths.flatMap((path) => { const name = text(at(release.values, path)); return name === undefined || name === '' ? [] : [name]; });
    const part = (component: string, image: string, path: string, ports: Readonly<Record<string, number>>, secrets: readonly string[] = []): KubeObject => deployment({
      release, name: `${full}-${component}`, labels: { ...labels, component, 'app.kubernetes.io/component': component }, selector: { ...base, component }, podLabels: { ...labels, component, 'app.kubernetes.io/component': component },
      image: `goharbor/${image}:${TAG}`, container: component, ports, replicas: count(release, `${path}.replicas`, 1), resources: at(release.values, `${path}.resources`) ?? {}, secrets: [...secrets],
    });
    const front = (component: string, name: string, ports: Readonly<Record<string, number>>): KubeObject => service(release, name, labels, { ...base, component }, ports);
    const measured = metrics ? { 'http-metrics': 8001 } : {};
    const claim = (path: string): Record<string, unknown> => {
      const own = plain(at(release.values, `persistence.persistentVolumeClaim.${path}`));
      return { accessModes: ['ReadWriteOnce'], ...(text(own['storageClass']) === undefined ? {} : { storageClassName: own['storageClass'] }), resources: { requests: { storage: own['size'] ?? '1Gi' } } };
    };
    const jobs = part('jobservice', 'harbor-jobservice', 'jobservice', { http: 8080 });
    const template = plain(at(jobs.spec, 'template'));
    const withVolume: KubeObject = { ...jobs, spec: { ...jobs.spec, strategy: { type: word(release, 'updateStrategy.type', 'RollingUpdate') }, template: { ...template, spec: { ...plain(template['spec']), volumes: [{ name: 'job-logs', persistentVolumeClaim: { claimName: `${full}-jobservice` } }] } } } };
    const trivy = part('trivy', 'trivy-adapter-photon', 'trivy', { api: 8080 });
    const { strategy: _, ...trivySpec } = plain(trivy.spec);
    return [
      configMap(release, `${full}-core`, labels, { EXT_ENDPOINT: word(release, 'externalURL', 'https://core.harbor.domain'), DATABASE_TYPE: 'postgresql', POSTGRESQL_HOST: word(release, 'database.external.host', `${full}-database`) }),
      { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: `${full}-jobservice`, namespace: release.namespace, labels: { ...labels, component: 'jobservice' }, annotations: { 'helm.sh/resource-policy': 'keep' } }, spec: claim('jobservice.jobLog') },
      part('nginx', 'nginx-photon', 'nginx', { http: 8080 }), part('portal', 'harbor-portal', 'portal', { http: 8080 }),
      part('core', 'harbor-core', 'core', { http: 8080 }, [...new Set(secretsAt('existingSecretAdminPassword', 'existingSecretSecretKey', 'core.existingXsrfSecret', 'database.external.existingSecret', 'registry.credentials.existingSecret'))]),
      part('registry', 'registry-photon', 'registry', { http: 5000, debug: metrics ? 8001 : 5001, control: 8080 }, [...new Set(secretsAt('registry.credentials.existingSecret', 'persistence.imageChartStorage.s3.existingSecret'))]),
      withVolume,
      ...(flag(release, 'trivy.enabled', true) ? [{ ...trivy, kind: 'StatefulSet', spec: { ...trivySpec, serviceName: `${full}-trivy`, volumeClaimTemplates: [{ metadata: { name: 'data', labels }, spec: claim('trivy') }] } } as KubeObject, front('trivy', `${full}-trivy`, { 'http-trivy': 8080 })] : []),
      ...(metrics ? [part('exporter', 'harbor-exporter', 'exporter', { 'http-metrics': 8001 }, secretsAt('database.external.existingSecret')), front('exporter', `${full}-exporter`, measured)] : []),
      front('nginx', word(release, 'expose.clusterIP.name', 'harbor'), { http: 80 }), front('portal', `${full}-portal`, { 'http-web': 80 }),
      front('core', `${full}-core`, { 'http-web': 80, ...measured }), front('registry', `${full}-registry`, { 'http-registry': 5000, 'http-controller': 8080, ...measured }), front('jobservice', `${full}-jobservice`, { 'http-jobservice': 80, ...measured }),
    ];
  },
};
