/** The faults that faults-machine.test.ts has a row for; the table there is held against this list. */
export const MACHINE_ROWS: readonly string[] = [
  'slow-install', 'wrong-machine-ca', 'clusters-swapped', 'machines-swapped', 'node-not-ready', 'node-lost', 'kubelet-certificate-pending',
  'clock-skew', 'disk-not-clean', 'disk-missing', 'endpoint-dns-wrong', 'api-certificate-without-san',
];
