import { check, fail, pass, unread, type Finding } from '../finding.ts';
import { endpointFinding } from './endpoint.ts';
import type { Snapshot } from '../snapshot.types.ts';

export const API = 'Kubernetes API';

export const apiChecks = [
  check('api', "the endpoint's name to lead to the control planes", (seen) => (seen.endpoint === undefined ? [] : seen.endpoint.ok ? [endpointFinding(seen.cluster, seen.endpoint.value)] : [unread(API, seen.endpoint)])),
  check('api', 'the Kubernetes API to be ready', (seen) => [readyFinding(seen)]),
  check('api', 'the Kubernetes API to be of the pinned version', (seen) => [versionFinding(seen)]),
];

/** As Node says it, and as Go does. */
const OTHER_NAME = /does not match certificate's altnames|certificate is valid for .*, not /u;
const OTHER_AUTHORITY = /unable to verify the first certificate|self-signed certificate|unable to get (?:local )?issuer certificate|signed by unknown authority|certificate signature failure/u;

function readyFinding(seen: Snapshot): Finding {
  if (seen.api.ok) return pass(API, `Kubernetes ${seen.api.value.version}`);
  const host = new URL(seen.cluster.endpoint).hostname;
  // Whoever answers, answers for certain: TLS settles what the server is not, and waiting does not change it.
  if (OTHER_NAME.test(seen.api.because)) {
    return fail(API, seen.api.because, { state: `its certificate is not for ${host}`, hint: `add ${host} to cluster.apiServer.certSANs in talos/patches/clusters/${seen.cluster.name}.yaml and apply it to the control planes`, tries: [`openssl s_client -connect ${host}:6443 </dev/null | openssl x509 -noout -ext subjectAltName`] });
  }
  if (OTHER_AUTHORITY.test(seen.api.because)) {
    return fail(API, seen.api.because, { state: 'signed by another authority', hint: `is it another cluster that answers at ${seen.cluster.endpoint}? If the secrets of ${seen.cluster.name} changed: task cluster:kubeconfig CLUSTER=${seen.cluster.name}` });
  }
  return { ...unread(API, seen.api), hint: seen.api.hint ?? `kubectl --context ${seen.cluster.name} get --raw /readyz?verbose; it is at ${seen.cluster.endpoint}` };
}

function versionFinding(seen: Snapshot): Finding {
  if (!seen.api.ok) return { ...unread(API, seen.api), needs: 'api' };
  const pinned = bare(seen.site.versions.kubernetes);
  const running = bare(seen.api.value.version);
  if (running === pinned) return pass(API, `Kubernetes v${running}`);
  return fail(API, `it runs v${running}, bootstrap/versions.yaml pins v${pinned}`, { state: 'another version', hint: `talosctl upgrade-k8s --to ${pinned}, or correct the pin` });
}

const bare = (version: string): string => version.trim().replace(/^v/u, '').replace(/\+.*$/u, '');
