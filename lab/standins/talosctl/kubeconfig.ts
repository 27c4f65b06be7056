import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { load } from 'js-yaml';
import { canonical, isFields, textAt } from '../../world/value.ts';
import type { Fields } from '../../world/value.ts';
import { Exit, parseFlags } from '../shared/flags.ts';
import { goYaml } from '../shared/yaml.ts';
import { callOne, CLIENT_FLAGS, targetOf } from './client.ts';

/** `kubeconfig [PATH|-]`; merges into a file that is there unless told otherwise. */
export async function kubeconfig(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', { ...CLIENT_FLAGS, force: { type: 'bool', short: 'f' }, 'force-context-name': { type: 'string' }, merge: { type: 'bool', short: 'm', default: true } }, argv);
  if (flags.args.length > 1) throw new Exit(1, `accepts at most 1 arg(s), received ${flags.args.length}`);
  let path = normalize(flags.args[0] ?? (flags.bool('merge') ? process.env['KUBECONFIG'] || join(process.env['HOME'] ?? '', '.kube', 'config') : process.cwd()));
  if (!existsSync(path)) mkdirSync(dirname(path), { recursive: true });
  else if (statSync(path).isDirectory()) path = join(path, 'kubeconfig');
  const there = existsSync(path);
  if (there && !flags.bool('force') && !flags.bool('merge')) throw new Exit(1, `kubeconfig file already exists, use --force to overwrite: "${path}"`);
  const text = textAt(await callOne(await targetOf(flags), 'kubeconfig', 'error copying', 'Kubeconfig', {}, 'error initializing gzip'), 'kubeconfig') ?? '';
  // Merging makes no sense into what is not there: like the real one, the forced name is then not used either.
  if (there && flags.bool('merge')) writeFileSync(path, merge(readFileSync(path, 'utf8'), text, flags.bool('force'), flags.text('force-context-name')), { mode: 0o600 });
  else if (path === '-') process.stdout.write(text);
  else writeFileSync(path, text, { mode: 0o600 });
}

type Entry = Fields & { name: string };
const entries = (value: unknown): Entry[] => (Array.isArray(value) ? value.flatMap((entry: unknown) => (isFields(entry) && typeof entry['name'] === 'string' ? [{ ...entry, name: entry['name'] }] : [])) : []);

function merge(before: string, young: string, force: boolean, contextName: string): string {
  const [old, fresh] = [load(before), load(young)];
  const whole: Fields = isFields(old) ? old : { apiVersion: 'v1', kind: 'Config' };
  const add = isFields(fresh) ? fresh : {};
  const renamed = new Map<string, string>();
  for (const [list, word] of [['clusters', 'cluster'], ['users', 'auth info'], ['contexts', 'context']] as const) {
    const have = entries(whole[list]);
    for (const entry of entries(add[list])) {
      let name = entry.name;
      for (const [from, to] of renamed) name = name.replaceAll(from, to);
      if (list === 'contexts' && contextName !== '') name = contextName;
      const context = isFields(entry['context']) ? { ...entry['context'], cluster: renamed.get(String(entry['context']['cluster'])) ?? entry['context']['cluster'], user: renamed.get(String(entry['context']['user'])) ?? entry['context']['user'] } : undefined;
      const put: Entry = { ...entry, ...(context === undefined ? {} : { context }), name };
      const same = have.findIndex((other) => other.name === name);
      const differs = same >= 0 && canonical(have[same]) !== canonical(put);
      if (differs && !force && list !== 'contexts') {
        let n = 1;
        while (have.some((other) => other.name === `${name}-${n}`)) n++;
        renamed.set(entry.name, `${name}-${n}`);
        process.stdout.write(`renamed ${word} "${entry.name}" -> "${name}-${n}"\n`);
        have.push({ ...put, name: `${name}-${n}` });
      } else if (same >= 0) have[same] = put;
      else have.push(put);
      if (list === 'contexts') {
        if (name !== entry.name) process.stdout.write(`renamed context "${entry.name}" -> "${name}"\n`);
        whole['current-context'] = name;
      }
    }
    whole[list] = have;
  }
  return goYaml(whole);
}
