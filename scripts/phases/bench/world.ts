import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labDown, labUp, type LabPlace } from '../../tools/lab.ts';
import { labPlace } from '../lab-place.ts';
import type { ActionContext } from '../task.ts';

/** Requests a minute that one API server is asked at most while somebody waits for it or watches it (docs/lab.md). */
export const MOST_A_MINUTE = 120;

/** A lab of the bench's own. */
export interface BenchWorld { readonly place: LabPlace; readonly taskDir: string; readonly env: Readonly<Record<string, string | undefined>>; readonly speed: number }

/** Brings up a lab with a daemon of its own (other people's worlds in the checkout's would be measured too) and ends it afterwards. */
export async function inWorld<T>(cx: ActionContext, speed: number, measure: (world: BenchWorld) => Promise<T>): Promise<T> {
  const taskDir = mkdtempSync(join(tmpdir(), 'task-bench-'));
  const env = { ...cx.environment, TASK_DIR: taskDir, LAB_SOCKET: join(taskDir, 'lab.sock'), LAB_SPEED: String(speed), NO_COLOR: '1', CI: 'true' };
  const place = { ...labPlace(cx), taskDir, env };
  try {
    await labUp({ ...place, speed });
    return await measure({ place, taskDir, env, speed });
  } finally {
    await labDown(place);
    rmSync(taskDir, { recursive: true, force: true });
  }
}

/** The same world with its clock at the pace of the wall. */
export async function atWallSpeed(world: BenchWorld): Promise<BenchWorld> {
  const env = { ...world.env, LAB_SPEED: '1' };
  const place = { ...world.place, env };
  await labUp({ ...place, speed: 1 });
  return { ...world, place, env, speed: 1 };
}
