/** The lab's stand-in for talosctl 1.12.0: the same argv, output and exit codes; a verb is loaded when it is called. */
import { Exit, Unmodelled } from './shared/flags.ts';

type Verb = (argv: readonly string[], called: string) => Promise<void> | void;
const VERBS: Readonly<Record<string, () => Promise<Verb>>> = {
  time: async () => (await import('./talosctl/basics.ts')).time,
  version: async () => (await import('./talosctl/basics.ts')).version,
  gen: async () => (await import('./talosctl/gen.ts')).gen,
  machineconfig: async () => (await import('./talosctl/machineconfig.ts')).machineconfig,
  mc: async () => (await import('./talosctl/machineconfig.ts')).machineconfig,
  validate: async () => (await import('./talosctl/machineconfig.ts')).validate,
  'apply-config': async () => (await import('./talosctl/apply.ts')).apply,
  apply: async () => (await import('./talosctl/apply.ts')).apply,
  bootstrap: async () => (await import('./talosctl/apply.ts')).bootstrap,
  kubeconfig: async () => (await import('./talosctl/kubeconfig.ts')).kubeconfig,
  get: async () => (await import('./talosctl/get.ts')).get,
  g: async () => (await import('./talosctl/get.ts')).get,
  service: async () => (await import('./talosctl/services.ts')).service,
  services: async () => (await import('./talosctl/services.ts')).service,
  etcd: async () => (await import('./talosctl/etcd.ts')).etcd,
  health: async () => (await import('./talosctl/health.ts')).health,
  reset: async () => (await import('./talosctl/actions.ts')).reset,
  reboot: async () => (await import('./talosctl/actions.ts')).reboot,
  wipe: async () => (await import('./talosctl/wipe.ts')).wipe,
  upgrade: async () => (await import('./talosctl/upgrade.ts')).upgrade,
  rollback: async () => (await import('./talosctl/upgrade.ts')).rollback,
  image: async () => (await import('./talosctl/upgrade.ts')).image,
  images: async () => (await import('./talosctl/upgrade.ts')).image,
  patch: async () => (await import('./talosctl/upgrade.ts')).patch,
  shutdown: async () => (await import('./talosctl/actions.ts')).shutdown,
  read: async () => (await import('./talosctl/basics.ts')).read,
  cat: async () => (await import('./talosctl/basics.ts')).read,
  dmesg: async () => (await import('./talosctl/basics.ts')).dmesg,
  logs: async () => (await import('./talosctl/basics.ts')).logs,
};
/** Global flags may stand before the verb; the ones that take a value take the next word with them. */
const WITH_VALUE = new Set(['-n', '--nodes', '-e', '--endpoints', '--talosconfig', '--context', '-c', '--cluster']);

async function main(argv: readonly string[]): Promise<void> {
  let at = 0;
  while (at < argv.length && argv[at]?.startsWith('-') === true) at += WITH_VALUE.has(argv[at] ?? '') ? 2 : 1;
  const name = argv[at];
  if (name === undefined) throw new Exit(1, 'talosctl: a command is needed');
  const verb = VERBS[name];
  if (verb === undefined) throw new Unmodelled('talosctl', `unknown command "${name}" for "talosctl"`);
  await (await verb())([...argv.slice(0, at), ...argv.slice(at + 1)], name);
}

// Whoever reads the output may have seen enough.
process.stdout.on('error', () => process.exit(0));
try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof Unmodelled) {
    const { note } = await import('./shared/note.ts');
    await note('talosctl', error.message, process.argv.slice(2).filter((word) => !/^(-{0,2}\w+=)?[A-Za-z0-9+/=]{40,}$/.test(word)).join(' '));
  }
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof Exit ? error.code : 1;
}
