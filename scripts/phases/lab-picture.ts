import type { Json, Outcome, Style } from '../engine/outcome.ts';
import { columns, table, wrap } from '../health/layout.ts';

type Told = Readonly<Record<string, unknown>>;

/** What the lab simulates now: its clock, then each cluster with its machines, then the faults that are on. */
export function labStatusOutcome(told: Told): Outcome {
  return outcome(told, (style) => [
    `${style.green('✔')} ${style.bold(`the lab ${word(told['id'])}`)}  clock x${word(told['speed'])}, ${instant(told['simulated'])} there, process ${word(told['pid'])}`,
    ...records(told['clusters']).flatMap((cluster) => clusterLines(cluster, style)),
    ...faultLines('faults on', records(told['faults']), style),
  ]);
}

/** A fault that was caused: where it is, what shows of it, what is expected of the runner, and how it ends. */
export function labBreakOutcome(told: Told): Outcome {
  const fault = record(told['fault']);
  return outcome(told, (style) => [
    `${style.green('✔')} ${style.bold(`${word(fault['fault'])} is on`)}  ${place(fault)}${told['chose'] === undefined ? '' : ` (${word(told['chose'])})`}`,
    ...labelled([['shows as', word(told['symptom'])], ['expected', word(told['outcome'])], ['ends', `task lab:heal: ${word(told['heals'])}`]], style),
  ]);
}

/** The faults that were ended. */
export function labHealOutcome(told: Told): Outcome {
  const healed = records(told['healed']);
  return outcome(told, (style) => [`${style.green('✔')} ${healed.length === 0 ? 'no fault was on' : 'healed'}`, ...(healed.length === 0 ? [] : faultLines('', healed, style))]);
}

/** That there is no lab any more, and whether there was one. */
export function labDownOutcome(told: Told): Outcome {
  return outcome(told, (style) => [`${style.green('✔')} ${told['was'] === false ? 'no lab was up here' : 'the lab is down, its clusters are forgotten'}`]);
}

function outcome(told: Told, render: (style: Style) => readonly string[]): Outcome {
  const result: Json = JSON.parse(JSON.stringify(told));
  return { exit: 'done', result, render };
}

function clusterLines(cluster: Told, style: Style): readonly string[] {
  const api = record(cluster['api']);
  const facts = [
    api['up'] === true ? `API up at ${word(api['address'])}` : 'API not up',
    `etcd ${word(cluster['members'])} members${cluster['quorum'] === true ? '' : ', no quorum'}`,
    `${word(cluster['nodes'])} nodes`,
  ];
  const rows = records(cluster['machines']).map((machine) => ['name', 'address', 'dial', 'phase', 'stage', 'etcd'].map((key) => ({ text: word(machine[key]) })));
  return ['', `  ${style.bold(word(cluster['name']))}  ${facts.join(', ')}`, ...table(['MACHINE', 'ADDRESS', 'ANSWERS AT', 'IS', 'STAGE', 'ETCD'], rows, style, 4)];
}

function faultLines(title: string, faults: readonly Told[], style: Style): readonly string[] {
  if (faults.length === 0) return ['', `  ${title}: none`];
  return [...(title === '' ? [] : ['', `  ${title}`]), ...faults.map((fault) => `  ${title === '' ? '' : '  '}${style.bold(word(fault['fault']))}  ${place(fault)}${fault['since'] === undefined ? '' : style.dim(`  since ${instant(fault['since'])}`)}`)];
}

/** Where a fault is, in words. */
function place(fault: Told): string {
  const cluster = word(fault['cluster']);
  return [cluster === '*' || cluster === '' ? 'everywhere' : cluster, ...['machine', 'object'].flatMap((key) => (fault[key] === undefined ? [] : [word(fault[key])]))].join(', ');
}

function labelled(pairs: readonly (readonly [label: string, text: string])[], style: Style): readonly string[] {
  const wide = Math.max(...pairs.map(([label]) => columns(label))) + 2;
  return pairs.flatMap(([label, text]) => wrap(text, style.width - wide - 2).map((line, index) => `  ${style.dim((index === 0 ? label : '').padEnd(wide))}${line}`));
}

/** To the second, as the lab's clock says it (UTC). */
function instant(value: unknown): string {
  return word(value).slice(0, 19).replace('T', ' ');
}
function word(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
function record(value: unknown): Told {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
}
function records(value: unknown): readonly Told[] {
  return Array.isArray(value) ? value.map(record) : [];
}
