import { Failure } from '../../engine/failure.ts';
import { placeOf } from '../findings/text.ts';
import type { Told } from '../findings/report.ts';

/** Why there is no answer about a tree: one failure with a part for each mistake and its place. `so`: what that means here. */
export function tellBroken(answer: { readonly is: 'broken' | 'settings'; readonly findings: readonly Told[] }, so: string): Failure {
  const parts = answer.findings.map((finding) => new Failure({ exit: 'no', what: `${placeOf(finding.spot)}  ${finding.message}`, hint: finding.hint }));
  if (answer.is === 'settings') {
    return new Failure({ exit: 'configuration', what: 'the settings of the tree cannot be used; nothing was looked at', hint: 'mend .manifests.yaml and run the same command again', parts });
  }
  return new Failure({ exit: 'no', what: `what is asked for cannot be built; ${so}`, because: parts.length === 0 ? 'a Kustomization cannot be built' : undefined, hint: 'mend what is wrong; task manifests:validate shows each with its line', parts });
}
