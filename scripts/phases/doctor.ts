import type { Json, Style } from '../engine/outcome.ts';
import { aroundHere } from './doctor/around-here.ts';
import type { Finding } from './doctor/around.ts';
import { CHECKS, worstOf } from './doctor/checks.ts';
import type { Action } from './task.ts';

/** Is this machine fit to operate from? Everything is looked at (or what CHECK names); nothing is changed but the task folder made. */
const doctor: Action = async (cx) => {
  const around = aroundHere(cx);
  const chosen = CHECKS.filter((check) => cx.variables['CHECK'] === undefined || check.name === cx.variables['CHECK']);
  const sections = await Promise.all(chosen.map(async (check) => ({ name: check.name, findings: await check.look(around) })));
  const findings = sections.flatMap((section) => section.findings);
  return {
    exit: worstOf(findings.map((finding) => finding.verdict)),
    result: sections.flatMap(({ name, findings: of }) => of.map((finding): Json => ({ check: finding.name, of: name, ...finding.verdict }))),
    render: (style) => findings.flatMap((finding) => lines(finding, style)),
  };
};
export default doctor;

function lines({ name, verdict }: Finding, style: Style): readonly string[] {
  const because = verdict.because === undefined ? '' : `  ${verdict.because}`;
  switch (verdict.is) {
    case 'pass': return [`${style.green('✔')} ${name}${style.dim(because)}`];
    case 'skip': return [style.dim(`– ${name}${because}`)];
    case 'unknown':
    case 'fail': {
      const mark = verdict.is === 'fail' ? style.red('✖') : style.yellow('?');
      return [`${mark} ${name}${because}`, ...(verdict.hint === undefined ? [] : [`  ${style.dim('try')}  ${verdict.hint}`])];
    }
  }
}
