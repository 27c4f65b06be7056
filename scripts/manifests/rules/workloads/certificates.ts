import type { Path } from '../../../config/source.ts';
import { listed, meant } from '../../../config/words.ts';
import type { Built, Found, Rule, View } from '../../model.types.ts';
import { indexOf, type Index } from '../../index/index.ts';
import { at, entries, fields, isHole, isUnknown, items, text } from '../../index/read.ts';

type Finding = Omit<Found, 'rule'>;
const GROUP = 'cert-manager.io';

interface IssuerRef { readonly built: Built; readonly kind: 'Issuer' | 'ClusterIssuer'; readonly name: string; readonly path: Path }

/** Who asks which issuer: Certificates, and Ingresses and Gateways by annotation. */
function* issuerRefs(index: Index): Iterable<IssuerRef> {
  for (const built of index.kind(`${GROUP}/Certificate`)) {
    const ref = fields(at(built.object['spec'], 'issuerRef'));
    const [name, kind, group] = [text(ref['name']), ref['kind'] ?? 'Issuer', ref['group'] ?? GROUP];
    if (name !== undefined && group === GROUP && (kind === 'Issuer' || kind === 'ClusterIssuer')) yield { built, kind, name, path: ['spec', 'issuerRef', 'name'] };
  }
  for (const built of [...index.kind('networking.k8s.io/Ingress'), ...index.kind('gateway.networking.k8s.io/Gateway')]) {
    for (const [annotation, kind] of [['cert-manager.io/cluster-issuer', 'ClusterIssuer'], ['cert-manager.io/issuer', 'Issuer']] as const) {
      const annotations = fields(built.object.metadata.annotations);
      const name = text(annotations[annotation]);
      if (name !== undefined && (annotations['cert-manager.io/issuer-group'] ?? GROUP) === GROUP) yield { built, kind, name, path: ['metadata', 'annotations', annotation] };
    }
  }
}

export const certificateIssuer: Rule = {
  id: 'certificate-issuer',
  severity: 'error',
  summary: 'Issuers that certificates name exist.',
  why: 'The certificate is never issued, and what serves it has none.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const { built, kind, name, path } of issuerRefs(index)) {
      const namespace = kind === 'Issuer' ? index.namespaceOf(built) : '';
      if (index.exists(`${GROUP}/${kind}`, namespace, name) !== false) continue;
      const other = kind === 'Issuer' && index.find(`${GROUP}/ClusterIssuer`, '', name) !== undefined;
      yield { built, path, message: `nobody makes ${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`, hint: other ? 'there is a ClusterIssuer of that name: say kind: ClusterIssuer' : meant(name, index.names(`${GROUP}/${kind}`, namespace), 'name one that exists') };
    }
  },
};

export const certificateRequest: Rule = {
  id: 'certificate-request',
  severity: 'error',
  summary: 'What a certificate asks for can be issued.',
  why: 'The request is refused, or its challenges never end.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const built of index.kind(`${GROUP}/Certificate`)) {
      const spec = fields(built.object['spec']);
      const subjects = ['commonName', 'literalSubject', 'dnsNames', 'uris', 'ipAddresses', 'emailAddresses', 'otherNames'];
      if (subjects.every((field) => spec[field] === undefined || (Array.isArray(spec[field]) && items(spec[field]).length === 0))) {
        yield { built, path: ['spec'], message: 'the certificate is for nobody: it has no dnsNames, and no other name', hint: 'add dnsNames' };
      }
      const common = text(spec['commonName']);
      if (common !== undefined && common.length > 64) yield { built, path: ['spec', 'commonName'], message: `commonName is ${common.length} characters long, and may be 64`, hint: 'leave it out; dnsNames are enough' };
      for (const [position, name] of items(spec['dnsNames']).entries()) {
        const because = isHole(name) ? undefined : nameTrouble(String(name));
        if (because !== undefined) yield { built, path: ['spec', 'dnsNames', position], message: `${String(name)} is no name a certificate can have: ${because}`, hint: 'write a name like www.example.com or *.example.com' };
      }
      yield* lifetime(built, spec);
      yield* solvable(index, built, spec);
    }
  },
};

function nameTrouble(name: string): string | undefined {
  const labels = name.split('.');
  if (name.length > 253) return 'it is longer than 253 characters';
  if (labels.slice(1).some((label) => label.includes('*')) || (labels[0]?.includes('*') === true && labels[0] !== '*')) return 'a * stands alone, and first';
  const wrong = labels.find((label, index) => !(index === 0 && label === '*') && !/^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label));
  return wrong === undefined ? undefined : wrong === '' ? 'it has an empty part' : `${wrong} is no part of a name`;
}

const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };
function seconds(value: unknown): number | undefined {
  const written = text(value);
  if (written === undefined || !/^(?:\d+(?:\.\d+)?(?:h|ms|m|s))+$/.test(written)) return undefined;
  return [...written.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)].reduce((sum, [, number, unit = 's']) => sum + Number(number) * (UNITS[unit] ?? 1), 0);
}

function* lifetime(built: Built, spec: Readonly<Record<string, unknown>>): Iterable<Finding> {
  const [duration, before] = [spec['duration'] === undefined ? 90 * 24 * 3600 : seconds(spec['duration']), seconds(spec['renewBefore'])];
  for (const [field, value] of [['duration', spec['duration']], ['renewBefore', spec['renewBefore']]] as const) {
    const written = text(value);
    if (written !== undefined && seconds(written) === undefined) yield { built, path: ['spec', field], message: `${written} is no duration`, hint: 'write hours: 2160h' };
  }
  if (duration !== undefined && duration < 3600) yield { built, path: ['spec', 'duration'], message: 'a certificate lives an hour at least', hint: 'write hours: 2160h' };
  else if (duration !== undefined && before !== undefined && before >= duration) yield { built, path: ['spec', 'renewBefore'], message: 'it is renewed before it is issued: renewBefore is not below duration', hint: 'renew a third of its life before its end' };
}

/** Whether the issuer, by ACME, has a way to prove each name. */
function* solvable(index: Index, built: Built, spec: Readonly<Record<string, unknown>>): Iterable<Finding> {
  const ref = fields(spec['issuerRef']);
  const [name, cluster] = [text(ref['name']), ref['kind'] === 'ClusterIssuer'];
  const issuer = name === undefined ? undefined : index.find(`${GROUP}/${cluster ? 'ClusterIssuer' : 'Issuer'}`, cluster ? '' : index.namespaceOf(built), name);
  const solvers = entries(at(issuer?.object['spec'], 'acme', 'solvers')).map(({ entry }) => entry);
  if (issuer === undefined || solvers.length === 0 || isUnknown(solvers)) return;
  for (const [position, each] of items(spec['dnsNames']).entries()) {
    const dns = text(each);
    if (dns === undefined || nameTrouble(dns) !== undefined) continue;
    const chosen = solvers.filter((solver) => fits(solver['selector'], dns, built.object.metadata.labels));
    const path = ['spec', 'dnsNames', position];
    const related = [{ what: `the solvers of ${name ?? ''}`, source: { ...issuer.origin.source, at: [...issuer.origin.source.at, 'spec', 'acme', 'solvers'] } }];
    if (chosen.length === 0) yield { built, path, message: `no solver of ${name ?? ''} is for ${dns}`, hint: `add its zone to a solver; there is ${listed(zones(solvers))}`, related };
    else if (dns.startsWith('*.') && chosen.every((solver) => solver['dns01'] === undefined)) yield { built, path, message: `${dns} can only be proven by DNS, and the solvers of ${name ?? ''} for it answer by HTTP`, hint: 'add a dns01 solver for its zone', related };
  }
}

function fits(selector: unknown, dns: string, labels: unknown): boolean {
  if (selector === undefined || selector === null) return true;
  const [names, own, wanted] = [items(at(selector, 'dnsNames')), items(at(selector, 'dnsZones')), Object.entries(fields(at(selector, 'matchLabels')))];
  if (wanted.some(([key, value]) => fields(labels)[key] !== value)) return false;
  if (names.length > 0 && names.includes(dns)) return true;
  const bare = dns.replace(/^\*\./, '');
  if (own.some((zone) => bare === zone || bare.endsWith(`.${String(zone)}`))) return true;
  return names.length === 0 && own.length === 0;
}

function zones(solvers: readonly unknown[]): readonly string[] {
  return [...new Set(solvers.flatMap((solver) => [...items(at(solver, 'selector', 'dnsZones')), ...items(at(solver, 'selector', 'dnsNames'))].map(String)))];
}
