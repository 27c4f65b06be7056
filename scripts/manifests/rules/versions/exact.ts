import { MOVING } from '../../build/remote.ts';
import { indexOf } from '../../index/index.ts';
import { containers } from '../../index/pods.ts';
import { groupOf, isHole, text } from '../../index/read.ts';
import type { Rule } from '../../model.types.ts';
import { called, keyOf, spec } from '../flux/parts.ts';
import { deliveries, isExact, pinsOf } from './pinned.ts';

const WHY = 'Two clusters made of one commit are not the same, and what was tested is not what is installed: it changes when somebody else releases';

const charts: Rule = {
  id: 'version-pin', severity: 'error',
  summary: 'Every chart is pinned to exactly one version',
  why: WHY,
  *check(view) {
    const delivered = deliveries(view);
    const told = new Set<unknown>();
    for (const { by, chart, source, version, fixed, place } of pinsOf(view.tree)) {
      if (fixed || (version !== undefined && isExact(version)) || told.has(place.built) || delivered.has(keyOf(place.built.object))) continue;
      // Several releases may share one source.
      if (place.built !== by) told.add(place.built);
      const where = place.built === by ? called(by.object) : `${place.built.object.kind} ${place.built.object.metadata.name}`;
      if (version === undefined) yield { ...place, message: `${where} says no version of the chart ${chart}, so the newest is taken`, hint: source.startsWith('OCI') ? 'add spec.ref.tag with an exact version' : source.startsWith('Git') ? 'add spec.ref.tag or spec.ref.commit' : 'add version with an exact version beside the chart' };
      else yield { ...place, message: `${version} is no exact version of the chart ${chart}`, hint: source.startsWith('Git') ? 'take a tag or a commit instead' : 'pin it like 1.18.3' };
    }
    const ofCharts = new Set(pinsOf(view.tree).map(({ place }) => place.built));
    for (const built of view.tree.objects) {
      const { object } = built;
      if (object.kind !== 'OCIRepository' || !groupOf(object.apiVersion).startsWith('source.toolkit.fluxcd.io') || delivered.has(keyOf(object)) || ofCharts.has(built)) continue;
      const [tag, semver, digest] = ['tag', 'semver', 'digest'].map((key) => spec(built, 'ref', key));
      if (digest !== undefined || isHole(tag) || isHole(semver)) continue;
      if (semver === undefined && tag === undefined) yield { built, path: ['spec', 'url'], message: `OCIRepository ${object.metadata.name} says no tag, so latest is taken`, hint: 'add spec.ref.tag with an exact version' };
      else if (semver !== undefined && !isExact(String(semver))) yield { built, path: ['spec', 'ref', 'semver'], message: `${String(semver)} is no exact version of what OCIRepository ${object.metadata.name} holds`, hint: 'set spec.ref.tag to an exact version instead' };
      else if (semver === undefined && MOVING.has(String(tag))) yield { built, path: ['spec', 'ref', 'tag'], message: `the tag ${String(tag)} of OCIRepository ${object.metadata.name} moves`, hint: 'pin it to an exact version, or to a digest' };
    }
  },
};

const images: Rule = {
  id: 'image-pin', severity: 'error',
  summary: "Images of the tree's own workloads have a tag that does not move, or a digest",
  why: 'Every node that starts the pod takes what the tag means that day; pods of one workload run different programs, and a rollback brings nothing back',
  *check(view) {
    for (const pods of indexOf(view).pods) {
      if (pods.path === undefined || pods.built.release !== undefined) continue;
      for (const { name, fields, path } of containers(pods.spec, pods.path)) {
        const image = text(fields['image']);
        if (image === undefined || image === '' || image.includes('@sha256:')) continue;
        const last = image.slice(image.lastIndexOf('/') + 1);
        const tag = last.includes(':') ? last.slice(last.indexOf(':') + 1) : undefined;
        if (tag !== undefined && !MOVING.has(tag)) continue;
        yield {
          built: pods.built, path: [...path, 'image'],
          message: tag === undefined ? `the image ${image} of container ${name} has no tag, so latest is taken` : `the tag ${tag} of the image of container ${name} moves`,
          hint: 'give it the tag of a release, best with its digest: image:1.2.3@sha256:...',
        };
      }
    }
  },
};

export const EXACT_RULES: readonly Rule[] = [charts, images];
