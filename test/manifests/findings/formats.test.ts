import { fc } from '../../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { renderProblems } from '../../../scripts/cli/problems.ts';
import { columns } from '../../../scripts/health/layout.ts';
import { github } from '../../../scripts/manifests/findings/github.ts';
import { jsonOf } from '../../../scripts/manifests/findings/json.ts';
import { junit } from '../../../scripts/manifests/findings/junit.ts';
import { picture } from '../../../scripts/manifests/findings/picture.ts';
import { countsOf, exitOf } from '../../../scripts/manifests/findings/report.ts';
import { renderText } from '../../../scripts/manifests/findings/text.ts';
import { createStyle } from '../../../scripts/terminal/style.ts';
import { report, rule, told } from './toy.ts';

const plain = createStyle({ colour: false, width: 100 });
const warning = told({ severity: 'warning', rule: 'known-place', spot: { file: 'apps/a.yaml', line: 0, column: 0, length: 1 }, text: null, object: null, message: 'it has no place', hint: 'give it one', clusters: ['apps'] });
const unknown = told({ severity: 'unknown', message: 'chart web 1.2.3 is not here', hint: 'fetch it, or leave OFFLINE out' });

describe('exit', () => {
  test.each([
    ['nothing found', [], 'done'], ['a warning alone', [warning], 'done'], ['an error', [told()], 'no'], ['something unknown', [unknown], 'cannotTell'],
    ['a warning and something unknown', [warning, unknown], 'cannotTell'], ['an error and something unknown', [unknown, told()], 'no'],
  ] as const)('%s', (_, findings, exit) => {
    expect(exitOf(report({ findings }))).toBe(exit);
  });

  test('what is silenced does not count', () => {
    const silenced = [{ ...told(), reason: 'known', by: told().spot }];
    expect([exitOf(report({ silenced })), countsOf(report({ silenced }))]).toEqual(['done', { errors: 0, warnings: 0, unknown: 0, silenced: 1 }]);
  });
});

describe('text', () => {
  test('by file: place, words, the line with carets, the way out, other places, rule and object; then what could not be checked; then the verdict', () => {
    const other = told({ at: [9, 1, 3], text: 'abc', hint: '', message: 'and another', related: [{ what: 'first said', spot: { file: 'x.yaml', line: 1, column: 2, length: 1 } }] });
    expect(renderText(report({ findings: [warning, told(), other, unknown] }), plain)).toEqual([
      '! apps/a.yaml  it has no place',
      '     give it one',
      '     known-place · only apps',
      '',
      '✖ apps/web/app.yaml:3:9  nobody is called Otto',
      '    3 │   name: Otto',
      '      │         ^^^^ name somebody who is there',
      '      │ known-name · ConfigMap web/settings',
      '✖ apps/web/app.yaml:9:1  and another',
      '    9 │ abc',
      '      │ ^^^',
      '      │ first said: x.yaml:1:2',
      '      │ known-name · ConfigMap web/settings',
      '',
      '? apps/web/app.yaml:3:9  chart web 1.2.3 is not here',
      '     fetch it, or leave OFFLINE out',
      '     known-name',
      '',
      `✖ 2 errors, 1 warning in 2 files; 1 could not be checked${' '.repeat(38)}exit 1`,
      '  infra, apps; 4 Kustomizations; 15 objects; 2 of 3 charts rendered; 2 rules',
    ]);
  });

  test('what to do is said once for all that differ in a command alone, and apart where it is something else', () => {
    const absent = (name: string, hint: string): ReturnType<typeof told> => told({ severity: 'unknown', message: `chart ${name} is not here`, hint });
    const pull = (name: string): string => `fetch it (helm pull ${name} --version 1.0.0), or leave OFFLINE out`;
    const lines = renderText(report({ findings: [absent('a', pull('a')), absent('b', 'did you mean c?'), absent('d', pull('d'))] }), plain);
    expect(lines.slice(0, 6)).toEqual([
      '? apps/web/app.yaml:3:9  chart a is not here', '? apps/web/app.yaml:3:9  chart d is not here',
      '     fetch it, or leave OFFLINE out; for the first: helm pull a --version 1.0.0',
      '? apps/web/app.yaml:3:9  chart b is not here', '     did you mean c?', '     known-name',
    ]);
  });

  test('what could not be checked for one reason is told once, with its first places', () => {
    const many = Array.from({ length: 12 }, (_, index) => told({ severity: 'unknown', message: `chart ${index} is not here`, at: [index + 1, 1, 1] }));
    const lines = renderText(report({ findings: many }), plain);
    expect([lines.filter((line) => line.startsWith('? apps')).length, lines[8], lines.filter((line) => line.includes('name somebody'))]).toEqual([8, '     and 4 more of this kind (FORMAT=json tells them all)', ['     name somebody who is there']]);
    expect(lines).toContain(`? nothing wrong; 12 could not be checked${' '.repeat(54)}exit 2`);
  });

  test('nothing found is one line and what was looked at', () => {
    expect(renderText(report(), plain)).toEqual(['✔ nothing wrong', '  infra, apps; 4 Kustomizations; 15 objects; 2 of 3 charts rendered; 2 rules']);
  });

  test('looks as mistakes of the configuration do', () => {
    const [, , ...lines] = renderProblems([{ file: 'a.yaml', line: 3, column: 9, length: 4, rule: 'x', message: 'm', hint: 'way out' }], () => '  name: Otto', plain);
    expect(picture({ line: 3, column: 9, length: 4, text: '  name: Otto', hint: 'way out', severity: 'error' }, plain)).toEqual(lines);
  });

  test('wide characters, marks and tabs keep the caret under its word; what a terminal would obey is not printed', () => {
    expect(picture({ line: 1, column: 7, length: 4, text: 'a: 名前 Otto', hint: '', severity: 'error' }, plain)).toEqual(['    1 │ a: 名前 Otto', '      │         ^^^^']);
    expect(picture({ line: 1, column: 4, length: 2, text: 'a: 名前 Otto', hint: '', severity: 'error' }, plain)[1]).toBe('      │    ^^^^');
    expect(picture({ line: 1, column: 10, length: 4, text: '\tx: \u001b[31mOtto', hint: '', severity: 'error' }, plain)).toEqual(['    1 │  x: Otto', '      │     ^^^^']);
  });

  test('a line too long for the screen is shown around its place', () => {
    const lines = picture({ line: 1, column: 501, length: 4, text: `${'x'.repeat(500)}Otto${'y'.repeat(500)}`, hint: 'h', severity: 'error' }, createStyle({ colour: false, width: 60 }));
    const at = lines[1]?.indexOf('^') ?? 0;
    expect(lines[0]?.slice(at, at + 4)).toBe('Otto');
    for (const line of lines) expect(columns(line)).toBeLessThanOrEqual(60);
  });

  test('property: only a place may be wider than the screen', () => {
    fc.assert(fc.property(
      fc.record({ line: fc.nat(9999), column: fc.integer({ min: 1, max: 300 }), length: fc.nat(300) }), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer({ min: 30, max: 200 }),
      ({ line, column, length }, words, text, width) => {
        const found = [told({ at: [line, column, length], message: `m ${words}`, hint: words, text: line === 0 ? null : text }), { ...unknown, message: words }];
        for (const each of renderText(report({ findings: found }), createStyle({ colour: false, width }))) if (!each.includes('apps/web/app.yaml')) expect(columns(each)).toBeLessThanOrEqual(width);
      },
    ), { numRuns: 200 });
  });

  test('colour only repeats what signs and words say', () => {
    const coloured = renderText(report({ findings: [warning, told(), unknown] }), createStyle({ colour: true, width: 100 }));
    // oxlint-disable-next-line no-control-regex -- colours are what is taken away
    expect(coloured.map((line) => line.replace(/\u001b\[\d+m/gu, ''))).toEqual(renderText(report({ findings: [warning, told(), unknown] }), plain));
    expect(coloured.join('')).toContain('\u001b[31m✖');
  });
});

describe('github', () => {
  test.each([
    ['an error with its columns', told(), '::error file=apps/web/app.yaml,line=3,col=9,endColumn=13,title=known-name · ConfigMap web/settings::nobody is called Otto%0Aname somebody who is there'],
    ['a whole file, one cluster', warning, '::warning file=apps/a.yaml,title=known-place (apps)::it has no place%0Agive it one'],
    ['what could not be checked', unknown, '::warning file=apps/web/app.yaml,line=3,col=9,endColumn=13,title=not checked%3A known-name · ConfigMap web/settings::chart web 1.2.3 is not here%0Afetch it, or leave OFFLINE out'],
    ['what would end the command or begin another', told({ object: null, message: '100%\r\n::error::x', hint: '', spot: { file: 'a,b:c%.yaml', line: 1, column: 1, length: 1 } }), '::error file=a%2Cb%3Ac%25.yaml,line=1,col=1,endColumn=2,title=known-name::100%25%0D%0A::error::x'],
  ])('%s', (_, finding, line) => {
    expect(github(report({ findings: [finding] }))[0]).toBe(line);
  });

  test('files are told from where the repository begins', () => {
    expect(github(report({ prefix: 'deploy/', findings: [told({ related: [{ what: 'see', spot: { file: 'b.yaml', line: 2, column: 1, length: 1 } }] })] }))[0]).toMatch(/^::error file=deploy\/apps\/web\/app\.yaml,.*%0Asee: deploy\/b\.yaml:2:1%0A/u);
  });

  test('nothing found is the verdict alone', () => {
    expect(github(report())).toEqual(['nothing wrong']);
  });
});

describe('junit', () => {
  test('a case per rule and cluster: an error fails it, unknown is an error of it, warnings are told and pass', () => {
    const text = junit(report({ findings: [told(), told({ message: 'twice & <more> "quoted"', clusters: ['infra'] }), warning, { ...unknown, clusters: ['apps'] }] }));
    expect(text.split('\n').filter((line) => /<test/u.test(line))).toEqual([
      '<testsuites name="manifests" tests="4" failures="2" errors="0" skipped="0">',
      '  <testsuite name="infra" tests="2" failures="1" errors="0" skipped="0">',
      '    <testcase name="known-name" classname="manifests.infra.flux">',
      '    <testcase name="known-place" classname="manifests.infra.network"/>',
      '  <testsuite name="apps" tests="2" failures="1" errors="0" skipped="0">',
      '    <testcase name="known-name" classname="manifests.apps.flux">',
      '    <testcase name="known-place" classname="manifests.apps.network">',
    ]);
    expect(text).toContain('message="nobody is called Otto (and 1 more)"');
    expect(text).toContain('twice &amp; &lt;more&gt; "quoted"');
    expect(text).toContain('<system-out>apps/a.yaml  warning: it has no place\n    give it one</system-out>');
    expect(text).toContain('not checked: chart web 1.2.3 is not here');
  });

  test('what could not be checked alone is an error, never a pass', () => {
    expect(junit(report({ findings: [unknown] }))).toContain('tests="2" failures="0" errors="1"');
  });

  test('nothing found, and characters XML cannot hold', () => {
    expect(junit(report())).toContain('<testsuites name="manifests" tests="4" failures="0" errors="0" skipped="0">');
    expect(junit(report({ findings: [told({ message: 'a\u0000b\u001bc\ud800d "e"\n' })] }))).toContain('message="a\ufffdb\ufffdc\ufffdd &quot;e&quot;&#10;"');
  });
});

describe('json', () => {
  test('verdict, counts, what was looked at, every finding whole', () => {
    const finding = told({ fix: { from: 'Otto', to: 'Anna' } });
    expect(jsonOf(report({ findings: [finding], silenced: [{ ...told(), reason: 'known', by: told().spot }] }))).toEqual({
      exit: 'no', code: 1, root: '/tree', clusters: report().clusters, counts: { errors: 1, warnings: 0, unknown: 0, silenced: 1 }, rules: ['known-name', 'known-place'],
      findings: [finding], silenced: [{ ...told(), reason: 'known', by: told().spot }],
    });
  });

  test('nothing found', () => {
    expect(jsonOf(report({ rules: [rule('a')] }))).toMatchObject({ exit: 'done', code: 0, rules: ['a'], findings: [], silenced: [] });
  });
});
