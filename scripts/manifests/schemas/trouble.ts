import type { Path } from '../../config/source.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Something about an object that its schema does not allow, with where it is. */
export type Trouble =
  | { readonly is: 'extra'; readonly path: Path; readonly keys: readonly string[] }
  | { readonly is: 'missing'; readonly path: Path; readonly keys: readonly string[] }
  | { readonly is: 'type'; readonly path: Path; readonly got: string; readonly want: readonly string[] }
  | { readonly is: 'enum'; readonly path: Path; readonly want: readonly string[] }
  | { readonly is: 'pattern'; readonly path: Path; readonly want: string }
  | { readonly is: 'format'; readonly path: Path; readonly want: string; readonly because: string }
  /** A length, count or number beyond its bound; `which` is the schema's word for the bound. */
  | { readonly is: 'bound'; readonly path: Path; readonly which: string; readonly got: number; readonly want: number }
  | { readonly is: 'same'; readonly path: Path; readonly first: number; readonly second: number }
  /** None of several forms fits (or several do that exclude each other); `forms` say what is wrong with each. */
  | { readonly is: 'form'; readonly path: Path; readonly which: 'allOf' | 'anyOf' | 'oneOf' | 'not'; readonly matched: number; readonly forms: readonly (readonly Trouble[])[] }
  | { readonly is: 'other'; readonly path: Path; readonly said: string };

/** `undecided`: something of the schema or the object is not for the evaluator here, `because` says what; kubeconform judges. */
export type Judgement =
  | { readonly is: 'valid' }
  | { readonly is: 'invalid'; readonly troubles: readonly Trouble[] }
  | { readonly is: 'undecided'; readonly because: string };
