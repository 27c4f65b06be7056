import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { bootstraps, rehearse, resets } from './rehearsing.ts';
import { filesBelow, makeRig, type Rig } from './rig.ts';

const SOAK = process.env['SOAK'] !== undefined;
/** How many, and how fast: TIMES and LAB_SPEED of the environment, for one who has less time or a faster machine. */
const TIMES = Number(process.env['TIMES'] ?? '50');
const SPEED = process.env['LAB_SPEED'] ?? '90';
/** Memory settles before it is compared. */
const SETTLED = Math.min(10, Math.ceil(TIMES / 5));

interface Standing { readonly rssMb: number; readonly descriptors: number; readonly files: readonly string[]; readonly outsideRunsKb: number; readonly logKb: number }

/** The lab's daemon and what lies about: looked at between rehearsals. */
function standing(rig: Rig): Standing {
  const { pid }: { readonly pid: number } = JSON.parse(readFileSync(join(rig.taskDir, 'lab/daemon.json'), 'utf8'));
  const rss = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  const outside = [...filesBelow(rig.dir)].filter(([path]) => !path.startsWith(join(rig.taskDir, 'runs') + sep));
  return {
    rssMb: Math.round(Number(rss) / 1024), descriptors: readdirSync(`/proc/${pid}/fd`).length,
    files: outside.map(([path]) => relative(rig.dir, path)).toSorted(), outsideRunsKb: kb(outside.filter(([path]) => !isLog(path))), logKb: kb(outside.filter(([path]) => isLog(path))),
  };
}

/** The lab's own log is its memory of who asked for what, and is kept whole. */
const isLog = (path: string): boolean => /\/lab\/(log\.jsonl|daemon\.log)$/.test(path);
const kb = (files: readonly (readonly [path: string, file: { readonly text: string }])[]): number => Math.round(files.reduce((sum, [, { text }]) => sum + text.length, 0) / 1024);

/** Processes that were started for this world and are still there, but for the lab's daemon, which serves every test. */
function processesOf(rig: Rig): readonly string[] {
  const said = (pid: string, what: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${what}`, 'utf8');
    } catch {
      // It ended while it was looked at, or is another user's.
      return '';
    }
  };
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid)).flatMap((pid) => {
    const line = said(pid, 'cmdline').replaceAll('\0', ' ').trim();
    const ours = line.includes(rig.dir) || said(pid, 'environ').includes(`TASK_DIR=${rig.taskDir}\0`) || (existsSync(`/proc/${pid}/cwd`) && linkOf(`/proc/${pid}/cwd`).startsWith(rig.dir));
    return ours && !line.includes('lab/world/daemon.ts') ? [`${pid} ${line}`] : [];
  });
}
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

let rig: Rig | undefined;
afterAll(async () => { await rig?.dispose(); });

test.runIf(SOAK)(`${TIMES} rehearsals in a row: all green, nothing left over, memory flat`, async () => {
  rig = makeRig({ speed: SPEED });
  const stood: Standing[] = [];
  for (let nth = 1; nth <= TIMES; nth++) {
    const since = nth === 1 ? 0 : (await rig.log()).at(-1)?.seq ?? 0;
    const ran = await rehearse(rig, ['RUN=new']);
    expect(`${nth}: ${ran.code} ${ran.report?.verdict.is} ${ran.said} ${ran.report?.verdict.reasons.join('; ')}`).toMatch(/^\d+: 0 green/);
    const log = await rig.log(since);
    expect(resets(log)).toEqual(['apps-01', 'apps-02', 'apps-03', 'infra-01', 'infra-02', 'infra-03']);
    expect(bootstraps(log)).toEqual(nth === 1 ? ['apps', 'apps', 'infra', 'infra'] : ['apps', 'infra']);
    // The lab's daemon asks git which commit there is now and then: what is still there on a later look was left.
    const own = rig;
    await expect.poll(() => processesOf(own), { timeout: 10_000 }).toEqual([]);
    const now = standing(rig);
    stood.push(now);
    process.stderr.write(`rehearsal ${nth} of ${TIMES}: green in ${Math.round(ran.wallMs / 100) / 10} s; daemon ${now.rssMb} MB, ${now.descriptors} descriptors; ${now.files.length} files outside the runs, ${now.outsideRunsKb} kB, the lab's log ${now.logKb} kB\n`);
  }
  const [first, settled, end] = [stood[0], stood[SETTLED - 1], stood.at(-1)];
  if (first === undefined || settled === undefined || end === undefined) throw new Error('nothing was looked at');
  expect(end.files, 'files outside the run folders').toEqual(first.files);
  expect(readdirSync(join(rig.taskDir, 'runs')).length).toBe(TIMES);
  // What the object store keeps of each generation is the lab's to keep.
  expect((end.outsideRunsKb - settled.outsideRunsKb) / Math.max(1, TIMES - SETTLED), 'kB outside the runs, for each rehearsal').toBeLessThan(15);
  expect(end.descriptors - settled.descriptors).toBeLessThan(20);
  expect(end.rssMb / settled.rssMb, `${settled.rssMb} MB after ${SETTLED}, ${end.rssMb} MB after ${TIMES}`).toBeLessThan(1.15);
}, 7_200_000);
