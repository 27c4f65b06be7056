/** What Cilium's certificate jobs leave behind: by job, the Secrets it writes. */
export const CILIUM_CERTIFICATES: Readonly<Record<string, readonly string[]>> = {
  'hubble-generate-certs': ['hubble-server-certs', 'hubble-relay-client-certs'],
  'clustermesh-apiserver-generate-certs': ['clustermesh-apiserver-server-cert', 'clustermesh-apiserver-admin-cert', 'clustermesh-apiserver-remote-cert', 'clustermesh-apiserver-local-cert'],
};
