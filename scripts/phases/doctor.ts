import { accessSync, constants, existsSync, mkdirSync, statfsSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { Failure } from '../engine/failure.ts';
import type { Json, Style } from '../engine/outcome.ts';
import type { Verdict } from '../engine/verdict.ts';
import { commitOf } from '../tools/commit.ts';
import { toolTable } from './tool-table.ts';
import type { Action, ActionContext } from './task.ts';

interface Finding { readonly name: string; readonly verdict: Verdict }

/** Journals, snapshots and rendered charts of one create stay well below this; a full disk in the middle of one does not. */
const ROOM_BYTES = 1_000_000_000;

/** Is this machine fit to operate from? Everything is looked at; nothing is changed but the task folder made. */
const doctor: Action = async (cx) => {
  const findings: Finding[] = [node(), taskFolder(cx), room(cx), await configuration(cx), repository(cx)];
  for (const row of await toolTable(cx)) findings.push({ name: `${row.tool} ${row.pin ?? ''}`.trim(), verdict: row.verdict });
  const worst = findings.some((finding) => finding.verdict.is === 'fail') ? 'no' : findings.some((finding) => finding.verdict.is === 'unknown') ? 'cannotTell' : 'done';
  return {
    exit: worst,
    result: findings.map(({ name, verdict }): Json => ({ check: name, ...verdict })),
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

function node(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  return {
    name: 'Node 24 or newer',
    verdict: major >= 24 ? { is: 'pass', because: `${process.version} at ${process.execPath}, ${process.platform} ${release()}` } : { is: 'fail', because: `this is ${process.version}`, hint: './task uses the Node that npm installs; start it through that' },
  };
}

function taskFolder(cx: ActionContext): Finding {
  const name = `task folder ${cx.taskDir} is ours alone`;
  try {
    mkdirSync(cx.taskDir, { recursive: true, mode: 0o700 });
    accessSync(cx.taskDir, constants.W_OK | constants.X_OK);
  } catch (error) {
    return { name, verdict: { is: 'fail', because: error instanceof Error ? error.message : String(error), hint: 'make it writable, or set TASK_DIR to a folder that is' } };
  }
  // What lies in it is 0600 by itself; a folder others may write to would let them put files there.
  const { mode } = statSync(cx.taskDir);
  return (mode & 0o022) === 0 ? { name, verdict: { is: 'pass' } } : { name, verdict: { is: 'fail', because: `others may write to it (mode ${(mode & 0o777).toString(8)})`, hint: `chmod go-w ${cx.taskDir}` } };
}

function room(cx: ActionContext): Finding {
  const name = 'room on the disk of the task folder';
  if (!existsSync(cx.taskDir)) return { name, verdict: { is: 'unknown', because: 'the task folder could not be made' } };
  const { bavail, bsize } = statfsSync(cx.taskDir);
  const free = bavail * bsize;
  const said = `${(free / 1e9).toFixed(1)} GB free`;
  return { name, verdict: free >= ROOM_BYTES ? { is: 'pass', because: said } : { is: 'fail', because: `${said}, 1 GB is wanted`, hint: `remove old runs below ${cx.taskDir}/runs, or set TASK_DIR to a disk with room` } };
}

async function configuration(cx: ActionContext): Promise<Finding> {
  const name = 'configuration without problems';
  try {
    const site = await cx.site();
    return { name, verdict: { is: 'pass', because: site.clusters.map((cluster) => `${cluster.name} (${cluster.machines.length} machines)`).join(', ') } };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { name, verdict: { is: 'fail', because: error.what, hint: error.hint ?? 'mend what is listed' } };
  }
}

function repository(cx: ActionContext): Finding {
  const commit = commitOf(cx.root);
  const name = 'the configuration is committed';
  if (commit === 'no git' || commit === 'no commit') return { name, verdict: { is: 'fail', because: commit, hint: 'Flux reads a Git repository: commit the configuration' } };
  return { name, verdict: commit.endsWith('+dirty') ? { is: 'fail', because: `uncommitted changes on top of ${commit.slice(0, 12)}`, hint: 'Flux will run what is committed, not what you see: commit or stash' } : { is: 'pass', because: commit.slice(0, 12) } };
}
