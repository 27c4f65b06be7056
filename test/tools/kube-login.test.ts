import { dump } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { loginOf } from '../../scripts/tools/kube-login.ts';

const b64 = (text: string): string => Buffer.from(text).toString('base64');
const PLAIN = { server: 'https://10.0.0.1:6443', 'certificate-authority-data': b64('the CA') };
const ADMIN = { 'client-certificate-data': b64('the certificate'), 'client-key-data': b64('the key') };
const kubeconfig = (cluster: object, user: object): string => dump({
  apiVersion: 'v1', kind: 'Config', 'current-context': 'here', contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
  clusters: [{ name: 'other', cluster: { server: 'https://192.0.2.1' } }, { name: 'c', cluster }], users: [{ name: 'u', user }],
});
const said = async (cluster: object, user: object): Promise<unknown> => {
  const login = await loginOf(kubeconfig(cluster, user));
  return login === undefined ? undefined : { ...login, tls: Object.fromEntries(Object.entries(login.tls).map(([key, value]) => [key, Buffer.isBuffer(value) ? value.toString() : value])) };
};

describe('signing in by a kubeconfig', () => {
  test('the form Talos writes is read without help', async () => {
    expect(await said({ ...PLAIN, 'tls-server-name': 'api.example' }, ADMIN)).toEqual({
      server: 'https://10.0.0.1:6443', tls: { ca: 'the CA', cert: 'the certificate', key: 'the key', servername: 'api.example' }, auth: undefined, headers: {},
    });
  });

  test.each([
    ['a token', PLAIN, { token: 't-1' }, { headers: { Authorization: 'Bearer t-1' } }],
    ['a certificate and a token', PLAIN, { ...ADMIN, token: 't-1' }, { headers: { Authorization: 'Bearer t-1' } }],
    ['a server that is not checked', { server: PLAIN.server, 'insecure-skip-tls-verify': true }, ADMIN, { tls: { cert: 'the certificate', key: 'the key', rejectUnauthorized: false } }],
  ])('%s is what client-node makes of it', async (_, cluster, user, wanted) => {
    expect(await said(cluster, user)).toMatchObject(wanted);
  });

  test('both ways of reading it say the same', async () => {
    // An empty extension list changes nothing, and is a word the short way does not know.
    const long = await said({ ...PLAIN, 'tls-server-name': 'api.example', extensions: [] }, ADMIN);
    const short = await said({ ...PLAIN, 'tls-server-name': 'api.example' }, ADMIN);
    expect(long).toEqual(short);
  });

  test('a damaged one says how to get another', async () => {
    await expect(loginOf('apiVersion: v1\nkind: Config\ncurrent-context: gone\n')).rejects.toMatchObject({ hint: expect.stringContaining('cluster:kubeconfig') });
  });
});
