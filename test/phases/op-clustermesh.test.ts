import { describe, expect, test } from 'vitest';
import { Failure } from '../../scripts/engine/failure.ts';
import opClustermesh from '../../scripts/phases/op-clustermesh.ts';
import type { ActionContext } from '../../scripts/phases/task.ts';
import type { OpItem, StoreAnswer } from '../../scripts/tools/doors.ts';
import { createArgs, itemTemplate } from '../../scripts/tools/op.ts';

const [CRT, KEY] = ['op://Infra/cilium-ca/CA_CRT', 'op://Infra/cilium-ca/CA_KEY'];
const LIVE = { 'ca.crt': '-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n', 'ca.key': '-----BEGIN PRIVATE KEY-----\nQg==\n-----END PRIVATE KEY-----\n' };
const NO_ITEM = `could not get item Infra/cilium-ca: "cilium-ca" isn't an item in the "Infra" vault.`;

/** One answer of the task against a store that answers so; what it made. */
async function run(answer: StoreAnswer, data: Readonly<Record<string, string>> = { 'ca.crt': CRT, 'ca.key': KEY }): Promise<{ readonly exit: string; readonly made: readonly OpItem[] }> {
  const made: OpItem[] = [];
  const cluster = { name: 'infra' };
  const context = {
    cluster, site: { bootstrap: { secrets: [{ name: 'cilium-ca', namespace: 'kube-system', data }] } },
    looking: { kube: { get: async () => ({ data: Object.fromEntries(Object.entries(LIVE).map(([key, value]) => [key, Buffer.from(value).toString('base64')])) }) } },
    doors: { op: { read: async () => answer, create: async (item: OpItem) => { made.push(item); } } },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a toy has only what the task asks for
  const cx = { clusters: [cluster], forCluster: () => context, redactor: { add: () => undefined }, flags: { dryRun: false } } as unknown as ActionContext;
  try {
    return { exit: (await opClustermesh(cx)).exit, made };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { exit: error.exit, made };
  }
}
const of = (values: Readonly<Record<string, string>>, because = ''): StoreAnswer => ({ values: new Map(Object.entries(values)), failed: [CRT, KEY].filter((reference) => values[reference] === undefined).map((reference) => ({ reference, because })) });

describe('op:clustermesh', () => {
  test.each<[string, StoreAnswer, string, number]>([
    ['equal', of({ [CRT]: LIVE['ca.crt'].trim(), [KEY]: LIVE['ca.key'] }), 'done', 0],
    ['equal, kept as base64', of({ [CRT]: Buffer.from(LIVE['ca.crt']).toString('base64'), [KEY]: LIVE['ca.key'] }), 'done', 0],
    ['another authority', of({ [CRT]: 'another', [KEY]: LIVE['ca.key'] }), 'look', 0],
    ['no item', of({}, NO_ITEM), 'done', 1],
    ['an item without a field', of({ [CRT]: LIVE['ca.crt'] }, "item 'Infra/cilium-ca' does not have a field 'CA_KEY'"), 'rerun', 0],
    ['an item without any of the fields', of({}, "item 'Infra/cilium-ca' does not have a field 'CA_CRT'"), 'rerun', 0],
    ['a vault that cannot be seen', of({}, '"Infra" isn\'t a vault in this account'), 'rerun', 0],
  ])('%s', async (_name, answer, exit, count) => {
    const ended = await run(answer);
    expect([ended.exit, ended.made.length]).toEqual([exit, count]);
  });
  test('the item it makes has the fields the references name', async () => {
    expect((await run(of({}, NO_ITEM))).made).toEqual([{ vault: 'Infra', title: 'cilium-ca', fields: { CA_CRT: LIVE['ca.crt'], CA_KEY: LIVE['ca.key'] } }]);
  });
  test('what is kept elsewhere is refused', async () => {
    expect((await run(of({}), { 'ca.crt': 'sops://file.yaml#crt', 'ca.key': KEY })).exit).toBe('configuration');
  });
  test('values go by standard input alone, with category and title in them', () => {
    expect(createArgs('Infra', 'work')).toEqual(['item', 'create', '-', '--vault', 'Infra', '--format', 'json', '--account', 'work']);
    expect(JSON.parse(itemTemplate({ title: 'cilium-ca', fields: { CA_KEY: 'x' } }))).toEqual({ title: 'cilium-ca', category: 'SECURE_NOTE', fields: [{ id: 'CA_KEY', type: 'CONCEALED', label: 'CA_KEY', value: 'x' }] });
  });
});
