import { checkSchemas } from '../../schemas/check.ts';
import type { SchemaRule } from '../../schemas/explain.ts';
import type { Rule } from '../../model.types.ts';

function rule(id: SchemaRule, summary: string, why: string): Rule {
  return { id, severity: 'error', summary, why, check: async (view) => (await checkSchemas(view)).filter((each) => each.rule === id) };
}

/** What the schema of an object's kind says of it: one rule for each way to be wrong, all answered by one look. */
export const SCHEMA_RULES: readonly Rule[] = [
  rule('schema-field', 'Objects have no fields that their kind does not have', 'Flux applies server-side: a field that is not in the schema fails the whole Kustomization, or is dropped without a word and never takes effect.'),
  rule('schema-required', 'Objects have the fields their kind needs', 'The API server refuses the object, and with it everything the same Kustomization brings.'),
  rule('schema-type', 'Values are of the type their field takes', 'The API server refuses a number where text is wanted, and the other way round; a value filled in by a variable is text or number by how it is quoted.'),
  rule('schema-value', 'Values are among those their field allows', 'The API server refuses the object, or a controller ignores what it cannot read.'),
  rule('schema-choice', 'Where a field has several forms, it is written in exactly one that is allowed', 'The API server refuses an object that fits no form, or several that exclude each other.'),
  rule('schema-missing', 'Every kind has a schema to be checked by', 'A kind without a schema is not checked at all: a mistake in it is only found by the cluster.'),
  rule('schema-unchecked', 'Objects whose schema cannot be judged here are judged by kubeconform', 'Some schemas use patterns and formats only kubeconform reads as the API server does; without it such objects are not checked.'),
];
