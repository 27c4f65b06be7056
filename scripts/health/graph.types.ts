import type { Finding } from './finding.ts';

/** Who needs whom, by object: `edge(a, b)` says that trouble of b explains trouble of a. */
export type Edge = (from: string, to: string) => void;
export type Failing = ReadonlyMap<string, Finding>;
