import type { KubeObject } from '../../lab/world/types.ts';
import { at, list, plain, text } from '../../lab/catalog/data.ts';
import { BUNDLE_FIELDS } from '../../lab/world/bundle.ts';
import type { readSite } from '../../scripts/config/read.ts';
import type { BuiltCluster } from './tree.ts';

/** The document that lists what the platform needs of 1Password, made from the configuration and the tree alone. */

interface Need { readonly item: string; readonly field: string; readonly by: string; readonly written: boolean }

const VAULT = 'ONEPASSWORD_VAULT_NAME';

function ofReference(reference: string): { readonly item: string; readonly field: string } {
  const [, , vault = '', item = '', field = ''] = reference.split('/');
  return { item: `${vault} / ${item}`, field };
}

function templateFields(object: KubeObject): readonly string[] {
  const found = JSON.stringify(at(object.spec, 'target.template') ?? {}).matchAll(/\{\{-?\s*\.([A-Za-z0-9_]+)/g);
  return [...new Set([...found].map(([, name]) => name ?? ''))];
}

function ofCluster(cluster: BuiltCluster): readonly Need[] {
  const vault = cluster.settings[VAULT] ?? '';
  return cluster.objects.flatMap((object): Need[] => {
    const by = `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name} (${cluster.name})`;
    const need = (item: unknown, field: string, written = false): Need => ({ item: `${vault} / ${text(item) ?? '?'}`, field, by, written });
    if (object.kind === 'ExternalSecret') {
      return [
        ...list(at(object.spec, 'data')).map((entry) => need(at(plain(entry), 'remoteRef.key'), text(at(plain(entry), 'remoteRef.property')) ?? 'password')),
        ...list(at(object.spec, 'dataFrom')).flatMap((entry) => {
          const extract = at(plain(entry), 'extract.key');
          const find = at(plain(entry), 'find.path');
          if (find !== undefined) return [need(find, 'tls.crt', true), need(find, 'tls.key', true)];
          const fields = templateFields(object);
          return (fields.length === 0 ? ['every field, as the Secret is to have them'] : fields).map((field) => need(extract, field));
        }),
      ];
    }
    if (object.kind === 'PushSecret') return list(at(object.spec, 'data')).map((entry) => need(at(plain(entry), 'match.remoteRef.remoteKey'), text(at(plain(entry), 'match.remoteRef.property')) ?? 'password', true));
    return [];
  });
}

function ofBootstrap(site: ReturnType<typeof readSite>): readonly Need[] {
  return [
    ...site.clusters.flatMap(({ secrets, stem }) => (secrets === undefined ? [] : BUNDLE_FIELDS.map((field) => ({ ...ofReference(`${secrets.value}/${field}`), by: `machine configuration (${stem})`, written: false })))),
    ...site.secrets.flatMap(({ name, namespace, data }) => (data ?? []).map(({ value }) => ({ ...ofReference(value.value), by: `Secret ${namespace?.value ?? ''}/${name?.value ?? ''} (bootstrap)`, written: false }))),
  ];
}

/** The whole document. Every line of it comes from what is written in talos, bootstrap and kubernetes. */
export function onepasswordDocument(site: ReturnType<typeof readSite>, clusters: readonly BuiltCluster[]): string {
  const needs = [...ofBootstrap(site), ...clusters.flatMap(ofCluster)];
  const items = [...new Set(needs.map(({ item }) => item))].toSorted();
  const rows = items.flatMap((item) => {
    const own = needs.filter((need) => need.item === item);
    return [...new Set(own.map(({ field }) => field))].toSorted().map((field) => {
      const users = own.filter((need) => need.field === field);
      return `| ${item} | ${field} | ${[...new Set(users.map(({ by }) => by))].toSorted().join(', ')} | ${users.some(({ written }) => written) ? 'the platform itself' : 'you'} |`;
    });
  });
  return `# 1Password items

Made from the tree by test/platform/onepassword.test.ts; change the tree, then run that file with \`UPDATE_DOCS=1\`. The vault comes first, then the item's
title, which is written with its slashes.

${items.length} items, ${rows.length} fields.

| item | field | used by | filled in by |
|---|---|---|---|
${rows.join('\n')}

The runner reads items as the operator who is signed in. In the clusters, External Secrets asks the Connect server with the token of the first
Secret of the bootstrap; that token needs to read the vault, and to write it for what the platform saves itself.

## Alerts

### ExternalSecretsOperatorDown
\`kubectl -n external-secrets describe deployment external-secrets\`. Secrets that exist stay as they are.

### SecretSyncFailed
\`kubectl -n NAMESPACE describe externalsecret NAME\` says what is missing. An item or a field: compare with the table, letter by letter. All
at once: the Connect server, or its token (\`kubectl describe clustersecretstore onepassword\`).
`;
}
