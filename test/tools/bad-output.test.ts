import { fc } from '../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../scripts/engine/failure.ts';
import { childEnvironment } from '../../scripts/tools/environment.ts';
import { parseHelmVersion, parseReleases, parseValues } from '../../scripts/tools/helm.ts';
import { parseHelmfileVersion, releaseNews } from '../../scripts/tools/helmfile.ts';
import { dialKubeconfig, kubeconfigCA, namedKubeconfig } from '../../scripts/tools/kubeconfig.ts';
import { parseManifests } from '../../scripts/tools/manifests.ts';
import { injectTemplate, makeOp, parseInjected, parseOpVersion, parseWhoami } from '../../scripts/tools/op.ts';
import { makeRedactor, REDACTED } from '../../scripts/tools/redact.ts';
import { releaseValues } from '../../scripts/tools/render.ts';
import { substitute } from '../../scripts/tools/substitute.ts';
import { makeStores } from '../../scripts/tools/stores.ts';
import { BUNDLE_FIELDS, bundleFields, bundleText } from '../../scripts/tools/talos-bundle.ts';
import * as talos from '../../scripts/tools/talos-parse.ts';
import { SITE } from '../../scripts/config/target.ts';
import { cluster, failureOf, fixture, scope, scratch } from './support.ts';

const recorded = (name: string): string => fixture(`talosctl-1.12.0/${name}`);

/** Every reader of what a tool prints, with something it does read. */
const READERS: readonly (readonly [name: string, read: (text: string) => unknown, good: string])[] = [
  ['disks', talos.parseDisks, recorded('get-disks.json')], ['links', talos.parseLinks, recorded('get-links.json')],
  ['stage', talos.parseStage, recorded('get-machinestatus.json')], ['stages', talos.parseStages, recorded('get-machinestatus-several.json')],
  ['services', talos.parseServices, recorded('services.txt')], ['services of several', talos.parseServicesEach, recorded('services-several.txt')],
  ['etcd members', talos.parseEtcdMembers, recorded('etcd-members.txt')], ['etcd members of several', talos.parseEtcdMembersEach, recorded('etcd-members-several.txt')],
  ['etcd status', (text) => talos.parseEtcdStatus(text, 'x'), recorded('etcd-status.txt')], ['etcd alarms', talos.parseEtcdAlarms, recorded('etcd-alarms.txt')],
  ['etcd snapshot', talos.parseSnapshot, recorded('etcd-snapshot.txt')], ['apply dry run', talos.parseApplyDryRun, recorded('apply-config-dry-run-diff.txt')],
  ['server version', (text) => talos.parseVersion(text, 'server'), recorded('version-node.txt')], ['server versions', talos.parseVersions, recorded('version-several.txt')],
  ['helm releases', parseReleases, '[{"name":"cilium","namespace":"kube-system","revision":"2","status":"deployed","chart":"cilium-1.18.3"}]'],
  ['helm values', parseValues, '{"a": 1}'], ['helm version', parseHelmVersion, 'v4.3.1+g1\n'], ['helmfile version', parseHelmfileVersion, 'helmfile version 1.8.0\n'],
  ['manifests', (text) => parseManifests(text, 'here'), 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n'],
  ['op whoami', parseWhoami, '{"email":"a@b"}'], ['op version', parseOpVersion, '2.32.0\n'],
  ['op inject', (text) => parseInjected(text, ['op://a/b/c'], 'n'), injectTemplate(['op://a/b/c'], 'n')],
];
/** Readers for which silence, or nothing of what they look for, is an answer. */
const SILENT = new Set(['etcd members', 'etcd alarms', 'manifests', 'stages', 'disks', 'links', 'server versions']);

function judged(read: (text: string) => unknown, text: string): { readonly failure?: Failure; readonly value?: unknown } {
  try {
    return { value: read(text) };
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    return error instanceof Failure ? { failure: error } : {};
  }
}

describe('a tool that prints something else is a Failure with a way out, never a guess', () => {
  const garbage: readonly (readonly [what: string, spoil: (good: string) => string])[] = [
    ['an HTML page of a proxy', () => '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>'],
    ['NUL bytes', () => '\0\0\0\0'],
    ['an error instead', () => 'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing"'],
    ['a warning in front', (good) => `WARNING: this tool is out of date\n${good}`],
    ['colours', (good) => `\u001b[31m${good}\u001b[0m`],
    ['half of it', (good) => good.trimEnd().slice(0, Math.floor(good.trimEnd().length / 2) - 1)],
    ['nothing', () => ''],
    ['a heap of noise', () => 'x'.repeat(100_000)],
  ];
  const tables = READERS.flatMap(([name, read, good]) => garbage.map(([what, spoil]) => ({ name, what, read, text: spoil(good), good })));

  test('what is right is read', () => {
    for (const [name, read, good] of READERS) expect(judged(read, good).failure, name).toBeUndefined();
  });

  test.each(garbage.map(([what]) => what))('%s', (what) => {
    for (const { name, read, text, good } of tables.filter((each) => each.what === what)) {
      const { failure, value } = judged(read, text);
      if (failure !== undefined) {
        expect([name, failure.exit === 'rerun' || failure.exit === 'configuration', failure.hint]).toEqual([name, true, expect.stringMatching(/./)]);
        expect(failure.message.length, name).toBeLessThan(600);
      } else if (what === 'nothing') expect(SILENT.has(name), `${name} took nothing for an answer`).toBe(true);
      // What can still be read must be the very same; a part of it (half the lines of a list) must at least be whole lines.
      // Of several machines nobody answered: whoever asks goes on to ask each alone.
      else if (what !== 'half of it' && !(value instanceof Map && value.size === 0 && name === 'server versions')) expect(value, name).toEqual(read(good));
    }
  });

  test('property: whatever is printed, only a Failure is thrown', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constantFrom(...READERS.map(([, , good]) => good)).chain((good) => fc.tuple(fc.nat(good.length), fc.nat(good.length), fc.string()).map(([a, b, between]) => good.slice(0, a) + between + good.slice(b))));
    fc.assert(fc.property(text, (printed) => {
      for (const [, read] of READERS) judged(read, printed);
      releaseNews(printed);
    }), { numRuns: 40 });
  });

  test.each([
    ['a size of no number', () => talos.humanBytes('1.2.3 MB')],
    ['a term that is no number', () => talos.parseEtcdStatus(recorded('etcd-status-single.txt').replace(/(\s)\d+(\s+)(true|false)/, '$1NaN$2$3').replace(/\b0(\s+)0\b/, 'x$1y'), 'x').map((status) => { if (Number.isNaN(status.raftTerm)) throw new Error('guessed'); throw new Failure({ exit: 'rerun', what: 'cannot read (nothing spoilt)' }); })],
    ['a learner nobody knows of', () => talos.parseEtcdMembers(recorded('etcd-members.txt').replace('false', 'maybe'))],
    ['a revision that is no number', () => parseReleases('[{"name":"a","namespace":"b","revision":"two","status":"deployed","chart":"c-1.0.0"}]')],
    ['a list within itself', () => parseManifests('&a\napiVersion: v1\nkind: List\nitems: [*a]\n', 'here')],
    ['an object within itself', () => parseManifests('&a\nb: *a\n', 'here')],
  ])('%s', (_, read) => { expect(judged(read, '').failure).toBeInstanceOf(Failure); });

  test('values files that the settings broke are told by their name', () => {
    const rendered = [{ path: 'helmfile.d/01-core.yaml', text: 'releases:\n- name: a\n  values: [../v.yaml]\n' }, { path: 'v.yaml', text: 'a: b: c\n' }];
    expect(judged(() => releaseValues(rendered, '/r', 'a'), '').failure?.what).toContain('v.yaml is no YAML any more');
    expect(releaseValues([rendered[0] ?? { path: '', text: '' }, { path: 'v.yaml', text: '__proto__: {a: 1}\n' }], '/r', 'a')).toEqual(JSON.parse('{"__proto__": {"a": 1}}'));
  });
});

describe('a kubeconfig is ours, as data, or it is not used', () => {
  const made = (user: object, more: object = {}, clusterMore: object = {}): string => JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'admin@infra',
    clusters: [{ name: 'infra', cluster: { server: 'https://a:6443', 'certificate-authority-data': Buffer.from('PEM').toString('base64'), ...clusterMore } }],
    users: [{ name: 'admin@infra', user }], contexts: [{ name: 'admin@infra', context: { cluster: 'infra', user: 'admin@infra' } }, { name: 'other', context: { cluster: 'prod', user: 'root' } }], ...more,
  });
  const good = made({ 'client-certificate-data': 'Yw==', 'client-key-data': 'aw==' });

  test.each<[what: string, text: string, because: RegExp]>([
    ['empty', '', /it is empty/], ['a list', '[]', /no current context/], ['no YAML', '{', /not YAML/], ['binary', '\u0001\0', /not YAML|no current context/],
    ['no context', made({}, { 'current-context': 'nobody' }), /no context "nobody"/], ['no user', made({}, { users: [] }), /no user "admin@infra"/], ['a context that is a list', made({}, { contexts: [{ name: 'admin@infra', context: [] }] }), /no context/],
    ['a program', made({ exec: { command: 'touch', args: ['/tmp/x'] } }), /leads elsewhere by exec/], ['a plug-in', made({ 'auth-provider': { name: 'oidc' } }), /auth-provider/],
    ['files', made({ 'client-certificate': '/etc/x', 'client-key': '/etc/y' }), /client-certificate, client-key/], ['somebody else', made({ as: 'admin' }), /by as/],
    ['another machine', made({}, {}, { 'proxy-url': 'http://evil' }), /proxy-url/],
  ])('%s', async (_, text, because) => {
    for (const read of [() => namedKubeconfig(text, 'infra'), () => dialKubeconfig(text, SITE, cluster()), () => kubeconfigCA(text)]) {
      const failure = await failureOf(read());
      expect([failure.code, failure.because, failure.hint]).toEqual([75, expect.stringMatching(because), expect.stringContaining('task cluster:kubeconfig')]);
    }
  });

  test('only the current context is kept, under the name of the cluster, and reading it again gives the same', async () => {
    const once = await namedKubeconfig(good, 'infra');
    expect(once).not.toMatch(/other|prod|root|admin@/);
    expect(await namedKubeconfig(once, 'infra')).toBe(once);
    expect(await kubeconfigCA(once)).toBe('PEM');
  });

  test('property: only a Failure is thrown', async () => {
    await fc.assert(fc.asyncProperty(fc.oneof(fc.string(), fc.json(), fc.tuple(fc.nat(good.length), fc.nat(good.length)).map(([a, b]) => good.slice(0, a) + good.slice(b))), async (text) => {
      for (const read of [() => namedKubeconfig(text, 'infra'), () => kubeconfigCA(text)]) {
        try {
          await read();
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
      }
    }), { numRuns: 40 });
  });

  test.each(['/home/me/.kube/config', '/a:/b:/c', '', '/dev/null:/home/me/.kube/prod'])('the shell\'s own KUBECONFIG (%j), context and cluster never reach a tool', (ambient) => {
    const inherit = { PATH: '/bin', HOME: '/home/me', KUBECONFIG: ambient, KUBECONTEXT: 'prod', HELM_KUBECONTEXT: 'prod', HELM_KUBEAPISERVER: 'https://prod', HELM_NAMESPACE: 'prod', TALOSCONFIG: '/home/me/.talos/config', TALOS_HOME: '/x', FLUX_SYSTEM_NAMESPACE: 'x', HELMFILE_ENVIRONMENT: 'prod', OP_SESSION_x: 'token' };
    for (const tool of ['helm', 'helmfile', 'flux', 'talosctl', 'kubectl']) {
      const env = childEnvironment({ tool, inherit, target: SITE, kubeconfig: undefined, talosconfig: undefined });
      expect([env['KUBECONFIG'], env['TALOSCONFIG']]).toEqual(['/dev/null', '/dev/null']);
      expect(JSON.stringify(env)).not.toMatch(/prod|token|\.kube|\.talos/);
    }
  });
});

/** What people put into a vault. */
const VALUES: readonly (readonly [what: string, value: string])[] = [
  ['several lines', 'first line of it\nsecond line of it\n'], ['CRLF', 'first line of it\r\nsecond line of it\r\n'], ['quotes', `it's "quoted" twice`], ['a shell\'s', '$HOME and `id` and $(id) \\ !x'], ['templates', '{{ op://other/item/field }} {{ .Values }}'],
  ['an end of line', 'value with an end\n'], ['blanks around it', '  value with blanks  '], ['very long', 'k3y'.repeat(2000)], ['pages', '<secret>&amp;</secret>'], ['a URL\'s', 'p@ss/w:rd?&=#%+ é'], ['emoji', 'pässwörd🔑🔑'],
  ['YAML', 'a: [b, *c] # not a comment'], ['the mark itself', `${REDACTED}x${REDACTED}`], ['a line of ours', '<0000:end>\nmore of the value'],
];

describe('a secret survives unharmed to where it goes, and is shown nowhere', () => {
  test('out of the vault, all in one call', async () => {
    using dir = scratch();
    const vault = new Map(VALUES.map(([what, value], i) => [`op://V/${what.replaceAll(/[^a-z]/g, '')}${i}/f`, value]));
    const told = scope(dir.path);
    const run = async (command: { readonly stdin?: string }) => ({ stdout: (command.stdin ?? '').replace(/\{\{ (op:\/\/\S+) \}\}/g, (_, reference: string) => vault.get(reference) ?? ''), stderr: '', exitCode: 0 });
    expect(Object.fromEntries(await makeStores(told, { run }, makeOp(told, { run })).resolve([...vault.keys()]))).toEqual(Object.fromEntries(vault));
    for (const [what, value] of VALUES) expect(told.redactor.redact(`x ${value} y`), what).not.toContain(value.trim());
  });

  test.each<[what: string, value: string, because: string]>([['blanks', ' \n\t ', 'it is empty'], ['nothing', '', 'it is empty'], ['bytes that are no text', 'ab\uFFFDcd\uFFFD', 'it is no text; store it in base64'], ['a NUL', 'secret\0value', 'it is no text']])('%s is refused, not used', async (_, value, because) => {
    using dir = scratch();
    const run = async (command: { readonly stdin?: string }) => ({ stdout: (command.stdin ?? '').replace(/\{\{ \S+ \}\}/g, () => value), stderr: '', exitCode: 0 });
    const told = scope(dir.path);
    const failure = await failureOf(makeStores(told, { run }, makeOp(told, { run })).resolve(['op://V/i/f']));
    expect([failure.code, failure.because]).toEqual([75, expect.stringContaining(because)]);
  });

  test('through talosctl\'s bundle and back', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => value.trim() !== '' && !value.trim().startsWith('-----BEGIN'));
    fc.assert(fc.property(fc.tuple(...BUNDLE_FIELDS.map(() => text)), (values) => {
      const bundle = bundleFields(JSON.parse(bundleText(Object.fromEntries(BUNDLE_FIELDS.map((field, i) => [field, values[i] ?? ''])) as Parameters<typeof bundleText>[0])));
      expect(BUNDLE_FIELDS.map((field) => bundle[field])).toEqual(values.map((value) => value.trim()));
    }), { numRuns: 40 });
  });

  const base64 = (value: string): string => Buffer.from(value).toString('base64');
  const spellings: readonly (readonly [how: string, spell: (value: string) => string])[] = [
    ['raw', (value) => value], ['base64', base64], ['base64 in a larger one', (value) => base64(`ab${value}`)], ['base64 of base64', (value) => base64(base64(value))], ['base64url', (value) => Buffer.from(value).toString('base64url')],
    ['JSON', (value) => JSON.stringify(value)], ['JSON in JSON', (value) => JSON.stringify(JSON.stringify(value))], ['JSON of Go', (value) => JSON.stringify(value).replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)],
    ['an address', encodeURIComponent], ['a query of Go', (value) => new URLSearchParams({ v: value }).toString().slice(2)], ['an address in small letters', (value) => encodeURIComponent(value).replace(/%../g, (c) => c.toLowerCase())],
    ['YAML in single quotes', (value) => `'${value.replaceAll("'", "''")}'`],
  ];
  test.each(VALUES.filter(([what]) => what !== 'the mark itself'))('%s, however it is spelled', (_, value) => {
    const { redact } = makeRedactor([value]);
    for (const [how, spell] of spellings) {
      // Four characters at either end of a larger base64 text are not of the value alone.
      const spelled = spell(value);
      const heart = spelled.slice(6, -6);
      if (heart.length >= 6) expect(redact(`before ${spelled} after`), `${how}: ${spelled.slice(0, 60)}`).not.toContain(heart);
    }
  });
});

describe('filling in settings', () => {
  const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/);
  test('property: nothing is thrown, and a text without variables stays as it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.dictionary(name, fc.string()), (text, settings) => {
      const done = substitute(text, settings, 'f');
      if (!text.includes('${')) expect(done).toEqual({ text, unfilled: [] });
    }));
  });
  test('property: a value is put in letter by letter, whatever it holds', () => {
    fc.assert(fc.property(name, fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('$&', '$1', '$$', '${OTHER}', "it's", '`', '{{')), (key, value) => {
      expect(substitute(`a: \${${key}} b`, { [key]: value }, 'f').text).toBe(`a: ${value} b`);
    }));
  });
  test.each(['constructor', '__proto__', 'toString'])('%s is no setting', (key) => expect(substitute(`\${${key}}`, {}, 'f').unfilled).toHaveLength(1));
});

