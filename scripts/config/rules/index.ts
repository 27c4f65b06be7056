import { bootstrapObjects, crdManifests, crdProviders, fluxSource, namespaceLabels } from './bootstrap.ts';
import { releaseNamespaces, releaseNeeds, releaseOrder, releaseValues } from './helmfile.ts';
import { healthChecks, layersStart } from './layers.ts';
import { disks, machineAddresses, macs, patchesAgree, patchesUsed } from './machines.ts';
import { clusterIds, controlPlanes, endpoints, fileNamesMatch, machineNames, namesAreLabels } from './names.ts';
import { dnsAddress, mesh, networkForm, networkSizes, networksComputed, networksDisjoint, pools } from './networks.ts';
import { calendarDays, dataSetsKnown, gitBringsBack, outsideChecks, powerKnown, protections, recoveryNames, storesForm } from './recovery.ts';
import type { Rule } from './rule.ts';
import { noLiterals, secretNamespaces, secretReferences, secretsApart } from './secrets.ts';
import { settingsAgree, settingsObject, settingsUsed } from './settings.ts';
import { cephDisks } from './storage.ts';
import { dependencies, helmSources, treeNamespaces, treeReachable } from './tree.ts';
import { installerImage, pins, releasePins, treePins } from './versions.ts';

/** Every rule, by subject. Order does not matter: problems are sorted by place. */
export const RULES: readonly Rule[] = [
  namesAreLabels, fileNamesMatch, clusterIds, machineNames, endpoints, controlPlanes,
  networkForm, networkSizes, networksDisjoint, networksComputed, dnsAddress, pools, mesh,
  machineAddresses, macs, disks, patchesUsed, patchesAgree,
  secretReferences, secretsApart, secretNamespaces, noLiterals,
  pins, releasePins, treePins, installerImage,
  releaseValues, releaseNeeds, releaseOrder, releaseNamespaces,
  bootstrapObjects, namespaceLabels, crdManifests, crdProviders, fluxSource,
  settingsObject, settingsAgree, settingsUsed,
  treeReachable, dependencies, layersStart, healthChecks, helmSources, treeNamespaces, cephDisks,
  recoveryNames, dataSetsKnown, protections, gitBringsBack, storesForm, outsideChecks, powerKnown, calendarDays,
];
