import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkSchemas } from '../../../../scripts/manifests/schemas/check.ts';
import { realTool } from '../../../real-tool.ts';
import type { KubeObject } from '../../../../scripts/config/cluster.ts';
import { aroundOf, asks, scratch, told, view, type Scratch } from './rig.ts';

const text = { type: 'string' };
const DEPLOYMENT = {
  type: 'object', additionalProperties: false,
  properties: {
    apiVersion: { type: 'string', enum: ['apps/v1'] }, kind: text, metadata: { type: 'object' },
    spec: {
      type: 'object', additionalProperties: false, required: ['selector'],
      properties: {
        replicas: { type: 'integer', minimum: 0, description: 'Number of desired pods. Defaults to 1.' }, paused: { type: 'boolean' },
        selector: { type: 'object', description: 'Which pods are its own. More follows.' },
        strategy: { type: 'object', additionalProperties: false, properties: { type: { type: 'string', enum: ['Recreate', 'RollingUpdate'] } } },
        template: { type: 'object', properties: { spec: { type: 'object', additionalProperties: false, properties: { hostNetwork: { type: 'boolean' }, containers: { type: 'array', minItems: 1, items: { type: 'object', additionalProperties: false, required: ['name'], properties: { name: text, image: text, args: { type: 'array', items: text }, env: { type: 'object', additionalProperties: text } } } } } } } },
        port: { anyOf: [{ type: 'integer' }, { type: 'string' }] },
        source: { type: 'object', oneOf: [{ required: ['git'] }, { required: ['oci'] }], properties: { git: text, oci: text } },
        timeout: { type: 'string', pattern: '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$' },
        until: { type: 'string', format: 'date-time' },
      },
    },
  },
};

let folder: Scratch;
beforeAll(() => {
  folder = scratch();
  folder.write('core-v1.34/deployment-apps-v1.json', JSON.stringify(DEPLOYMENT));
  folder.write('core-v1.34/secret-v1.json', JSON.stringify({ type: 'object', additionalProperties: false, properties: { apiVersion: text, kind: text, metadata: { type: 'object' }, type: text, stringData: { type: 'object', additionalProperties: text } } }));
  folder.write('example.com/widget_v1.json', JSON.stringify({ type: 'object', properties: { spec: { type: 'object', required: ['size'], additionalProperties: false, properties: { size: { type: ['string', 'null'] }, note: text } } } }));
});
afterAll(() => { folder[Symbol.dispose](); });

const deployment = (spec: string): string => `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: apps}\nspec: {${spec}}\n`;
const here = (tree: string) => view({ tree, settings: { schemas: [folder.path] } });

describe('what is wrong is told in plain words, at its place, with a way out', () => {
  test.each([
    ['schema-field', 'selector: {}, replica: 2', 'Deployment web spec.replica: spec has no field replica | did you mean replicas? [replica -> replicas]'],
    // The name is near, but the value would not fit there: somebody must look.
    ['schema-field', 'selector: {}, replica: two', 'Deployment web spec.replica: spec has no field replica | did you mean replicas?'],
    ['schema-field', 'selector: {}, hostNetwork: true', 'Deployment web spec.hostNetwork: spec has no field hostNetwork | remove it; there are replicas, paused, selector, strategy, template, port, source, timeout and until'],
    ['schema-field', 'selector: {}, template: {spec: {strategy: {}}}', 'Deployment web spec.template.spec.strategy: spec.template.spec has no field strategy | it is a field of spec: look at the indentation'],
    ['schema-field', 'selector: {}, type: Recreate', 'Deployment web spec.type: spec has no field type | it is a field of spec.strategy: move it there'],
    ['schema-required', 'replicas: 1', 'Deployment web spec: spec needs selector, and it is not there | add selector: Which pods are its own'],
    ['schema-required', 'selector: {}, template: {spec: {containers: [{image: nginx}]}}', 'Deployment web spec.template.spec.containers[0]: spec.template.spec.containers[0] needs name, and it is not there | add name'],
    ['schema-type', 'selector: {}, replicas: "2"', 'Deployment web spec.replicas: spec.replicas is the text "2", but a whole number is wanted | write it without quotes; if a variable makes it, keep the quotes away from the ${...}'],
    ['schema-type', 'selector: {}, paused: "true"', 'Deployment web spec.paused: spec.paused is the text "true", but true or false is wanted | write it without quotes; if a variable makes it, keep the quotes away from the ${...}'],
    ['schema-type', 'selector: {}, template: {spec: {containers: [{name: a, env: {PORT: 80}}]}}', 'Deployment web spec.template.spec.containers[0].env.PORT: spec.template.spec.containers[0].env.PORT is the number 80, but text is wanted | put it in quotes: "80" [80 -> "80"]'],
    ['schema-type', 'selector: {}, template: {spec: {containers: [{name: a, args: --verbose}]}}', 'Deployment web spec.template.spec.containers[0].args: spec.template.spec.containers[0].args is the text "--verbose", but a list is wanted | begin it with "- ": it is a list, also when it has one item'],
    ['schema-type', 'selector: {}, port: [80]', 'Deployment web spec.port: spec.port is a list, but a whole number or text is wanted | look at the indentation, and into the documentation of this field'],
    ['schema-value', 'selector: {}, strategy: {type: recreate}', 'Deployment web spec.strategy.type: spec.strategy.type is the text "recreate", which is none of the values it may have | did you mean Recreate? It may be Recreate and RollingUpdate [recreate -> Recreate]'],
    ['schema-value', 'selector: {}, replicas: -1', 'Deployment web spec.replicas: spec.replicas is -1, less than 0, the least it may be | Number of desired pods'],
    ['schema-value', 'selector: {}, template: {spec: {containers: []}}', 'Deployment web spec.template.spec.containers: spec.template.spec.containers is an empty list, and needs at least 1 | change it so that it keeps to that'],
    ['schema-value', 'selector: {}, timeout: 5 minutes', 'Deployment web spec.timeout: spec.timeout the text "5 minutes" is not written as it must be | write a duration like 30s, 5m or 1h30m'],
    ['schema-choice', 'selector: {}, source: {}', 'Deployment web spec.source: spec.source needs one of git or oci | add one of them, not more'],
    ['schema-choice', 'selector: {}, source: {git: a, oci: b}', 'Deployment web spec.source: spec.source has more than one of git or oci, which exclude each other | keep one of them'],
  ])('%s: %s', async (rule, spec, says) => {
    expect((await checkSchemas(here(deployment(spec)))).map((each) => `${each.rule} ${told(each)}`)).toEqual([`${rule} ${says}`]);
  });

  test('several mistakes of one object are told one by one', async () => {
    expect((await checkSchemas(here(deployment('replica: 1, paused: "no"')))).map(({ rule }) => rule).toSorted()).toEqual(['schema-field', 'schema-required', 'schema-type']);
  });

  test('a good object is nobody\'s business, nor are fields that are null', async () => {
    expect(await checkSchemas(here(deployment('selector: {}, replicas: 2, paused: null, until: "2026-01-01T00:00:00Z"')))).toEqual([]);
    expect(await checkSchemas(here('apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: null}\n'))).toEqual([]);
  });

  test('a value of a Secret is never shown', async () => {
    const found = await asks('schema-type', here('apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {pin: 271828}\n'));
    expect(found).toEqual(['Secret s stringData.pin: stringData.pin is a number, but text is wanted | put it in quotes']);
  });
});

describe('what is not known is not judged', () => {
  test('values only the cluster has, and values SOPS encrypted', async () => {
    const base = here(deployment('selector: {}, replicas: 1'));
    const [built] = base.all;
    if (built === undefined) throw new Error('no object');
    const spec = (more: object): KubeObject => ({ ...built.object, spec: { selector: {}, ...more } });
    const with_ = (object: KubeObject) => ({ ...base, all: [{ ...built, object }] });
    expect(await checkSchemas(with_(spec({ replicas: '\uE0F0N\uE0F1', timeout: '\uE0F0T\uE0F1', source: { git: '\uE0F0G\uE0F1' } })))).toEqual([]);
    expect(await checkSchemas(with_({ ...spec({ replicas: 'ENC[AES256_GCM,data:x,type:int]' }), sops: { mac: 'ENC[x]' } }))).toEqual([]);
  });

  test('a kind without a schema is told once, however many objects it has, with where was looked', async () => {
    const gadget = (name: string): string => `apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: ${name}}\n`;
    const found = await asks('schema-missing', here([gadget('a'), gadget('b')].join('---\n')));
    expect(found).toEqual([`Gadget a kind: ? there is no schema for Gadget (example.com/v1), so no object of it is checked | give a folder of schemas (SCHEMAS=folder, or schemas in .manifests.yaml); looked into ${folder.path}; the definitions of the tree and its charts; what was kept of the public catalogs`]);
  });

  test('without kubeconform an error that is certain is told, and what is not certain is unknown', async () => {
    using own = scratch();
    own.write('example.com/thing_v1.json', JSON.stringify({ properties: { spec: { properties: { a: { type: 'string', pattern: '(?i)^x' }, b: { type: 'integer' } } } } }));
    const { around } = aroundOf({ cache: own.path });
    const thing = (spec: string): string => `apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nspec: ${spec}\n`;
    const of = (spec: string) => view({ tree: thing(spec), settings: { schemas: [own.path] } }, { around });
    expect((await checkSchemas(of('{b: x}'))).map(({ rule, unknown }) => [rule, unknown])).toEqual([['schema-type', undefined]]);
    const [found, ...more] = await checkSchemas(of('{a: x}'));
    expect([found?.rule, found?.unknown, found?.hint, more.length]).toEqual(['schema-unchecked', true, 'task tools:install TOOL=kubeconform   (or put it on PATH yourself)', 0]);
    expect(found?.message).toBe('this object was not held against its schema: kubeconform is not here');
  });
});

describe('where schemas come from', () => {
  const definition = (served: string, schema: string): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Gadget, plural: gadgets}
  versions:
    - {name: v1, served: ${served}, storage: true, schema: {openAPIV3Schema: ${schema}}}
`;
  const gadget = 'apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: g}\nspec: {size: 1, colour: red}\n';

  test('definitions of the tree, strict where the API server would drop fields, open where it keeps them', async () => {
    const schema = '{type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}';
    expect(await asks('schema-field', here(`${definition('true', schema)}---\n${gadget}`))).toEqual(['Gadget g spec.colour: spec has no field colour | remove it; there are size']);
    expect(await asks('schema-field', here(`${definition('true', schema.replace('type: object, properties: {size', 'type: object, x-kubernetes-preserve-unknown-fields: true, properties: {size'))}---\n${gadget}`))).toEqual([]);
  });

  test('definitions a chart brings; what it makes is placed at its HelmRelease', async () => {
    const base = view({ tree: gadget, charts: { 'apps/gadgets': gadget.replace('name: g', 'name: made') }, settings: { schemas: [folder.path] } });
    const [release] = base.releases;
    const [crd] = view(definition('true', '{type: object, properties: {spec: {type: object, properties: {size: {type: string}, colour: {type: string}}}}}')).all;
    if (release === undefined || crd === undefined) throw new Error('no release');
    const found = (await checkSchemas({ ...base, releases: [{ ...release, crds: [crd.object] }] })).filter(({ rule }) => rule === 'schema-type');
    expect(found.map((each) => each.message)).toEqual([
      'spec.size is the number 1, but text is wanted',
      'spec.size is the number 1, but text is wanted, as the chart of HelmRelease apps/gadgets (templates/Gadget.yaml) makes it',
    ]);
    expect(found[1]?.built?.release).toBe(release.declared);
    expect(found[1]?.fix).toBeUndefined();
  });

  test('a folder goes before a definition', async () => {
    using own = scratch();
    own.write('example.com/gadget_v1.json', '{}');
    expect(await checkSchemas(view({ tree: `${definition('true', '{type: object, properties: {}}')}---\n${gadget}`, settings: { schemas: [own.path, folder.path] } })).then((found) => found.filter(({ built }) => built?.object.kind === 'Gadget'))).toEqual([]);
  });

  test('files downloaded before Flux, by their digest, and read as YAML only once', async () => {
    using own = scratch();
    const yaml = definition('true', '{type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}');
    const { createHash } = await import('node:crypto');
    const sha256 = createHash('sha256').update(yaml).digest('hex');
    const kept = own.write(`talos-flux-runner/downloads/${sha256}`, yaml);
    const { around, heard } = aroundOf({ cache: own.path });
    const of = () => view({ tree: gadget, settings: { definitions: [{ url: 'https://example.com/gadgets.yaml', sha256, source: { file: 'crds.yaml', document: 0, at: [] } }] } }, { around });
    const says = ['Gadget g spec.colour: spec has no field colour | remove it; there are size'];
    expect(await asks('schema-field', of())).toEqual(says);
    expect(heard.read).toContain(kept);
    // What it defines is kept by its digest: the file itself is not looked at again.
    writeFileSync(kept, 'no: definition');
    expect(await asks('schema-field', of())).toEqual(says);
  });

  test('a download that is not what is pinned is not believed', async () => {
    using own = scratch();
    own.write(`talos-flux-runner/downloads/${'a'.repeat(64)}`, definition('true', '{type: object}'));
    const { around } = aroundOf({ cache: own.path });
    const found = await asks('schema-missing', view({ tree: gadget, settings: { definitions: [{ url: 'https://example.com/x.yaml', sha256: 'a'.repeat(64), source: { file: 'crds.yaml', document: 0, at: [] } }] } }, { around }));
    expect(found).toHaveLength(1);
  });
});

describe('kubeconform', () => {
  /** A stand-in that answers as it is told and writes down how it was called. */
  const standIn = (own: Scratch, answer: string): void => { own.write('bin/kubeconform', `#!/bin/sh\necho "$@" >> ${own.path}/calls\ncat > ${own.path}/asked\n${answer}\n`); };
  const says = (...resources: readonly object[]): string => `cat <<'EOF'\n${JSON.stringify({ resources })}\nEOF`;
  const thing = 'apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nspec: {a: x, b: 1}\n';

  test('decides what is not decided here, once: its verdict is kept by object and schema', async () => {
    using own = scratch();
    own.write('schemas/example.com/thing_v1.json', JSON.stringify({ properties: { spec: { properties: { a: { pattern: '(?i)^y' } } } } }));
    standIn(own, says({ status: 'statusInvalid', msg: "jsonschema validation failed with 'file:///x#' - at '/spec/a': 'x' does not match pattern '(?i)^y'", validationErrors: [{ path: '/spec/a', msg: 'x' }] }));
    const { around, heard } = aroundOf({ cache: own.path, path: join(own.path, 'bin') });
    const of = () => view({ tree: thing, settings: { schemas: [join(own.path, 'schemas')] } }, { around });
    const wanted = ['Thing t spec.a: spec.a the text "x" is not written as it must be | it must match (?i)^y'];
    expect(await asks('schema-value', of())).toEqual(wanted);
    expect(await asks('schema-value', of())).toEqual(wanted);
    expect(heard.ran).toHaveLength(1);
  });

  test('an error found here that it does not confirm is none', async () => {
    using own = scratch();
    own.write('schemas/example.com/thing_v1.json', JSON.stringify({ properties: { spec: { properties: { b: { type: 'string' } } } } }));
    standIn(own, says({ status: 'statusValid' }));
    const { around } = aroundOf({ cache: own.path, path: join(own.path, 'bin') });
    expect(await checkSchemas(view({ tree: thing, settings: { schemas: [join(own.path, 'schemas')] } }, { around }))).toEqual([]);
  });

  test('one that talks nonsense leaves the question open', async () => {
    using own = scratch();
    own.write('schemas/example.com/thing_v1.json', JSON.stringify({ properties: { spec: { properties: { a: { pattern: '(?i)^y' } } } } }));
    standIn(own, 'echo hello');
    const { around, heard } = aroundOf({ cache: own.path, path: join(own.path, 'bin') });
    const [found] = await checkSchemas(view({ tree: thing, settings: { schemas: [join(own.path, 'schemas')] } }, { around }));
    expect([found?.rule, found?.unknown, found?.hint]).toEqual(['schema-unchecked', true, 'task tools:check compares it with its pin']);
    expect(found?.message).toContain('cannot read what kubeconform says: hello');
    expect(heard.volatile).toHaveLength(1);
  });

  test('asks the catalogs only with a network, and not again for what they do not have', async () => {
    using own = scratch();
    standIn(own, says({ status: 'statusError', msg: 'could not find schema for Thing' }));
    const of = (offline: boolean) => {
      const { around, heard } = aroundOf({ cache: own.path, path: join(own.path, 'bin'), offline });
      return { heard, view: view({ tree: thing }, { around }) };
    };
    const off = of(true);
    expect((await checkSchemas(off.view)).map(({ rule }) => rule)).toEqual(['schema-missing']);
    expect(off.heard.ran).toEqual([]);
    const on = of(false);
    expect((await checkSchemas(on.view)).map(({ rule }) => rule)).toEqual(['schema-missing']);
    expect(on.heard.ran).toHaveLength(1);
    expect(on.heard.volatile).not.toEqual([]);
    const again = of(false);
    expect((await checkSchemas(again.view)).map(({ rule }) => rule)).toEqual(['schema-missing']);
    expect(again.heard.ran).toEqual([]);
  });

  test('catalogs that do not answer are said to be silent, after one try', async () => {
    using own = scratch();
    standIn(own, says({ status: 'statusError', msg: 'failed downloading schema at https://raw.githubusercontent.com/x: dial tcp: no route' }));
    const { around, heard } = aroundOf({ cache: own.path, path: join(own.path, 'bin'), offline: false });
    const found = await asks('schema-missing', view({ tree: `${thing}---\n${thing.replace('Thing', 'Other')}` }, { around }));
    expect(found).toHaveLength(2);
    expect(found[0]).toContain('so no object of it is checked: the public catalogs of schemas did not answer');
    expect(heard.ran).toHaveLength(1);
  });

  test('the real one judges what is left to it', async (context) => {
    const tool = realTool('kubeconform');
    if (tool === undefined) return context.skip('skipped: no kubeconform on PATH, nor built by tools:install');
    using own = scratch();
    own.write('schemas/example.com/thing_v1.json', JSON.stringify({ properties: { spec: { additionalProperties: false, properties: { a: { type: 'string', pattern: '(?i)^y' }, b: { oneOf: [{ type: 'string', pattern: '(?i)^y' }, { type: 'boolean' }] } } } } }));
    const { around, heard } = aroundOf({ cache: own.path, path: join(tool, '..') });
    const found = await checkSchemas(view({ tree: `${thing}  c: 1\n`.replace('{a: x, b: 1}', '\n  a: x\n  b: 1'), settings: { schemas: [join(own.path, 'schemas')] } }, { around }));
    expect(found.map((each) => `${each.rule} ${told(each)}`).toSorted()).toEqual([
      'schema-field Thing t spec.c: spec has no field c | remove it; there are a and b',
      'schema-type Thing t spec.b: spec.b is the number 1, but text or true or false is wanted | put it in quotes: "1"',
      'schema-value Thing t spec.a: spec.a the text "x" is not written as it must be | it must match (?i)^y',
    ]);
    expect(heard.ran).toHaveLength(1);
  });
});
