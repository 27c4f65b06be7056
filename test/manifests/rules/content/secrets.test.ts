import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { looksSecret, shapesIn } from '../../../../scripts/manifests/rules/content/shapes.ts';
import { readTexts } from '../../../../scripts/manifests/build/index.ts';
import { findGitleaks, parseLeaks } from '../../../../scripts/tools/gitleaks.ts';
import type { View } from '../../../../scripts/manifests/model.types.ts';
import { realTool } from '../../../real-tool.ts';
import { aroundOf, asks, scratch, told, view } from '../schemas/rig.ts';
import { RULES } from '../../../../scripts/manifests/rules/content/index.ts';

/** Made up here, in pieces, so that nobody's scanner stumbles over this file. */
const join2 = (...parts: readonly string[]): string => parts.join('');
const GITHUB = join2('gh', 'p_', '16C7e42F292c6912E7710c838347Ae178B4a');
const AWS = join2('AK', 'IA', 'QYLPMN5HFIQR7XYA');
const JWT = join2('eyJ', 'hbGciOiJIUzI1NiJ9', '.', 'eyJ', 'zdWIiOiIxMjM0NTY3ODkwIn0', '.', 'dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U');
const KEY = join2('-----BEGIN ', 'PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\nxyz\n-----END PRIVATE KEY-----');
const RANDOM = join2('kX9', '#mQ2v', 'Lp7Rw4Tz');

const secret = (data: string): string => `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n${data}\n`;

describe('secret-plain', () => {
  test.each([
    [secret(`stringData: {password: ${JSON.stringify(RANDOM)}}`), ['Secret s stringData.password: password of a Secret stands in the tree unencrypted']],
    [secret(`data: {password: ${Buffer.from('correct horse').toString('base64')}}`), ['Secret s data.password: password of a Secret stands in the tree unencrypted']],
    [secret('stringData: {password: hunter2}'), ['Secret s stringData.password: password of a Secret stands in the tree unencrypted']],
    [secret(`stringData: {url: "postgres://app:${RANDOM.replaceAll('#', '')}@db/app"}`), ['Secret s stringData.url: url of a Secret stands in the tree unencrypted']],
    // What everybody may know, and what stands for something else.
    [secret('stringData: {username: app, url: "https://example.com", port: "5432", enabled: "true", empty: "", type: git}'), []],
    [secret('stringData: {password: changeme, token: "<your token>", key: op://Vault/item/field, other: "${TOKEN}"}'), []],
    [secret('stringData: {password: "ENC[AES256_GCM,data:abc,type:str]"}\nsops: {mac: x}'), []],
    [secret(`data: {password: ${Buffer.from('changeme').toString('base64')}, ca.crt: ${Buffer.from('-----BEGIN CERTIFICATE-----').toString('base64')}}`), []],
  ])('%#', async (tree, says) => {
    const found = await asks('secret-plain', view(tree));
    expect(found.map((each) => each.replace(/ \|.*/, ''))).toEqual(says);
  });

  test('a value a variable was filled into is not in the tree', async () => {
    const base = view(secret('stringData: {password: filled-in}'));
    const [built] = base.all;
    if (built === undefined) throw new Error('no object');
    expect(await asks('secret-plain', { ...base, all: [{ ...built, raw: { ...built.object, stringData: { password: '${PASSWORD}' } } }] })).toEqual([]);
  });
});

describe('shapes', () => {
  test.each([
    [`token: ${GITHUB}`, 'a token of GitHub'], [`id = ${AWS}`, 'an access key of AWS'], [`Authorization: Bearer ${JWT}`, 'a JSON web token'], [KEY, 'a private key'],
    [join2('https://hooks.slack.com/services/', 'T0123ABCD/B0123ABCD/abcdefghijklmnopqrstuvwx'), 'a webhook of Slack'], [join2('xo', 'xb-123456789012-1234567890123-abcdefghijklmnop'), 'a token of Slack'],
    [join2('ops_', 'eyJ', 'a'.repeat(120)), 'a service account token of 1Password'], [join2('eyJh', 'Ijoi', 'Zm9v'.repeat(25)), 'a tunnel token of Cloudflare'], [join2('glpat', '-abcdefghij1234567890'), 'a token of GitLab'],
    [join2('AGE-SECRET', '-KEY-1', 'Q'.repeat(29), 'Z'.repeat(29)), 'a private key of age'], [join2('postgres://app:', 'S3cretPw', '@db:5432/app'), 'a password in an address'], [join2('123456789', ':AA', 'b'.repeat(33)), 'a token of a Telegram bot'],
  ])('%s', (text, says) => { expect([...shapesIn(`x\n${text}\n`)].map((each) => each.says)).toEqual([says]); });

  test.each([
    'AKIAIOSFODNN7EXAMPLE', 'https://user:password-example@host', 'postgres://app:${PASSWORD}@db', 'postgres://app:$(PASSWORD)@db', 'https://user:{{ .password }}@host', 'redis://:@host', 'oci://ghcr.io/org/chart:1.2.3', 'image: ghcr.io/a/b@sha256:0123',
    'https://example.com:8080/path@x', '-----BEGIN PRIVATE KEY-----\n...', '-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7', 'eyJhbGciOiJIUzI1NiJ9', 'op://Vault/item/field',
  ])('%s is none', (text) => { expect([...shapesIn(text)]).toEqual([]); });

  test.each([
    ['password', RANDOM, true], ['adminPassword', 'Xk29vPq81LmZ', true], ['API_TOKEN', 'a9f8e7d6c5b4a39281706f5e4d3c2b1a', true], ['client-secret', 'Zx8Kq2Lm9Pw4Rt6Yv1Bn', true], ['dbPasswd', 'tR0ub4dor&3', true],
    ['password', 'changeme', false], ['password', 'hunter', false], ['passwordKey', 'Xk29vPq81LmZ', false], ['secretName', 'harbor-tls-2024', false], ['existingSecret', 'postgres-16-app', false], ['tokenSecret', 'cloudflare-api-token', false],
    ['secretKey', 'api-token', false], ['token', 'kubernetes', false], ['password', '${PASSWORD}', false], ['password', 'op://a/b/c', false], ['secret', 'external-secrets/cloudflare', false], ['tokenTTL', '3600s', false], ['password', '/run/secrets/db', false],
    ['api_key', 'https://example.com/x', false], ['credentials', 'velero-s3-eu-west-1', false], ['monkey', 'Xk29vPq81LmZ', false], ['password', 'xxxxxxxxxxxx', false], ['auth', 'Xk29vPq81LmZ', false],
  ])('%s: %s is a secret: %s', (key, value, is) => { expect(looksSecret(key, value)).toBe(is); });
});

/** A view of files as they are, and a folder they are in. */
function filesView(root: string, files: Readonly<Record<string, string>>, around?: View['around']): View {
  const base = view('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n');
  const texts = readTexts(root, new Map(Object.entries(files)));
  const units = base.tree.units.map((unit) => ({ ...unit, files: new Set(Object.keys(files)) }));
  return { ...base, tree: { ...base.tree, texts, units }, ...(around === undefined ? {} : { around }) };
}

describe('files of the tree', () => {
  const find = async (id: string, files: Readonly<Record<string, string>>): Promise<readonly string[]> => {
    using own = scratch();
    return (await asks(id, filesView(own.path, files))).map((each) => each.replace(/ \|.*/, ''));
  };

  test('shapes are found in every file, comments too, at their place', async () => {
    expect(await find('secret-shape', { 'a.yaml': `x: 1\n# old: ${GITHUB}\n`, 'b.env': `A=${AWS}\n`, 'c.yaml': 'x: 1\n' })).toEqual(['a.yaml:2: a token of GitHub stands here in clear text', 'b.env:1: an access key of AWS stands here in clear text']);
  });

  test.each([
    [{ 'values.yaml': `grafana:\n  adminPassword: ${JSON.stringify(RANDOM)}\n` }, ['values.yaml grafana.adminPassword: adminPassword holds what looks like a secret in clear text']],
    [{ 'd.yaml': `spec:\n  env:\n    - name: DB_PASSWORD\n      value: ${JSON.stringify(RANDOM)}\n` }, ['d.yaml spec.env[0].value: DB_PASSWORD holds what looks like a secret in clear text']],
    [{ 'c.yaml': `kind: ConfigMap\ndata:\n  app.conf: |\n    user = app\n    password = ${RANDOM.replaceAll('#', 'h')}\n` }, ['c.yaml data["app.conf"]: password holds what looks like a secret in clear text']],
    [{ 'x.env': `export API_TOKEN="${RANDOM}"\n` }, ['x.env:1: API_TOKEN holds what looks like a secret in clear text']],
    [{ 'e.yaml': 'kind: ExternalSecret\nspec:\n  data:\n    - secretKey: Xk29vPq81LmZq81\n      remoteRef: {key: Xk29vPq81LmZq81}\n' }, []],
    [{ 'k.yaml': 'spec:\n  passwordSecretRef:\n    name: Xk29vPq81LmZ\n    token: Xk29vPq81LmZ\n' }, []],
    [{ 's.yaml': `password: ENC[AES256_GCM,data:x]\napiToken: ${JSON.stringify(RANDOM)}\nsops:\n  mac: ENC[AES256_GCM,data:y]\n` }, []],
    // Told by its shape already.
    [{ 't.yaml': `githubToken: ${GITHUB}\n` }, []],
  ])('%#', async (files, says) => { expect(await find('secret-value', files)).toEqual(says); });

  test('no finding holds the secret itself', async () => {
    using own = scratch();
    const of = filesView(own.path, { 'a.yaml': `adminPassword: ${JSON.stringify(RANDOM)}\nb: ${GITHUB}\nc: |\n  token=${RANDOM.replaceAll('#', 'h')}\n` });
    for (const rule of RULES.filter(({ id }) => id.startsWith('secret-'))) {
      expect(rule.secret).toBe(true);
      for (const found of await rule.check(of)) {
        expect(told({ ...found, needle: '' })).not.toMatch(/16C7e42F|mQ2v/);
        expect(found.fix).toBeUndefined();
      }
    }
  });

  test('what a chart makes of values is looked at as well, but for the keys it makes itself', async () => {
    const made = `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {env: ["${GITHUB}", ${JSON.stringify(KEY)}]}\n`;
    const found = await asks('secret-shape', view({ charts: { 'apps/web': made } }));
    expect(found.map((each) => each.replace(/ \|.*/, ''))).toEqual(['Deployment web spec.env[0]: the chart puts a token of GitHub into Deployment web']);
  });
});

describe('secret-gitleaks', () => {
  const report = (line: number, column: number): string => JSON.stringify([{ RuleID: 'some-token', Description: 'Found a Some Token.', StartLine: line, EndLine: line, StartColumn: column, EndColumn: column + 3, Secret: 'REDACTED' }]);
  const standIn = (own: ReturnType<typeof scratch>, answer: string): void => { own.write('bin/gitleaks', `#!/bin/sh\necho "$@" > ${own.path}/args\ncat > ${own.path}/asked\ncat <<'EOF'\n${answer}\nEOF\n`); };

  test('is asked only where it is installed, about all files at once, and answered at their lines', async () => {
    using own = scratch();
    const files = { 'a.yaml': 'x: 1\ny: 2\n', 'b.yaml': 'some: abcd\n' };
    const { around } = aroundOf({ cache: own.path, path: join(own.path, 'bin') });
    expect(await asks('secret-gitleaks', filesView(own.path, files, around))).toEqual([]);
    standIn(own, report(4, 7));
    expect(findGitleaks(around.environment)).toBe(join(own.path, 'bin/gitleaks'));
    expect((await asks('secret-gitleaks', filesView(own.path, files, around))).map((each) => each.replace(/ \|.*/, ''))).toEqual(['b.yaml:1: gitleaks (some-token): found a Some Token']);
  });

  test('what the other rules tell is not told again, and its own configuration counts', async () => {
    using own = scratch();
    standIn(own, report(1, 4));
    writeFileSync(join(own.path, '.gitleaks.toml'), '');
    const { around, heard } = aroundOf({ cache: own.path, path: join(own.path, 'bin') });
    expect(await asks('secret-gitleaks', filesView(own.path, { 'a.yaml': `k: ${GITHUB}\n` }, around))).toEqual([]);
    expect(heard.read).toContain(join(own.path, '.gitleaks.toml'));
  });

  test('one that cannot be understood is unknown, never good', async () => {
    using own = scratch();
    standIn(own, 'Usage: gitleaks');
    const { around, heard } = aroundOf({ cache: own.path, path: join(own.path, 'bin') });
    expect((await asks('secret-gitleaks', filesView(own.path, { 'a.yaml': 'x: 1\n' }, around)))[0]).toMatch(/^a\.yaml:1: \? gitleaks is here and could not look: cannot read what gitleaks says/);
    expect(heard.volatile).toHaveLength(1);
  });

  test('nothing is an answer, and so is null', () => { expect([parseLeaks(''), parseLeaks('null'), parseLeaks('[]')]).toEqual([[], [], []]); });

  test('the real one finds what is planted', async (context) => {
    const tool = realTool('gitleaks');
    if (tool === undefined) return context.skip('skipped: no gitleaks on PATH');
    using own = scratch();
    const { around } = aroundOf({ cache: own.path, path: join(tool, '..') });
    const found = await asks('secret-gitleaks', filesView(own.path, { 'a.yaml': 'x: 1\n', 'b.yaml': `y: 2\nz: ${join2('sq0', 'atp-', 'aB3dE5gH7jK9mN1pQ3sT5u')}\n` }, around));
    expect(found.map((each) => each.split(':')[0] + each.slice(each.indexOf(':'), each.indexOf(' gitleaks')))).toEqual(['b.yaml:2:']);
  });
});
