/** What the lab serves in place of pinned downloads (bootstrap/crds.yaml). */
import { dump } from 'js-yaml';
import type { KubeObject } from '../world/types.ts';
import { gatewayApiCrds, gatewayApiExperimentalCrds } from './crd-tables.ts';

const GATEWAY_API = /^https:\/\/github\.com\/kubernetes-sigs\/gateway-api\/releases\/download\/(v\d+\.\d+\.\d+)\/(standard|experimental)-install\.yaml$/;

/** Objects as one YAML stream. */
export function yamlStream(objects: readonly KubeObject[]): string {
  return objects.map((object) => `---\n${dump(object, { lineWidth: -1, noRefs: true })}`).join('');
}

function gatewayApi(version: string, channel: string): string {
  const options = { annotations: {
    'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api/pull/3328',
    'gateway.networking.k8s.io/bundle-version': version, 'gateway.networking.k8s.io/channel': channel,
  } };
  const objects = channel === 'experimental' ? [...gatewayApiCrds(options), ...gatewayApiExperimentalCrds(options)] : gatewayApiCrds(options);
  return yamlStream(objects);
}

/** Text served per URL. Throws for a URL the catalog knows nothing about, naming it. */
export function labDownloads(urls: readonly string[]): Map<string, string> {
  const out = new Map<string, string>();
  for (const url of urls) {
    const match = GATEWAY_API.exec(url);
    if (match === null) throw new Error(`the lab's catalog serves nothing for ${url} (lab/catalog/downloads.ts)`);
    out.set(url, gatewayApi(match[1] ?? '', match[2] ?? ''));
  }
  return out;
}
