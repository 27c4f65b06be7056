import type { Question } from '../engine/phase.ts';
import { Failure } from '../engine/failure.ts';

export interface ConsentFacts {
  readonly question: Pick<Question, 'title' | 'word'>;
  /** The task and variables as typed, to be repeated in the hint: `cluster:destroy CLUSTER=apps`. */
  readonly command: string;
  /** `--confirm=...`. */
  readonly confirm: readonly string[];
  /** `--yes`. */
  readonly yes: boolean;
  /** Whether a person sits at both ends of the terminal. */
  readonly interactive: boolean;
  readonly target: 'site' | 'lab';
  /** Whether the lab's own policy file may answer ("nothing here is real"). */
  readonly policy: boolean;
}

export type Consent =
  | { readonly is: 'given'; readonly how: 'flag' | 'policy' | 'yes' }
  | { readonly is: 'ask' }
  | { readonly is: 'refused'; readonly failure: Failure };

/**
 * How a checkpoint is answered before anybody is asked. Consent to what is destructive is the word itself, typed ahead
 * by `--confirm=WORD` (`all` counts only in the lab); `--yes` answers only what destroys nothing; without a terminal
 * the lab's policy may answer, and a site refuses (exit 77) and names the flag.
 */
export function decideConsent(facts: ConsentFacts): Consent {
  const { word, title } = facts.question;
  if (word === undefined) {
    if (facts.yes) return { is: 'given', how: 'yes' };
    if (facts.interactive) return { is: 'ask' };
    if (facts.target === 'lab' && facts.policy) return { is: 'given', how: 'policy' };
    return refuse(title, `nobody can be asked here, and --yes was not given`, `task ${facts.command} --yes`);
  }
  // CLUSTER=all has the word "all", which on site must not stand for every name: there each cluster is named.
  const named = facts.confirm.includes(word) && (word !== 'all' || facts.target === 'lab');
  if (named || (facts.target === 'lab' && facts.confirm.includes('all'))) return { is: 'given', how: 'flag' };
  if (facts.interactive) return { is: 'ask' };
  if (facts.target === 'lab' && facts.policy) return { is: 'given', how: 'policy' };
  const because = facts.confirm.length === 0
    ? 'nobody can be asked here, and --confirm was not given'
    : `--confirm names ${facts.confirm.join(', ')}, not ${word}${facts.confirm.includes('all') ? '; all counts only in the lab' : ''}`;
  const way = word === 'all' ? 'on site every cluster is named: one run each, CLUSTER=NAME --confirm=NAME' : `task ${facts.command} --confirm=${word}`;
  return refuse(title, because, way);
}

function refuse(title: string, because: string, hint: string): Consent {
  return { is: 'refused', failure: new Failure({ exit: 'refused', what: `refused: ${title}`, because, hint: `if you mean it: ${hint}` }) };
}
