import { describe, expect, test } from 'vitest';
import { UNKNOWN } from '../../../../scripts/manifests/build/unknown.ts';
import { certificateIssuer, certificateRequest } from '../../../../scripts/manifests/rules/workloads/certificates.ts';
import { secretItem, secretMerge, secretStore, secretTemplate, secretTwice } from '../../../../scripts/manifests/rules/workloads/external-secrets.ts';
import type { Rule } from '../../../../scripts/manifests/model.types.ts';
import { finds, type Parts } from '../../index/rig.ts';

const ES = 'external-secrets.io/v1';
const external = (spec: string, name = 'e'): string => `apiVersion: ${ES}\nkind: ExternalSecret\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n---\n`;
const store = (more = ''): string => `apiVersion: ${ES}\nkind: ClusterSecretStore\nmetadata: {name: op}\nspec: {provider: {onepassword: {}}${more}}\n---\n`;
const OP = 'secretStoreRef: {kind: ClusterSecretStore, name: op}';
const NAMESPACE = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n';
const ITEMS = '# Items\n\n| item | field | by |\n|---|---|---|\n| Vault / db | user | x |\n| Vault / db | password | x |\n| `cache` | token | y |\n';
const listed = (tree: string, items = ITEMS, file = 'items.md'): Parts => ({ tree, settings: { items: file }, files: { [file]: items } });
const fetch = (ref: string): string => external(`{data: [{secretKey: a, remoteRef: ${ref}}]}`);
const template = (value: string, more = 'data: [{secretKey: user, remoteRef: {key: db}}]'): string => external(`{target: {template: {data: {url: ${JSON.stringify(value)}}}}, ${more}}`);
const certificate = (spec: string, name = 'c'): string => `apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n---\n`;
const issuer = (spec: string, kind = 'ClusterIssuer'): string => `apiVersion: cert-manager.io/v1\nkind: ${kind}\nmetadata: {name: le, namespace: shop}\nspec: ${spec}\n---\n`;
const FOR = 'issuerRef: {kind: ClusterIssuer, name: le}';
const acme = (...solvers: readonly string[]): string => issuer(`{acme: {solvers: [${solvers.join(', ')}]}}`);

const FINDS: readonly (readonly [Rule, string, Parts | string, string])[] = [
  [secretStore, 'nobody', external(`{${OP}}`), 'ExternalSecret e spec.secretStoreRef.name: nobody makes ClusterSecretStore op'],
  [secretStore, 'the other kind', store() + external('{secretStoreRef: {name: op}}'), 'ExternalSecret e spec.secretStoreRef.name: nobody makes SecretStore shop/op'],
  [secretStore, 'of one entry', store() + external(`{${OP}, data: [{secretKey: a, sourceRef: {storeRef: {kind: ClusterSecretStore, name: opp}}}]}`), 'ExternalSecret e spec.data.0.sourceRef.storeRef.name: nobody makes ClusterSecretStore opp'],
  [secretStore, 'of what is pushed', `apiVersion: ${ES}alpha1\nkind: PushSecret\nmetadata: {name: p, namespace: shop}\nspec: {secretStoreRefs: [{kind: ClusterSecretStore, name: op}]}`, 'PushSecret p spec.secretStoreRefs.0.name: nobody makes ClusterSecretStore op'],
  [secretStore, 'not for this namespace', NAMESPACE + store(', conditions: [{namespaces: [other]}]') + external(`{${OP}}`), 'ExternalSecret e spec.secretStoreRef.name: ClusterSecretStore op may not be used from namespace shop'],
  [secretItem, 'no such item', listed(fetch('{key: dbb, property: user}')), 'ExternalSecret e spec.data.0.remoteRef.key: items.md lists no item dbb'],
  [secretItem, 'no such field', listed(fetch('{key: db, property: pasword}')), 'ExternalSecret e spec.data.0.remoteRef.property: items.md lists no field pasword of item db'],
  [secretItem, 'all of an item', listed(external('{dataFrom: [{extract: {key: cach}}]}')), 'ExternalSecret e spec.dataFrom.0.extract.key: items.md lists no item cach'],
  [secretItem, 'what is pushed', listed(`apiVersion: ${ES}alpha1\nkind: PushSecret\nmetadata: {name: p, namespace: shop}\nspec: {data: [{match: {secretKey: a, remoteRef: {remoteKey: db, property: key}}}]}`), 'PushSecret p spec.data.0.match.remoteRef.property: items.md lists no field key of item db'],
  [secretItem, 'a list of data', listed(fetch('{key: db, property: x}'), 'db: [user]\n', 'items.yaml'), 'ExternalSecret e spec.data.0.remoteRef.property: items.yaml lists no field x of item db'],
  [secretItem, 'a list of items', listed(fetch('{key: db, property: x}'), '[{"item": "db", "fields": [{"name": "user"}]}]', 'items.json'), 'ExternalSecret e spec.data.0.remoteRef.property: items.json lists no field x of item db'],
  [secretTwice, 'two ExternalSecrets', external('{target: {name: s}}') + external('{target: {name: s}}', 'f'), 'ExternalSecret f spec.target.name: Secret shop/s is made by ExternalSecret e as well'],
  [secretTwice, 'by its own name', external('{target: {name: f}}') + external('{}', 'f'), 'ExternalSecret f metadata.name: Secret shop/f is made by ExternalSecret e as well'],
  [secretTwice, 'a Secret and an ExternalSecret', `${external('{target: {name: s}}')}apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}`, 'ExternalSecret e spec.target.name: Secret shop/s is made by Secret s as well'],
  [secretTwice, 'two Certificates', certificate('{secretName: s}') + certificate('{secretName: s}', 'd'), 'Certificate d spec.secretName: Secret shop/s is made by Certificate c as well'],
  [secretMerge, 'nobody makes it', external('{target: {name: s, creationPolicy: Merge}}'), 'ExternalSecret e spec.target.creationPolicy: nobody makes Secret shop/s, to which this only adds (Merge)'],
  [secretTemplate, 'a block without end', template('{{ if .user }}x'), 'ExternalSecret e spec.target.template.data.url: this template cannot be read: if has no end'],
  [secretTemplate, 'what is not fetched', template('{{ .user }}:{{ .pass }}'), 'ExternalSecret e spec.target.template.data.url: the template uses .pass, which is not fetched'],
  [secretTemplate, 'what the item does not have', listed(template('{{ .user }}:{{ .pass }}', 'dataFrom: [{extract: {key: db}}]')), 'ExternalSecret e spec.target.template.data.url: the template uses .pass, which is not fetched'],
  [secretTemplate, 'twice', external('{data: [{secretKey: a, remoteRef: {key: x}}, {secretKey: a, remoteRef: {key: y}}]}'), 'ExternalSecret e spec.data.1.secretKey: a is fetched twice'],
  [certificateIssuer, 'nobody', certificate(`{${FOR}}`), 'Certificate c spec.issuerRef.name: nobody makes ClusterIssuer le'],
  [certificateIssuer, 'the other kind', issuer('{}') + certificate('{issuerRef: {name: le}}'), 'Certificate c spec.issuerRef.name: nobody makes Issuer shop/le'],
  [certificateIssuer, 'by annotation', 'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: shop, annotations: {cert-manager.io/cluster-issuer: le}}', 'Ingress i metadata.annotations.cert-manager.io/cluster-issuer: nobody makes ClusterIssuer le'],
  [certificateRequest, 'for nobody', certificate('{secretName: s}'), 'Certificate c spec: the certificate is for nobody: it has no dnsNames, and no other name'],
  [certificateRequest, 'a star within', certificate('{dnsNames: [a.*.example.com]}'), 'Certificate c spec.dnsNames.0: a.*.example.com is no name a certificate can have: a * stands alone, and first'],
  [certificateRequest, 'a space', certificate('{dnsNames: ["exa mple.com"]}'), 'Certificate c spec.dnsNames.0: exa mple.com is no name a certificate can have: exa mple is no part of a name'],
  [certificateRequest, 'a long name', certificate(`{commonName: ${'a'.repeat(65)}}`), 'Certificate c spec.commonName: commonName is 65 characters long, and may be 64'],
  [certificateRequest, 'renewed too soon', certificate('{dnsNames: [a.example.com], duration: 24h, renewBefore: 48h}'), 'Certificate c spec.renewBefore: it is renewed before it is issued: renewBefore is not below duration'],
  [certificateRequest, 'days', certificate('{dnsNames: [a.example.com], duration: 90d}'), 'Certificate c spec.duration: 90d is no duration'],
  [certificateRequest, 'a zone nobody solves', acme('{dns01: {}, selector: {dnsZones: [example.org]}}') + certificate(`{${FOR}, dnsNames: [a.example.com]}`), 'Certificate c spec.dnsNames.0: no solver of le is for a.example.com'],
  [certificateRequest, 'a star by HTTP', acme('{http01: {}}') + certificate(`{${FOR}, dnsNames: ["*.example.com"]}`), 'Certificate c spec.dnsNames.0: *.example.com can only be proven by DNS, and the solvers of le for it answer by HTTP'],
];

const SILENT: readonly (readonly [Rule, string, Parts | string])[] = [
  [secretStore, 'it is there', store() + external(`{${OP}}`)],
  [secretStore, 'for this namespace', NAMESPACE + store(', conditions: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}]') + external(`{${OP}}`)],
  [secretStore, 'by a pattern', NAMESPACE + store(', conditions: [{namespaceRegexes: [sh.*]}]') + external(`{${OP}}`)],
  [secretStore, 'perhaps of a chart', { tree: external(`{${OP}}`), charts: { 'else/x': undefined } }],
  [secretStore, 'not known', external(`{secretStoreRef: {kind: ClusterSecretStore, name: "${UNKNOWN}"}}`)],
  [secretItem, 'there', listed(fetch('{key: db, property: user}') + external('{dataFrom: [{extract: {key: cache}}]}', 'f'))],
  [secretItem, 'no list', fetch('{key: nothing}')],
  [secretItem, 'a list nobody can read', listed(fetch('{key: nothing}'), 'nothing here')],
  [secretItem, 'a store of the cluster itself', listed(`apiVersion: ${ES}\nkind: SecretStore\nmetadata: {name: k, namespace: shop}\nspec: {provider: {kubernetes: {}}}\n---\n${external('{secretStoreRef: {name: k}, data: [{secretKey: a, remoteRef: {key: nothing}}]}')}`)],
  [secretItem, 'a generator', listed(external('{dataFrom: [{sourceRef: {generatorRef: {kind: Password, name: p}}}]}'))],
  [secretTwice, 'one each', external('{target: {name: s}}') + external('{target: {name: t}}', 'f')],
  [secretTwice, 'one only adds', external('{target: {name: s}}') + external('{target: {name: s, creationPolicy: Merge}}', 'f')],
  [secretTwice, 'handed over', external('{target: {name: s, creationPolicy: Orphan}}') + certificate('{secretName: s}')],
  [secretTwice, 'made once', external('{refreshPolicy: CreatedOnce, target: {name: s}}') + certificate('{secretName: s}')],
  [secretMerge, 'somebody makes it', `${external('{target: {name: s, creationPolicy: Merge}}')}apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}`],
  [secretMerge, 'perhaps a chart', { tree: external('{target: {name: s, creationPolicy: Merge}}'), charts: { 'shop/x': undefined } }],
  [secretTemplate, 'good', template('{{ if eq .user "a" }}{{ .user | b64enc }}{{ else }}{{ printf "%s" (upper .user) }}{{ end }}')],
  [secretTemplate, 'the provider names the keys', template('{{ .anything }}', 'dataFrom: [{extract: {key: db}}]')],
  [secretTemplate, 'what moves the dot', template('{{ range $k, $v := .user }}{{ .other }}{{ $.user }}{{ end }}')],
  [secretTemplate, 'not known', template(`{{ .pass ${UNKNOWN}`)],
  [certificateIssuer, 'there', issuer('{}') + certificate(`{${FOR}}`)],
  [certificateIssuer, 'of another group', certificate('{issuerRef: {group: cas.example.com, name: x}}')],
  [certificateIssuer, 'not known', certificate(`{issuerRef: {kind: ClusterIssuer, name: "${UNKNOWN}"}}`)],
  [certificateRequest, 'good', acme('{dns01: {}, selector: {dnsZones: [example.com]}}') + certificate(`{${FOR}, dnsNames: [example.com, "*.a.example.com"], duration: 2160h, renewBefore: 360h}`)],
  [certificateRequest, 'an issuer that is not ACME', issuer('{ca: {secretName: x}}') + certificate(`{${FOR}, dnsNames: ["*.example.com"]}`)],
  [certificateRequest, 'not known', certificate(`{dnsNames: ["*.${UNKNOWN}"]}`)],
];

describe('Secrets and certificates', () => {
  test.each(FINDS.map(([rule, what, parts, message]) => ({ rule, id: rule.id, what, parts, message })))('$id: $what', ({ rule, parts, message }) => {
    expect(finds(rule, parts)).toEqual([message]);
  });
  test.each(SILENT.map(([rule, what, parts]) => ({ rule, id: rule.id, what, parts })))('$id is silent: $what', ({ rule, parts }) => {
    expect(finds(rule, parts)).toEqual([]);
  });
});
