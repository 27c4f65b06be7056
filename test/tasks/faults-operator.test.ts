import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OPERATOR_FAULTS } from '../../lab/world/faults/operator.ts';
import { findTool } from '../../scripts/tools/environment.ts';
import { core } from './configuration.ts';
import { OPERATOR_ROWS } from './fault-rows/operator.ts';
import { finish, journalOf, makeRig, type Ran, type Rig } from './rig.ts';
import { inShell, journalSays, NO_TERMINAL, onTerminal, runsOf, until } from './terminal.ts';

const SOAK = process.env['SOAK'] !== undefined;
const CREATE = ['cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes'];
const LINE = `"$TASK" ${CREATE.join(' ')}`;

/** A fault of the operator's, met by cluster:create: how it comes about, and what is then seen. */
interface Row {
  readonly fault: string;
  /** Runs a create under the fault. */
  run(rig: Rig): Promise<Ran>;
  readonly exit: number;
  /** Named cause and next step. */
  readonly says: readonly RegExp[];
  /** Nothing was written to any machine or cluster. */
  readonly untouched?: true;
  /** Without SOAK too. */
  readonly sample?: true;
  readonly terminal?: true;
  /** What else holds afterwards. */
  after?(rig: Rig, ran: Ran): void;
}

const broken = (fault: string) => async (rig: Rig): Promise<Ran> => {
  await rig.lab('break', fault);
  return rig.task(...CREATE);
};

/** Runs a create on a terminal; once its journal says `text`, `then` is done to it. */
async function onTerminalWhen(rig: Rig, text: string, then: (tell: (words: string) => void, ended: Promise<unknown>) => void | Promise<void>, size: readonly [number, number] = [40, 100], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const before = runsOf(rig);
  const { process, tell } = onTerminal(rig, size, CREATE, env);
  const ended = finish(process);
  await journalSays(rig, before, text, ended);
  await then(tell, ended);
  return ended;
}

/** The program file of a stand-in that hangs, once it does; its process by its number. */
const hanging = (rig: Rig): string => join(rig.taskDir, 'lab/bin/helmfile.hangs');
const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const nothingHangs = (rig: Rig): void => {
  expect(existsSync(hanging(rig)), 'the tool was reached').toBe(true);
  expect(alive(Number(readFileSync(hanging(rig), 'utf8')))).toBe(false);
  rmSync(hanging(rig));
};
const lastEvent = (rig: Rig) => journalOf(rig.taskDir, runsOf(rig).at(-1) ?? '').at(-1);

/** In the order in which one world can bear them: first what is refused, then what stops a create midway, then what a create rides out. */
const ROWS: readonly Row[] = [
  { fault: 'op-session-expired', run: broken('op-session-expired'), exit: 75, says: [/not currently signed in/, /op signin/], untouched: true },
  {
    fault: 'journal-unwritable', exit: 75, says: [/folder of this run cannot be made/, /ENOTDIR|EEXIST/, /next +Move away/], untouched: true,
    async run(rig) {
      const [runs, aside] = [join(rig.taskDir, 'runs'), join(rig.dir, 'aside')];
      mkdirSync(runs, { recursive: true });
      renameSync(runs, aside);
      writeFileSync(runs, '');
      try {
        return await rig.task(...CREATE);
      } finally {
        rmSync(runs);
        renameSync(aside, runs);
      }
    },
  },
  { fault: 'tool-missing', run: broken('tool-missing'), exit: 75, says: [/helmfile is not on PATH/, /next +install helmfile .*task tools:check/s], untouched: true, sample: true },
  { fault: 'tool-wrong-version', run: broken('tool-wrong-version'), exit: 75, says: [/talosctl is v?0\.9\.9, the pin is 1\.12\.0/, /next +task tools:install TOOL=talosctl/], untouched: true },
  {
    fault: 'operator-disk-full', exit: 75, says: [/journal .* cannot be\s+written/, /EFBIG/, /next +The disk is full .* make room/s], sample: true,
    // Units of 1 KiB: enough for the preflight, not for more. The lab is woken before, without the limit.
    run: async (rig) => finish(inShell(rig, `ulimit -f 16; ${LINE}`)),
  },
  {
    fault: 'sigterm', exit: 130, says: [/SIGTERM/, /next +run the same command again/],
    async run(rig) {
      const before = runsOf(rig);
      const child = rig.start(...CREATE);
      const ended = finish(child);
      await journalSays(rig, before, '"type":"phase-started","lane":"apps","step":"etcd-bootstrap"', ended);
      child.kill('SIGTERM');
      return ended;
    },
    after: (rig) => expect(lastEvent(rig)).toMatchObject({ type: 'run-finished', exit: 130 }),
  },
  {
    fault: 'terminal-gone', exit: 130, says: [], terminal: true,
    run: (rig) => onTerminalWhen(rig, '"type":"phase-started","lane":"apps","step":"crds"', (tell) => tell('hang up')),
    // Nobody can read what it says; the journal has it.
    after: (rig) => expect(lastEvent(rig)).toMatchObject({ type: 'run-finished', exit: 130, failure: { because: 'SIGHUP', hint: expect.stringMatching(/same command/) } }),
  },
  {
    fault: 'child-ignores-sigterm', exit: 130, says: [/Ctrl-C/, /next +run the same command again/], sample: true, terminal: true,
    async run(rig) {
      await rig.lab('break', 'child-ignores-sigterm');
      return onTerminalWhen(rig, '"step":"core"', async (tell, ended) => {
        await until(() => existsSync(hanging(rig)), ended);
        tell('key 03');
      });
    },
    after: nothingHangs,
  },
  {
    fault: 'tool-warns-on-stdout', run: broken('tool-warns-on-stdout'), exit: 0, says: [/talosctl prints warnings in front of its answers: WARNING: /],
  },
  { fault: 'stdin-closed', run: async (rig) => finish(inShell(rig, `${LINE} <&-`)), exit: 0, says: [] },
  {
    fault: 'sigpipe', exit: 0, says: [], sample: true,
    run: async (rig) => finish(inShell(rig, `${LINE} 2>&1 | head -1; exit "\${PIPESTATUS[0]}"`)),
    after: (rig) => expect(lastEvent(rig)).toMatchObject({ type: 'run-finished', exit: 0 }),
  },
  {
    fault: 'terminal-1x1', exit: 0, says: [], terminal: true,
    run: (rig) => onTerminalWhen(rig, '"type":"phase-finished"', (tell) => {
      for (const size of ['40 100', '1 1', '0 0', '24 80', '1 200', '60 1']) tell(`size ${size}`);
    }, [1, 1]),
  },
];

test('every fault of the operator has a row', () => {
  expect(ROWS.map((row) => row.fault).toSorted()).toEqual(OPERATOR_ROWS.toSorted());
  expect(OPERATOR_ROWS.toSorted()).toEqual(OPERATOR_FAULTS.map((fault) => fault.name).toSorted());
  for (const { fault, exit, untouched } of ROWS) {
    const declared = OPERATOR_FAULTS.find((kind) => kind.name === fault)?.outcome;
    expect([fault, exit === 0 ? 'rides-out' : untouched === undefined || fault === 'op-session-expired' ? 'fails-safely' : 'refused']).toEqual([fault, declared]);
  }
});

describe('faults around the operator, met by cluster:create', () => {
  // One world bears them all, one after the other; in the long tests each begins with bare machines of its own.
  let shared: Rig;
  beforeAll(async () => {
    shared = makeRig({ ...core(), speed: '90' });
    await shared.lab('up', '--speed', '120');
  });
  afterAll(async () => shared.dispose());

  const writes = async (rig: Rig, since: number) => (await rig.log(since)).filter((entry) => entry.write);

  test.for(ROWS.filter((row) => SOAK || row.sample === true))('$fault: exit $exit, cause and next step named, and nothing worse than before', { timeout: 180_000 }, async (row, { skip }) => {
    if (row.terminal === true && NO_TERMINAL !== undefined) return skip(NO_TERMINAL);
    if (row.fault === 'tool-missing' && findTool('helmfile', process.env['PATH'] ?? '') !== undefined) return skip('a real helmfile is on PATH');
    const rig = SOAK ? makeRig({ ...core(), speed: '90' }) : shared;
    try {
      await rig.lab('up', '--speed', '120');
      const since = (await rig.log()).at(-1)?.seq ?? 0;
      const ran = await row.run(rig);
      expect(`${ran.code} ${ran.signal ?? ''}\n${ran.stdout}\n${ran.stderr}`).toMatch(new RegExp(`^${row.exit} \n`));
      const said = stripVTControlCharacters(`${ran.stderr}\n${ran.stdout}`);
      for (const word of row.says) expect(said).toMatch(word);
      expect(said).not.toMatch(/\n\s+at .*\.ts:\d+|went wrong that should not|did not expect/);
      if (row.untouched === true) expect(await writes(rig, since)).toEqual([]);
      row.after?.(rig, ran);
      await rig.lab('heal', '--all');
      if (SOAK) await endsWell(rig);
    } finally {
      if (SOAK) await rig.dispose();
    }
  });

  test('what the lab cannot cause is refused, with how to do it by hand', async () => {
    for (const { name, byHand = '' } of OPERATOR_FAULTS.filter((fault) => fault.byHand !== undefined).slice(0, SOAK ? undefined : 1)) {
      await expect(shared.lab('break', name)).rejects.toThrow(byHand);
    }
    const ran = await shared.task('lab:break', 'FAULT=sigterm');
    expect(ran.code).toBe(64);
    expect(ran.stderr).toMatch(/cannot cause it[^]*next +by hand: kill PID/);
  });

  test('and after all of them the same command ends well', { timeout: 120_000 }, async () => endsWell(shared));

  const atTerminal = NO_TERMINAL === undefined ? test.runIf(SOAK) : test.skip;

  atTerminal(`a second Ctrl-C ends at once with 130, gives the cursor back and leaves no tool behind${NO_TERMINAL ?? ''}`, { timeout: 120_000 }, async () => {
    await shared.lab('break', 'child-ignores-sigterm', '--object', 'helm');
    const hangs = join(shared.taskDir, 'lab/bin/helm.hangs');
    const { process: child, tell } = onTerminal(shared, [40, 100], CREATE);
    const ended = finish(child);
    await until(() => existsSync(hangs), ended);
    let shown = '';
    child.stdout?.on('data', (text: string) => { shown += text; });
    tell('key 03');
    await until(() => shown.includes('stopping safely'), ended);
    tell('key 03');
    const ran = await ended;
    expect(ran.code).toBe(130);
    expect(ran.stdout.lastIndexOf('\u001b[?25h')).toBeGreaterThan(ran.stdout.lastIndexOf('\u001b[?25l'));
    // It insisted, so nothing more was written; the run counts as one that was killed.
    expect(lastEvent(shared)?.type).not.toBe('run-finished');
    await until(() => !alive(Number(readFileSync(hangs, 'utf8'))), Promise.race([]));
    await shared.lab('heal', '--all');
    await endsWell(shared);
  });

  // oxlint-disable-next-line no-control-regex -- what a terminal is told in, is what is looked for
  const COLOUR = /\u001b\[(?:3\d|9\d|4\d)m/;
  atTerminal.each<readonly [name: string, env: NodeJS.ProcessEnv, colour: boolean, picture: boolean]>([
    ['a terminal', {}, true, true],
    ['NO_COLOR: a picture without colour', { NO_COLOR: '1' }, false, true],
    ['CI: lines, no picture, no colour', { CI: 'true' }, false, false],
  ])(`a whole create on %s${NO_TERMINAL ?? ''}`, { timeout: 120_000 }, async (_name, env, colour, picture) => {
    const ran = await finish(onTerminal(shared, [40, 100], CREATE, env).process);
    expect(ran.code).toBe(0);
    expect(COLOUR.test(ran.stdout)).toBe(colour);
    expect(ran.stdout.includes('\u001b[?25l')).toBe(picture);
    expect(stripVTControlCharacters(ran.stdout)).toMatch(/cluster:create/);
  });

  async function endsWell(rig: Rig): Promise<void> {
    const again = await rig.task(...CREATE);
    expect(`${again.code} ${again.stderr}`).toMatch(/^0 /);
    expect((await rig.log()).filter((entry) => entry.verb === 'Bootstrap' && entry.write && entry.result === 'OK')).toHaveLength(1);
  }
});
