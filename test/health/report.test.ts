import { describe, expect, test } from 'vitest';
import type { Outcome, Style } from '../../scripts/engine/outcome.ts';
import { diagnose } from '../../scripts/health/diagnosis.ts';
import { fluxStatusOutcome } from '../../scripts/health/flux-status.ts';
import { columns } from '../../scripts/health/layout.ts';
import { healthOutcome, severalOutcomes } from '../../scripts/health/report.ts';
import { statusOutcome } from '../../scripts/health/status.ts';
import { KINDS } from '../../scripts/health/kinds.ts';
import { find, healthy, say, type Draft } from './builder.ts';
import * as faults from './faults.ts';

const LABEL = 'LAB embedded, simulated machines, clock x60';
const id = (text: string): string => text;
const style = (width: number): Style => ({ width, bold: id, dim: id, red: id, green: id, yellow: id, cyan: id });
const health = (draft: Draft): Outcome => healthOutcome(diagnose(draft), draft.cluster, draft, LABEL);
const text = (outcome: Outcome, width = 120): string => outcome.render(style(width)).join('\n');
function with_(change: (draft: Draft) => void): Draft {
  const draft = healthy();
  change(draft);
  return draft;
}

describe('health, for people', () => {
  test('says healthy in one line and a row of layers', () => {
    const said = text(health(healthy()));
    expect(said).toContain('✔ infra is healthy (exit 0)');
    expect(said).toContain(LABEL);
    expect(said).toContain('✔ machines 3/3  ✔ talos 3/3  ✔ etcd 3 members, leader infra-02  ✔ api v1.34.4');
    expect(said).toContain('– mesh (skip: not in this tree yet)');
  });
  test('names cause, because, since, what to try and who waits for it', () => {
    const outcome = health(with_(faults.storeDown));
    const said = text(outcome);
    expect(outcome.exit).toBe('no');
    expect(said).toContain('✖ infra is not healthy: 1 cause, 6 consequences (exit 1)');
    expect(said).toContain('cause    secrets / ClusterSecretStore onepassword: Ready=False (InvalidProviderConfig) for 6m');
    expect(said).toContain('because  GET http://opconnect.monosense.dev/v1/vaults: connection refused');
    expect(said).toContain('since    2026-11-21 09:12:44 UTC');
    expect(said).toContain('try      kubectl describe clustersecretstore');
    expect(said).toContain('waiting on it: ClusterIssuer letsencrypt, Certificate networking/wildcard, ExternalSecret ×4');
    expect(said).toContain('✖ secrets');
  });
  test('has its own sign and exit for what cannot be told', () => {
    const outcome = health(with_((draft) => faults.apiDown(draft, 'no answer within 5 s')));
    const said = text(outcome);
    expect(outcome.exit).toBe('cannotTell');
    expect(said).toContain('? whether infra is healthy cannot be told: 1 thing unknown (exit 2)');
    expect(said).toContain('try      kubectl --context infra get --raw');
    expect(said).toContain('because  no answer within 5 s');
    expect(said).toContain('? api');
    expect(said).toContain('– nodes cni crds core sources kustomizations helmreleases workloads certificates secrets not judged (needs api)');
    expect(said).toContain('etcd 3 members');
  });
  test('counts no consequences where there are none', () => {
    const draft = with_(faults.releaseStalled);
    const { causes, ...rest } = diagnose(draft);
    const alone = { ...rest, causes: causes.map((cause) => ({ ...cause, consequences: [] })) };
    expect(text(healthOutcome(alone, draft.cluster, draft, LABEL))).toMatch(/is not healthy: 1 cause \(exit 1\)/u);
  });
  test('does not send in a circle to the question that was just asked', () => {
    const outcome = health(with_((draft) => {
      faults.apiDown(draft, 'refused');
      if (!draft.api.ok) draft.api = { ...draft.api, hint: 'task cluster:health CLUSTER=infra says how the cluster is' };
    }));
    expect(text(outcome)).not.toContain('cluster:health');
  });
  test('says once what to try, and nothing open of what is known to be in trouble', () => {
    expect(text(health(with_(faults.storeDown))).match(/describe clustersecretstore/gu)).toHaveLength(1);
    const said = text(health(with_(faults.etcdNoQuorum)));
    expect(said).toContain('waiting on it: etcd on infra-02, etcd on infra-03');
    expect(said).not.toContain('no etcd member answers');
  });
  test('lets no word of a cluster move the cursor', () => {
    const said = text(health(with_((draft) => say(find(draft, KINDS.kustomizations, 'issuers'), ['Ready', 'False', 'BuildFailed', 'first\nsecond \u001b[2Jthird']))));
    expect(said).toContain('first second third');
    expect(said).not.toContain('\u001b');
  });
});

test('the result for programs keeps its shape', () => {
  const { result } = health(with_(faults.storeDown));
  expect(result).toMatchObject({
    format: 1, cluster: 'infra', target: LABEL, at: '2026-11-21T09:18:44.000Z', verdict: 'unhealthy', unknowns: [],
    causes: [{ layer: 'secrets', object: 'ClusterSecretStore onepassword', objects: ['ClusterSecretStore onepassword'], since: '2026-11-21T09:12:44.000Z' }],
    skips: [{ layer: 'mesh', because: 'not in this tree yet' }],
  });
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
});

test('several clusters answer with the worst exit and each under its name', () => {
  const both = severalOutcomes([{ cluster: 'infra', outcome: health(healthy()) }, { cluster: 'apps', outcome: health(with_(faults.storeDown)) }]);
  expect(both.exit).toBe('no');
  expect(both.result).toMatchObject({ clusters: { infra: { verdict: 'healthy' }, apps: { verdict: 'unhealthy' } } });
  const one = health(healthy());
  expect(severalOutcomes([{ cluster: 'infra', outcome: one }])).toBe(one);
});

describe('status', () => {
  test('is a table of machines, etcd, nodes and Flux', () => {
    const outcome = statusOutcome(healthy(), LABEL);
    const said = text(outcome);
    expect(outcome.exit).toBe('done');
    expect(said).toMatch(/infra-01 +controlplane +10\.25\.11\.11 +running +v1\.12\.0 +Ready/u);
    expect(said).toContain('etcd 3 members, leader infra-02');
    expect(said).toContain('Kustomization 4/4');
  });
  test('shows what it could not read as unread', () => {
    const outcome = statusOutcome(with_((draft) => faults.machineOff(draft, 'infra-02')), LABEL);
    expect(outcome.exit).toBe('cannotTell');
    expect(text(outcome)).toMatch(/infra-02 .* no answer +\? +NotReady/u);
  });
  test('counts what is ready and what is not', () => {
    expect(statusOutcome(with_(faults.dependencyCycle), LABEL).result).toMatchObject({ flux: expect.arrayContaining([{ kind: 'Kustomization', ready: 1, of: 4, because: null }]) });
  });
});

describe('flux status', () => {
  test('lists objects after what they depend on', () => {
    const { exit, result } = fluxStatusOutcome(healthy(), LABEL);
    expect(exit).toBe('done');
    const objects = (result as { objects: { object: string }[] }).objects.map(({ object }) => object);
    expect(objects).toEqual(['GitRepository flux-system/flux-system', 'HelmRepository flux-system/stakater', 'Kustomization flux-system/flux-system', 'Kustomization flux-system/secrets', 'Kustomization flux-system/issuers', 'Kustomization flux-system/reloader', 'HelmRelease tools/reloader']);
  });
  test('gives revision and reason of what is not ready', () => {
    const outcome = fluxStatusOutcome(with_(faults.releaseStalled), LABEL);
    expect(outcome.exit).toBe('no');
    expect(text(outcome)).toContain('main@sha1:11111111 ');
    expect(text(outcome)).toContain('HelmRelease tools/reloader: Stalled (RetriesExceeded): Helm install failed');
  });
  test('cannot tell without an API', () => {
    expect(fluxStatusOutcome(with_(faults.apiDown), LABEL).exit).toBe('cannotTell');
  });
});

const WORLDS: readonly (readonly [string, Draft])[] = [
  ['healthy', healthy()], ['a store down', with_(faults.storeDown)], ['no quorum', with_(faults.etcdNoQuorum)], ['a cycle', with_(faults.dependencyCycle)], ['no API', with_(faults.apiDown)],
  ['wide words', with_((draft) => say(find(draft, KINDS.kustomizations, 'issuers'), ['Ready', 'False', 'BuildFailed', `証明書の発行に失敗しました${'長'.repeat(90)} ${'x'.repeat(300)} 🚀`]))],
];
test.each(WORLDS)('stays within 40 to 200 columns: %s', (_name, draft) => {
  const outcomes = [health(draft), statusOutcome(draft, LABEL), fluxStatusOutcome(draft, LABEL)];
  const tooWide = outcomes.flatMap((outcome) => Array.from({ length: 161 }, (_, index) => 40 + index).flatMap((width) =>
    outcome.render(style(width)).filter((line) => columns(line) > width).map((line) => `${width}: ${line}`)));
  expect(tooWide).toEqual([]);
});
