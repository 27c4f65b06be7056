import type { Cluster, Machine } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';
import type { Day2 } from './day2.types.ts';
import { dialMachine } from './dial.ts';
import type { CommandResult, Effect, Proc, Scope } from './doors.ts';
import { clusterFiles } from './files.ts';
import { readIdentity } from './identity.ts';
import { probeFace } from './probe.ts';
import * as args from './talos-args.ts';
import { refuseStranger } from './talosctl.ts';
import { bundleFields, bundleSecrets } from './talos-bundle.ts';
import { parseDisks, parseLinks } from './talos-parse.ts';
import { parseApplyPlan } from './talos-plan.ts';

/** Wall ms per call. A pull moves some hundred megabytes; a defragmentation rewrites a database of gigabytes. */
const QUICK_MS = 20_000;
const APPLY_MS = 60_000;
const LONG_MS = 900_000;

/** talosctl for machines that run already; see day2.types.ts for what each method promises. */
export function makeDay2(scope: Scope, cluster: Cluster, proc: Proc): Day2 {
  const { target } = scope.site;
  const files = clusterFiles(scope.taskDir, target, cluster.name);
  const via = (machine: Machine): args.Via & { readonly by: 'mtls' } => ({ by: 'mtls', talosconfig: files.talosconfig, endpoint: dialMachine(target, machine).hostPort, node: machine.address });
  const call = (argv: readonly string[], effect: Effect, timeoutMs: number, stdin?: string): Promise<CommandResult> =>
    proc.run({ tool: 'talosctl', argv, effect, timeoutMs, ...(stdin === undefined ? {} : { stdin, stdinAsFile: true }) });
  /** The last look before every write. */
  const proven = async (machine: Machine, what: string): Promise<void> => {
    if (scope.dryRun) return;
    refuseStranger(machine, await probeFace({ dial: dialMachine(target, machine), expectedCA: readIdentity(files)?.machineCA.pem, others: () => [], signal: scope.signal }), what);
  };
  const write = async (machine: Machine, what: string, argv: readonly string[], timeoutMs: number, stdin?: string): Promise<void> => {
    await proven(machine, what);
    await call(argv, 'write', timeoutMs, stdin);
  };

  return {
    async inventory(machine) {
      const insecure: args.Via = { by: 'insecure', endpoint: dialMachine(target, machine).hostPort };
      const [disks, links] = await Promise.all([call(args.getResource(insecure, 'disks'), 'read', QUICK_MS), call(args.getResource(insecure, 'links'), 'read', QUICK_MS)]);
      return { disks: parseDisks(disks.stdout), links: parseLinks(links.stdout) };
    },
    async newSecrets() {
      const { stdout } = await call(args.genSecrets(scope.site.versions.talos), 'local', QUICK_MS);
      if (stdout === '') return undefined;
      const { load } = await import('js-yaml');
      const bundle = bundleFields(load(stdout));
      for (const secret of bundleSecrets(bundle)) scope.redactor.add(secret);
      return bundle;
    },
    async plan(machine, config) {
      const said = await call(args.applyConfig(via(machine), { dryRun: true }), 'read', APPLY_MS, config);
      // The summary is on stderr (PrintApplyResults).
      return parseApplyPlan(`${said.stderr}\n${said.stdout}`);
    },
    apply: (machine, config, mode) => write(machine, 'configured', args.applyConfig(via(machine), { mode }), APPLY_MS, config),
    patch: (machine, patch) => write(machine, 'patched', args.patchConfig(via(machine), JSON.stringify(patch)), APPLY_MS),
    logs: async (machine, service, lines) => (await call(args.logs(via(machine), service, lines), 'read', QUICK_MS)).stdout,
    dmesg: async (machine) => (await call(args.dmesg(via(machine)), 'read', QUICK_MS)).stdout,
    async bootId(machine) {
      const id = (await call(args.readFile(via(machine), '/proc/sys/kernel/random/boot_id'), 'read', QUICK_MS)).stdout.trim();
      if (!/^[0-9a-f-]{36}$/.test(id)) throw new Failure({ exit: 'rerun', what: `${machine.name} tells no boot id`, because: id === '' ? 'talosctl printed nothing' : `talosctl printed: ${id.slice(0, 60)}`, hint: 'task tools:check   compares talosctl with the pinned version' });
      return id;
    },
    reboot: (machine) => write(machine, 'rebooted', args.reboot(via(machine)), APPLY_MS),
    pullImage: (machine, image, namespace) => write(machine, 'told to pull an image', args.pullImage(via(machine), image, namespace), LONG_MS),
    // The machine pulls and checks the installer before it answers.
    upgrade: (machine, image) => write(machine, 'upgraded', args.upgrade(via(machine), image), LONG_MS),
    rollback: (machine) => write(machine, 'rolled back', args.rollback(via(machine)), APPLY_MS),
    etcdDefrag: (machine) => write(machine, 'defragmented', args.etcdDefrag(via(machine)), LONG_MS),
    etcdRemoveMember: (through, id) => write(through, 'asked to remove a member of etcd', args.etcdRemoveMember(via(through), id), APPLY_MS),
  };
}
