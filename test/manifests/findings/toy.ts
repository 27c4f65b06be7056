import type { Report, RuleFacts, Told } from '../../../scripts/manifests/findings/report.ts';

export const rule = (id: string, more: Partial<RuleFacts> = {}): RuleFacts => ({ id, group: 'flux', severity: 'error', summary: `What ${id} wants holds`, why: `Otherwise ${id} goes wrong`, secret: false, ...more });

export function told(more: Partial<Told> & { readonly at?: readonly [line: number, column: number, length: number] } = {}): Told {
  const { at = [3, 9, 4], ...rest } = more;
  return {
    rule: 'known-name', severity: 'error', clusters: ['infra', 'apps'], object: 'ConfigMap web/settings', message: 'nobody is called Otto', hint: 'name somebody who is there', related: [], fix: null, text: '  name: Otto',
    spot: { file: 'apps/web/app.yaml', line: at[0], column: at[1], length: at[2] }, ...rest,
  };
}

export function report(more: Partial<Report> = {}): Report {
  return {
    root: '/tree', prefix: '', findings: [], silenced: [], rules: [rule('known-name'), rule('known-place', { severity: 'warning', group: 'network' })],
    clusters: [{ name: 'infra', entry: 'clusters/infra', kustomizations: 3, objects: 10, releases: 2, rendered: 2 }, { name: 'apps', entry: 'clusters/apps', kustomizations: 1, objects: 5, releases: 1, rendered: 0 }],
    ...more,
  };
}
