import type { Verdict } from '../../engine/verdict.ts';
import type { DrContext } from '../context.ts';
import type { ReadinessRow } from '../record.ts';

/** What readiness needs besides what every part of a rehearsal needs: the secrets of this run, asked for once. */
export interface ReadinessContext extends DrContext {
  secrets(): Promise<unknown>;
}

export function row(group: ReadinessRow['group'], id: string, subject: string, verdict: Verdict, detail = ''): ReadinessRow {
  return { id, group, subject, verdict, detail: detail === '' ? verdict.because ?? '' : detail };
}

export const fail = (because: string, hint?: string): Verdict => ({ is: 'fail', because, ...(hint === undefined ? {} : { hint }) });
export const unknown = (because: string, hint?: string): Verdict => ({ is: 'unknown', because, ...(hint === undefined ? {} : { hint }) });
export const skip = (because: string): Verdict => ({ is: 'skip', because });
export const pass = (because: string): Verdict => ({ is: 'pass', because });
export const isLab = (cx: Pick<DrContext, 'site'>): boolean => cx.site.target.kind === 'lab';
