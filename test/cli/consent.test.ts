import { expect, test } from 'vitest';
import { decideConsent, type ConsentFacts } from '../../scripts/cli/consent.ts';

const base: ConsentFacts = { question: { title: 'destroy apps', word: 'apps' }, command: 'cluster:destroy CLUSTER=apps', confirm: [], yes: false, interactive: false, target: 'site', policy: false };
const mild = { title: 'reconcile now', word: undefined };

test.each<[string, Partial<ConsentFacts>, string]>([
  ['the word typed ahead is consent', { confirm: ['infra', 'apps'] }, 'given by flag'],
  ['another cluster\'s name is not', { confirm: ['infra'] }, 'refused'],
  ['all is nobody\'s name on site', { confirm: ['all'] }, 'refused'],
  ['nor for CLUSTER=all there', { confirm: ['all'], question: { title: 't', word: 'all' } }, 'refused'],
  ['all counts in the lab', { confirm: ['all'], target: 'lab' }, 'given by flag'],
  ['--yes never agrees to what destroys', { yes: true }, 'refused'],
  ['nor in the lab', { yes: true, target: 'lab' }, 'refused'],
  ['a person is asked', { interactive: true }, 'ask'],
  ['a person at the lab is asked too', { interactive: true, target: 'lab', policy: true }, 'ask'],
  ['the lab\'s policy answers where nobody can', { target: 'lab', policy: true }, 'given by policy'],
  ['a policy means nothing on site', { policy: true }, 'refused'],
  ['--yes agrees to what destroys nothing', { question: mild, yes: true }, 'given by yes'],
  ['which else is asked', { question: mild, interactive: true }, 'ask'],
  ['or refused', { question: mild }, 'refused'],
])('%s', (_why, given, expected) => {
  const consent = decideConsent({ ...base, ...given });
  expect(consent.is === 'given' ? `given by ${consent.how}` : consent.is).toBe(expected);
});

test('a refusal is exit 77 and names the flag with the whole command', () => {
  const consent = decideConsent(base);
  expect(consent.is === 'refused' ? [consent.failure.code, consent.failure.hint] : []).toEqual([77, 'if you mean it: task cluster:destroy CLUSTER=apps --confirm=apps']);
});
