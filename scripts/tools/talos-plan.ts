import { Failure } from '../engine/failure.ts';
import type { ApplyPlan } from './day2.types.ts';

/** Keys of a machine configuration whose values are never shown; what stood there before is not in anybody's list of secrets. */
const SECRET_KEY = /^([ +-]?\s*(?:- )?(?:[\w.]*\.)?(?:key|token|secret|password|auth|identityToken|secretboxEncryptionSecret|aescbcEncryptionSecret|presharedKey|privateKey|passphrase)):\s+\S.*$/;
/** Long runs of base64: keys and certificates also stand where no key names them. */
const LONG = /[A-Za-z0-9+/=_-]{64,}/g;

/** Long, and nobody's secret: the id of a schematic in the name of an installer. */
const SCHEMATIC = /(?:^|\/)(?:metal-)?installer(?:-secureboot)?\/[0-9a-f]{64}$/;

/**
 * The summary of a dry-run apply (generateDiff in Talos' v1alpha1_server.go): how it would be taken up, then a unified diff or
 * "No changes.". Throws a Failure (75) for anything else.
 */
export function parseApplyPlan(text: string): ApplyPlan {
  if (/^\s*No changes\.?\s*$/m.test(text)) return { takes: 'none', diff: [] };
  const [summary = '', diff] = text.split(/^Config diff:\s*$/m);
  const takes = /with a reboot/.test(summary) ? 'reboot' : /without a reboot/.test(summary) ? 'live' : undefined;
  if (diff === undefined || takes === undefined) {
    const start = text.trim().slice(0, 160).replaceAll('\n', ' / ');
    throw new Failure({ exit: 'rerun', what: 'cannot read what applying the configuration would change', because: start === '' ? 'talosctl printed nothing' : `talosctl printed: ${start}`, hint: 'task tools:check   compares talosctl with the pinned version' });
  }
  return { takes, diff: diff.split(/\r?\n/).filter((line) => /^[+-]/.test(line) && !/^(?:---|\+\+\+) /.test(line)).map(masked) };
}

/** A line of a configuration without what must not be shown. */
export function masked(line: string): string {
  return line.replace(SECRET_KEY, '$1: [redacted]').replace(LONG, (run) => (SCHEMATIC.test(run) ? run : '[redacted]'));
}
