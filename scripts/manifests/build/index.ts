/** Building a tree of Flux: what the controllers would apply, where each value comes from, and what is wrong with it. */
export { readTexts } from './texts.ts';
export { Parses } from './parses.ts';
export { readSettings } from '../settings.ts';
export { entriesOf, type Entry } from './entries.ts';
export { buildTree, buildTrees } from './tree.ts';
export { isUnknown, readable, UNKNOWN, unknownOf } from './unknown.ts';
export { BUILD_RULES, type BuildRule } from './rules.ts';
export { placeOf, type Place, type Writer } from './place.ts';
