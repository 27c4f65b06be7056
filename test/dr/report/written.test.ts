import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../../scripts/engine/event.ts';
import { writeReport } from '../../../scripts/dr/report/finish.ts';
import { readReport } from '../../../scripts/dr/report/model.ts';
import { outputsText } from '../../../scripts/dr/report/outputs.ts';
import { renderAs } from '../../../scripts/dr/report/render.ts';
import { took } from '../../../scripts/dr/report/words.ts';
import { columns } from '../../../scripts/health/layout.ts';
import { scratch } from '../../tools/support.ts';
import { makeFolder, type Story } from './folder.ts';

const plain = (width: number): Parameters<Awaited<ReturnType<typeof writeReport>>['lines']>[0] => {
  const same = (text: string): string => text;
  return { width, bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };
};
const HOSTILE = `<script>alert("1")</script> & ' | \`x\` ![a](http://evil.test/x.png) ]]> \u001b[31m\u0000\uFFFF\uD800`;
/** A rehearsal in which everything from outside is meant to break out of the page. */
const hostile: Story = {
  explained: HOSTILE, after: (print) => ({ ...print, sections: { ...print.sections, namespaces: { [HOSTILE]: HOSTILE } } }), writes: [HOSTILE], variables: { OVERRIDE: HOSTILE },
  data: (verdict) => ({ ...verdict, because: HOSTILE }), found: (found) => ({ ...found, found: HOSTILE, verdict: { is: 'fail', because: HOSTILE } }),
  rows: [{ id: HOSTILE, group: 'health', subject: HOSTILE, verdict: { is: 'fail', because: HOSTILE }, detail: HOSTILE, accepted: { by: HOSTILE, how: 'variable' } }],
  more: [{ type: 'note', lane: 'infra', step: 'core', level: 'warn', text: HOSTILE }, { type: 'retrying', lane: HOSTILE, step: HOSTILE, what: HOSTILE, reason: HOSTILE, attempt: 1 }],
  processes: [{ at: 'apps/flux', how: 'failed', gapMs: 1_000 }, {}],
};

/** Every element of a well-formed text, in order; throws where it is not. `empty` need no end in HTML. */
function elements(text: string, empty: readonly string[] = []): readonly { readonly name: string; readonly attributes: string }[] {
  const open: string[] = [];
  const found: { name: string; attributes: string }[] = [];
  for (const [, end, name = '', attributes = '', closed] of text.replace(/<style>.*?<\/style>/s, '').matchAll(/<(\/?)([A-Za-z][\w-]*)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>/g)) {
    if (end === '/') expect(open.pop()).toBe(name);
    else {
      found.push({ name, attributes });
      if (closed !== '/' && !empty.includes(name)) open.push(name);
    }
  }
  expect(open).toEqual([]);
  return found;
}
const EMPTY = ['meta', 'link'];

describe('report.html', () => {
  test.each<[string, Story]>([['green', {}], ['hostile', hostile], ['killed', { processes: [{ at: 'apps/core', how: 'killed', gapMs: 60_000 }, {}] }], ['stopped at once', { processes: [{ at: 'infra/readiness', how: 'killed' }] }], ['one cluster in the lab', { clusters: ['apps'], kind: 'lab', speed: 120, how: 'policy' }]])('%s: whole, alone, and without a script', (_name, story) => {
    using dir = scratch();
    const page = renderAs(readReport(makeFolder(dir.path, story)), 'html');
    const all = elements(page.replace('<!doctype html>', ''), EMPTY);
    const names = new Set(all.map(({ name }) => name));
    for (const forbidden of ['script', 'img', 'iframe', 'object', 'embed', 'form']) expect(names).not.toContain(forbidden);
    for (const { attributes } of all) {
      expect(attributes).not.toMatch(/\son\w+=/);
      for (const [, target = ''] of attributes.matchAll(/\s(?:href|src|xlink:href)="([^"]*)"/g)) expect(target).toMatch(/^(#|data:,$)/);
    }
    expect(page).not.toMatch(/url\((?!#)|@import/);
    // No text is left that still looks like markup of its own.
    expect(page).not.toContain('<script');
    // Every link of the navigation leads somewhere.
    const ids = new Set(all.flatMap(({ attributes }) => /\sid="([^"]*)"/.exec(attributes)?.[1] ?? []));
    for (const [, id = ''] of page.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(id);
    expect(all.filter(({ name }) => name === 'table').length).toBe(all.filter(({ name }) => name === 'caption').length);
    expect(all.filter(({ name, attributes }) => name === 'svg' && !attributes.includes('aria-'))).toEqual([]);
  });
  test('says what is simulated, and only then', () => {
    using dir = scratch();
    expect(renderAs(readReport(makeFolder(dir.path, { kind: 'lab', speed: 60 })), 'html')).toContain('<strong>Simulated.</strong>');
    expect(renderAs(readReport(makeFolder(dir.path, {})), 'html')).not.toContain('<strong>Simulated.</strong>');
  });
});

describe('the other forms', () => {
  test.each<[string, Story]>([['green', {}], ['hostile', hostile]])('%s: JUnit is well-formed, and its counts are those of its cases', (_name, story) => {
    using dir = scratch();
    const report = readReport(makeFolder(dir.path, story));
    const xml = renderAs(report, 'junit');
    const all = elements(xml.replace(/^<\?xml.*?\?>/, ''));
    const cases = all.filter(({ name }) => name === 'testcase');
    expect(all[0]?.attributes).toContain(`tests="${cases.length}"`);
    expect(all[0]?.attributes).toContain(`failures="${all.filter(({ name }) => name === 'failure').length}"`);
    const keys = cases.map(({ attributes }) => attributes.replace(/ time=.*/, ''));
    expect(new Set(keys).size).toBe(keys.length);
    if (report.verdict.is === 'green') expect(xml).not.toMatch(/<(failure|error) /);
    else expect(xml).toMatch(/<failure /);
    // oxlint-disable-next-line no-control-regex -- XML has no room for them
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b-\u001f\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])/);
  });
  test('Markdown keeps what comes from outside on its line and out of its markup', () => {
    using dir = scratch();
    const text = renderAs(readReport(makeFolder(dir.path, hostile)), 'md');
    expect(text).not.toMatch(/(?<!\\)<script|(?<!\\)!\[/);
    const widths = text.split('\n').filter((line) => line.startsWith('|')).map((line) => [line, line.replaceAll(/\\./g, '').split('|').length] as const);
    let wide = 0;
    for (const [line, width] of widths) {
      if (/^\|(---\|)+$/.test(line)) expect(width).toBe(wide);
      wide = width;
    }
    expect(text).toContain('## Findings');
  });
  test('run.json is the whole report, and made anew it is the same', () => {
    using dir = scratch();
    const folder = makeFolder(dir.path, hostile);
    const report = readReport(folder);
    expect(JSON.parse(renderAs(report, 'json'))).toEqual(JSON.parse(JSON.stringify(readReport(folder))));
    for (const form of ['html', 'md', 'junit', 'json'] as const) expect(renderAs(report, form)).toBe(renderAs(readReport(folder), form));
  });
});

test('what the tools said is beside the report: commands that change something or failed, in order, with the end of their output', () => {
  const at = { lane: 'apps', step: 'core', seq: 1, at: '2026-01-02T03:04:05.000Z', t: 1 };
  const ran = (tool: string, effect: 'read' | 'write', exitCode: number | null, said?: string): Event => ({ type: 'command-ran', ...at, tool, argv: ['go', 'a b'], effect, exitCode, wallMs: 12, ...(said === undefined ? {} : { said }) });
  expect(outputsText([ran('talosctl', 'read', 0), ran('helmfile', 'write', 0, 'one\n\ntwo'), ran('flux', 'read', 1, 'no such thing'), ran('talosctl', 'write', null)])).toBe([
    "2026-01-02T03:04:05.000Z apps core: helmfile go 'a b'", '  exit 0, 12 ms', '  | one', '  | two', '',
    "2026-01-02T03:04:05.000Z apps core: flux go 'a b'", '  exit 1, 12 ms', '  | no such thing', '',
    "2026-01-02T03:04:05.000Z apps core: talosctl go 'a b'", '  was ended by a signal, 12 ms', '',
  ].join('\n'));
  expect(outputsText([ran('talosctl', 'read', 0)])).toMatch(/^No tool that changes something ran/);
});

describe('written into the run folder', () => {
  test('its files are for the owner alone, sealed when it is over, and never written again', async () => {
    using dir = scratch();
    const folder = makeFolder(dir.path, {});
    const written = await writeReport(folder);
    for (const name of ['report.html', 'report.md', 'junit.xml', 'run.json', 'outputs.txt', 'manifest.sha256']) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'manifest.sha256'), 'utf8').split('\n').filter((line) => line !== '')).toHaveLength(readdirSync(folder).length - 1);
    expect(written).toMatchObject({ verdict: 'green', file: join(folder, 'report.html'), signature: { is: 'unsigned' } });
    await expect(writeReport(folder)).rejects.toThrow(/is sealed/);
  });
  test('unfinished it is written, not sealed, and written again by whoever goes on', async () => {
    using dir = scratch();
    const folder = makeFolder(dir.path, { processes: [{ at: 'apps/flux', how: 'failed' }] });
    expect((await writeReport(folder)).digest).toBeUndefined();
    expect((await writeReport(folder)).digest).toBeUndefined();
    expect(readdirSync(folder)).not.toContain('manifest.sha256');
  });
  test('what the caller redacts is gone from every form', async () => {
    using dir = scratch();
    const folder = makeFolder(dir.path, { writes: ['patch Secret a/b with hunter2'], processes: [{ exit: 'no' }] });
    await writeReport(folder, { redact: (text) => text.replaceAll('hunter2', '[redacted]') });
    for (const name of ['report.html', 'report.md', 'junit.xml', 'run.json', 'outputs.txt']) expect(readFileSync(join(folder, name), 'utf8')).not.toContain('hunter2');
  });
  test.each([80, 120, 40])('the last words fit into %i columns', async (width) => {
    using dir = scratch();
    const stories: readonly Story[] = [{}, hostile, { kind: 'lab', speed: 60 }, { processes: [{ at: 'infra/confirm', how: 'refused' }] }, { writes: ['patch a'], processes: [{ exit: 'no' }] }];
    for (const story of stories) {
      // Paths and digests are for copying: they stay whole on their lines.
      const lines = (await writeReport(makeFolder(dir.path, story))).lines(plain(width)).filter((line) => !/^ {2}(report|digest) /.test(line));
      for (const line of lines) expect(columns(line), line).toBeLessThanOrEqual(width);
    }
  });
  test('the last words of a good end', async () => {
    using dir = scratch();
    const text = (await writeReport(makeFolder(dir.path, {}))).lines(plain(200)).join('\n');
    expect(text).toMatch(/^✔ rehearsal green {2}recovered in 35m17s \(objective 45m\) {2}machine 34m46s · waiting on you 31s {2}0 manual interventions {2}data loss worst 1m04s \(objective 24h\)$/m);
    expect(text).toContain('slowest: apps core 8m04s, infra core 7m12s');
    expect(text).toContain('8/8 protected data sets back, 8/8 expected sentinels equal (2 sets unprotected, lost as declared), fingerprints equal, second create wrote nothing');
    expect(text).toMatch(/digest {2}sha256:[0-9a-f]{64}/);
  });
});

test.each([[0, '0ms'], [999, '999ms'], [9_960, '9.9s'], [10_000, '10s'], [59_700, '1m00s'], [427_000, '7m07s'], [3_599_600, '1h00m'], [4_000_000, '1h06m'], [90_000_000, '1d01h'], [-61_000, '-1m01s']])('%i ms are %s', (ms, text) => expect(took(ms)).toBe(text));
