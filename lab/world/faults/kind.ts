/** What a fault is, and what the product is expected to do about it. */
export type Declared = 'rides-out' | 'unhealthy' | 'cannot-tell' | 'refused' | 'fails-safely';
export interface FaultKind {
  readonly name: string; readonly does: string; readonly scope: 'cluster' | 'machine' | 'object' | 'world' | 'operator';
  /** What the product is expected to do about it. */
  readonly outcome: Declared;
  /** Blast radius: what it touches and what goes on without harm, in a few words. */
  readonly radius: string;
  readonly symptom: string; readonly heals: string;
  /** How a person causes it. Absent where the lab can: what befalls the runner's own process is out of its reach. */
  readonly byHand?: string;
}
