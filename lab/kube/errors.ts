import { ApiError } from '../world/types.ts';
import type { ResourceType } from '../world/types.ts';

type Named = Pick<ResourceType, 'group' | 'plural' | 'kind'>;

/** `deployments.apps`, `pods`: how messages name a resource. */
export const qualified = (type: Named): string => (type.group === '' ? type.plural : `${type.plural}.${type.group}`);
const details = (type: Named, name: string, extra: object = {}): object => ({ name, ...(type.group === '' ? {} : { group: type.group }), kind: type.plural, ...extra });

export const notFound = (type: Named, name: string): ApiError => new ApiError(404, 'NotFound', `${qualified(type)} "${name}" not found`, details(type, name));
/** The answer for a path or kind that is not served. */
export const notServed = (): ApiError => new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});
export const alreadyExists = (type: Named, name: string): ApiError => new ApiError(409, 'AlreadyExists', `${qualified(type)} "${name}" already exists`, details(type, name));
export const conflict = (type: Named, name: string, because: string): ApiError =>
  new ApiError(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(type)} "${name}": ${because}`, details(type, name));
export const stale = (type: Named, name: string): ApiError => conflict(type, name, 'the object has been modified; please apply your changes to the latest version and try again');
export const forbidden = (type: Named, name: string, because: string, causes?: readonly object[]): ApiError =>
  new ApiError(403, 'Forbidden', `${qualified(type)} "${name}" is forbidden: ${because}`, details(type, name, causes === undefined ? {} : { causes }));
export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message);

export interface FieldProblem { readonly field: string; readonly reason: string; readonly message: string }
/** 422, with each field that is wrong. */
export function invalid(type: Named, name: string, problems: readonly FieldProblem[]): ApiError {
  const kind = type.group === '' ? type.kind : `${type.kind}.${type.group}`;
  const said = problems.map((problem) => `${problem.field}: ${problem.message}`);
  const text = said.length === 1 ? said.join('') : `[${said.join(', ')}]`;
  return new ApiError(422, 'Invalid', `${kind} "${name}" is invalid: ${text}`, {
    name, ...(type.group === '' ? {} : { group: type.group }), kind: type.kind,
    causes: problems.map((problem) => ({ reason: problem.reason, message: problem.message, field: problem.field })),
  });
}
