/** What the lab serves in place of pinned downloads (bootstrap/crds.yaml). */
import { dump } from 'js-yaml';
import type { KubeObject } from '../world/types.ts';
import { gatewayApiCrds, gatewayApiExperimentalCrds, snapshotCrds } from './crd-tables.ts';

const GATEWAY_API = /^https:\/\/github\.com\/kubernetes-sigs\/gateway-api\/releases\/download\/(v\d+\.\d+\.\d+)\/(standard|experimental)-install\.yaml$/;

/** Objects as one YAML stream. */
export function yamlStream(objects: readonly KubeObject[]): string {
  return objects.map((object) => `---\n${dump(object, { lineWidth: -1, noRefs: true })}`).join('');
}

const GATEWAY_API_FILE = /^https:\/\/raw\.githubusercontent\.com\/kubernetes-sigs\/gateway-api\/(v\d+\.\d+\.\d+)\/config\/crd\/(standard|experimental)\/(gateway\.networking\.(?:x-)?k8s\.io)_([a-z]+)\.yaml$/;

function gatewayApi(version: string, channel: string): KubeObject[] {
  const options = { annotations: {
    'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api/pull/3328',
    'gateway.networking.k8s.io/bundle-version': version, 'gateway.networking.k8s.io/channel': channel,
  } };
  return channel === 'experimental' ? [...gatewayApiCrds(options), ...gatewayApiExperimentalCrds(options)] : gatewayApiCrds(options);
}

const SNAPSHOT_FILE = /^https:\/\/raw\.githubusercontent\.com\/kubernetes-csi\/external-snapshotter\/v8\.\d+\.\d+\/client\/config\/crd\/(snapshot\.storage\.k8s\.io)_([a-z]+)\.yaml$/;

/** Text of one URL: a release's whole install file, or one CRD of the repository at a tag. */
function served(url: string): string | undefined {
  const whole = GATEWAY_API.exec(url);
  if (whole !== null) return yamlStream(gatewayApi(whole[1] ?? '', whole[2] ?? ''));
  const snapshot = SNAPSHOT_FILE.exec(url);
  if (snapshot !== null) {
    const options = { annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-csi/external-snapshotter/pull/814' } };
    const found = snapshotCrds(options).find((object) => object.metadata.name === `${snapshot[2] ?? ''}.${snapshot[1] ?? ''}`);
    return found === undefined ? undefined : yamlStream([found]);
  }
  const one = GATEWAY_API_FILE.exec(url);
  const crd = one === null ? undefined : gatewayApi(one[1] ?? '', one[2] ?? '').find((object) => object.metadata.name === `${one[4] ?? ''}.${one[3] ?? ''}`);
  return crd === undefined ? undefined : yamlStream([crd]);
}

/** Text served per URL. Throws for a URL the catalog knows nothing about, naming it. */
export function labDownloads(urls: readonly string[]): Map<string, string> {
  const out = new Map<string, string>();
  for (const url of urls) {
    const content = served(url);
    if (content === undefined) throw new Error(`the lab's catalog serves nothing for ${url} (lab/catalog/downloads.ts)`);
    out.set(url, content);
  }
  return out;
}
