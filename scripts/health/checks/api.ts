import { check, fail, pass, unread, type Finding } from '../finding.ts';
import type { Snapshot } from '../snapshot.types.ts';

export const API = 'Kubernetes API';

export const apiChecks = [
  check('api', 'the Kubernetes API to be ready', (seen) => [readyFinding(seen)]),
  check('api', 'the Kubernetes API to be of the pinned version', (seen) => [versionFinding(seen)]),
];

function readyFinding(seen: Snapshot): Finding {
  if (seen.api.ok) return pass(API, `Kubernetes ${seen.api.value.version}`);
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
