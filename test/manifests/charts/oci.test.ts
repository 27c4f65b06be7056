import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, type TestContext } from 'vitest';
import type { Release } from '../../../scripts/manifests/model.types.ts';
import { realTool } from '../../real-tool.ts';
import { serveRegistry, type Registry } from './registry.ts';
import { around, ask, CHARTS, pack, scratch, treeWith, type Counted } from './rig.ts';

/** Charts out of a registry as the real helm pulls them, from one on the loopback. */

function need(context: TestContext): void {
  if (realTool('helm') === undefined) context.skip('skipped: no helm on PATH, nor built by tools:install');
}

function archive(version: string): Buffer {
  const file = join(scratch(), 'web.tgz');
  pack(join(CHARTS, 'web'), file, version);
  return readFileSync(file);
}

const HELM_RELEASE = 'apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: shop}\nspec:\n  interval: 1h\n';
const of = ({ url }: Registry, ref: string, insecure = true): string => `apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: web, namespace: shop}\nspec:\n  interval: 12h\n  url: ${url}/web\n  ref: {${ref}}\n${insecure ? '  insecure: true\n' : ''}---\n${HELM_RELEASE}  chartRef: {kind: OCIRepository, name: web}\n`;
const byRepository = ({ url }: Registry, version: string): string => `apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: charts, namespace: shop}\nspec: {type: oci, interval: 12h, url: "${url}", insecure: true}\n---\n${HELM_RELEASE}  chart: {spec: {chart: web, version: "${version}", sourceRef: {kind: HelmRepository, name: charts}}}\n`;

async function look(text: string, { cache = scratch(), offline = false }: { readonly cache?: string; readonly offline?: boolean } = {}): Promise<{ readonly release: Release; readonly by: Counted }> {
  const by = around({ offline });
  const { releases: [release] } = await ask(await treeWith(text, {}, { charts: [] }), by, cache);
  if (release === undefined) throw new Error('no release');
  return { release, by };
}

describe('a registry that may be asked', () => {
  test('is asked once for a version; from then on the chart is here, without a network as well', async (context) => {
    need(context);
    const registry = await serveRegistry();
    const digest = registry.push('web', '1.2.3', archive('1.2.3'));
    const [text, cache] = [of(registry, 'tag: 1.2.3'), scratch()];
    expect((await look(text, { cache, offline: true })).release.unknown).toBe('its chart web 1.2.3 is not here');
    expect(registry.asked).toEqual([]);
    const { release, by } = await look(text, { cache });
    expect(release.unknown).toBeUndefined();
    expect(release.rendered).toHaveLength(3);
    expect(by.volatiles).toEqual([]);
    expect(registry.asked.some((each) => each.endsWith('/v2/charts/web/manifests/1.2.3')), registry.asked.join(', ')).toBe(true);
    expect(registry.asked.some((each) => each.startsWith('GET /v2/charts/web/blobs/sha256:'))).toBe(true);
    expect(digest).toMatch(/^sha256:/);
    const before = registry.asked.length;
    for (const offline of [false, true]) expect((await look(text, { cache, offline })).release.rendered).toHaveLength(3);
    expect(registry.asked).toHaveLength(before);
  });

  test('by a HelmRepository, by a digest, and at a version whose + is an _ there', async (context) => {
    need(context);
    const registry = await serveRegistry();
    const digest = registry.push('web', '1.2.3', archive('1.2.3'));
    registry.push('web', '1.2.4_build.7', archive('1.2.4+build.7'));
    expect((await look(byRepository(registry, '1.2.3'))).release.rendered).toHaveLength(3);
    const pinned = await look(of(registry, `digest: "${digest}"`));
    expect(pinned.release.rendered).toHaveLength(3);
    expect(pinned.by.volatiles).toEqual([]);
    expect(registry.asked.some((each) => each.endsWith(`/manifests/${digest}`))).toBe(true);
    expect((await look(of(registry, 'tag: 1.2.4_build.7'))).release.unknown).toBeUndefined();
    expect(registry.asked.some((each) => each.endsWith('/manifests/1.2.4_build.7'))).toBe(true);
  });

  test('a range is the newest of its versions, and not remembered as an answer', async (context) => {
    need(context);
    const registry = await serveRegistry();
    for (const version of ['1.2.3', '1.3.0', '2.0.0']) registry.push('web', version, archive(version));
    const { release, by } = await look(of(registry, 'semver: "1.x"'));
    expect(release.rendered).toHaveLength(3);
    expect(registry.asked.filter((each) => each.includes('/manifests/')).every((each) => each.endsWith('/manifests/1.3.0')), registry.asked.join(', ')).toBe(true);
    expect(by.volatiles).toEqual(['web 1.x is a range of versions']);
  });
});

describe('what cannot be had is not known, says why, and is asked again', () => {
  test('a version that comes later', async (context) => {
    need(context);
    const registry = await serveRegistry();
    registry.push('web', '1.2.2', archive('1.2.2'));
    const [text, cache] = [of(registry, 'tag: 1.2.3'), scratch()];
    const { release, by } = await look(text, { cache });
    expect(release.rendered).toBeUndefined();
    expect(release.unknown).toMatch(/^its chart web cannot be fetched from oci:\/\/127\.0\.0\.1:\d+\/charts\/web: .*not found/);
    expect(by.volatiles).toEqual([expect.stringMatching(/^web could not be fetched from /)]);
    registry.push('web', '1.2.3', archive('1.2.3'));
    expect((await look(text, { cache })).release.rendered).toHaveLength(3);
  });

  test.for([
    ['a registry that lets nobody in', { locked: true }, /credential|unauthorized/i],
    ['bytes that are not what their digest says', { damaged: true }, /digest|mismatch/i],
  ] as const)('%s', async ([, faults, says], context) => {
    need(context);
    const registry = await serveRegistry();
    registry.push('web', '1.2.3', archive('1.2.3'));
    Object.assign(registry.faults, faults);
    const { release } = await look(of(registry, 'tag: 1.2.3'));
    expect(release.rendered).toBeUndefined();
    expect(release.unknown).toMatch(says);
    expect(registry.logins).toEqual([]);
  });

  test('something else below that name', async (context) => {
    need(context);
    const registry = await serveRegistry();
    registry.push('web', '1.2.3', archive('1.2.3'), {}, 'application/vnd.oci.image.layer.v1.tar+gzip');
    expect((await look(of(registry, 'tag: 1.2.3'))).release.unknown).toMatch(/cannot be fetched from oci:/);
  });

  test('a registry without TLS that is not said to be one', async (context) => {
    need(context);
    const registry = await serveRegistry();
    registry.push('web', '1.2.3', archive('1.2.3'));
    expect((await look(of(registry, 'tag: 1.2.3', false))).release.unknown).toMatch(/cannot be fetched from oci:/);
    expect(registry.asked).toEqual([]);
  });
});
