import { meant } from '../../../config/words.ts';
import type { Found, Rule, View } from '../../model.types.ts';
import { indexOf } from '../../index/index.ts';
import { at, entries, isHole, text } from '../../index/read.ts';
import { accountExists, isAsked } from './references.ts';

const RBAC = 'rbac.authorization.k8s.io';
/** Roles every cluster has besides system:*. */
const BUILT_IN = new Set(['cluster-admin', 'admin', 'edit', 'view']);

export const roleBinding: Rule = {
  id: 'role-binding',
  severity: 'error',
  summary: 'Roles and ServiceAccounts that bindings name exist.',
  why: 'The binding is accepted and gives nobody anything: the program fails later with "forbidden".',
  * check(view: View): Iterable<Omit<Found, 'rule'>> {
    const index = indexOf(view);
    for (const built of [...index.kind(`${RBAC}/RoleBinding`), ...index.kind(`${RBAC}/ClusterRoleBinding`)]) {
      const { object } = built;
      const [kind, name] = [text(at(object['roleRef'], 'kind')), text(at(object['roleRef'], 'name'))];
      const namespace = kind === 'Role' ? index.namespaceOf(built) : '';
      if (name !== undefined && (kind === 'Role' || kind === 'ClusterRole') && !(kind === 'ClusterRole' && (BUILT_IN.has(name) || name.startsWith('system:')))
        && !(namespace === 'kube-system' && name.startsWith('system:')) && name !== 'extension-apiserver-authentication-reader'
        && isAsked(index, built, name) && index.exists(`${RBAC}/${kind}`, namespace, name) === false) {
        yield { built, path: ['roleRef', 'name'], message: `nobody makes ${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`, hint: meant(name, index.names(`${RBAC}/${kind}`, namespace), `add it, or name one that exists`) };
      }
      for (const { entry, index: position } of entries(object['subjects'])) {
        const account = text(entry['name']);
        const where = text(entry['namespace']) ?? (object.kind === 'RoleBinding' && !isHole(entry['namespace']) ? index.namespaceOf(built) : undefined);
        if (entry['kind'] !== 'ServiceAccount' || account === undefined || where === undefined || !isAsked(index, built, account) || accountExists(index, where, account) !== false) continue;
        yield { built, path: ['subjects', position, 'name'], message: `nobody makes ServiceAccount ${where}/${account}`, hint: meant(account, index.names('ServiceAccount', where), `add it in ${where}, or take it off the list`) };
      }
    }
  },
};
