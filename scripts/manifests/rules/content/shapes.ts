/** What secrets look like. */

/** A secret somebody issues, known by its shape. `says` is whose it is. */
export interface Shape { readonly says: string; readonly pattern: RegExp }

/**
 * Shapes as their issuers document them; each begins with something no other text has, so that a hit is one. The first group, where there
 * is one, is the secret itself.
 */
export const SHAPES: readonly Shape[] = [
  { says: 'a private key', pattern: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?=\s+[A-Za-z0-9+/=\s\\n]{40})/g },
  { says: 'an access key of AWS', pattern: /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/g },
  { says: 'a token of GitHub', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b/g },
  { says: 'a token of GitLab', pattern: /\bgl(?:pat|ptt|rt|dt|oas|cbt|ft)-[\w-]{20,}/g },
  { says: 'a token of Slack', pattern: /\bxox[abeoprs]-(?:\d+-)+[A-Za-z0-9-]{10,}/g },
  { says: 'a webhook of Slack', pattern: /\bhooks\.slack\.com\/(?:services|workflows)\/(T[A-Z0-9]{6,}\/[A-Z0-9]{6,}\/[A-Za-z0-9]{16,})/g },
  { says: 'a webhook of Discord', pattern: /\bdiscord(?:app)?\.com\/api\/webhooks\/(\d{15,}\/[\w-]{50,})/g },
  { says: 'a token of a Telegram bot', pattern: /\b\d{8,10}:AA[\w-]{33}\b/g },
  { says: 'a service account token of 1Password', pattern: /\bops_eyJ[A-Za-z0-9+/=_-]{100,}/g },
  { says: 'a tunnel token of Cloudflare', pattern: /\beyJhIjoi[A-Za-z0-9+/=_-]{80,}/g },
  { says: 'an origin CA key of Cloudflare', pattern: /\bv1\.0-[0-9a-f]{24}-[0-9a-f]{100,}\b/g },
  { says: 'a JSON web token', pattern: /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}/g },
  { says: 'an API key of Google', pattern: /\bAIza[\w-]{35}\b/g },
  { says: 'a secret key of Stripe', pattern: /\b[rs]k_live_[0-9a-zA-Z]{20,}\b/g },
  { says: 'an API key of SendGrid', pattern: /\bSG\.[\w-]{20,24}\.[\w-]{39,50}/g },
  { says: 'a token of npm', pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { says: 'a token of DigitalOcean', pattern: /\bdo[opr]_v1_[a-f0-9]{64}\b/g },
  { says: 'a key of Tailscale', pattern: /\btskey-(?:auth|client|api|scim|webhook)-\w+-\w{20,}/g },
  { says: 'a private key of age', pattern: /\bAGE-SECRET-KEY-1[A-Z0-9]{58}\b/g },
  { says: 'a token of Docker Hub', pattern: /\bdckr_(?:pat|oat)_[\w-]{27,}/g },
  { says: 'a token of Grafana', pattern: /\bglsa_[A-Za-z0-9]{32}_[0-9a-f]{8}\b/g },
  { says: 'a token of Vault', pattern: /\bhvs\.[\w-]{24,}/g },
  { says: 'a key of OpenAI', pattern: /\bsk-(?:proj-|svcacct-)?[A-Za-z0-9]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}/g },
  { says: 'an account key of Azure', pattern: /\bAccountKey=([A-Za-z0-9+/]{80,}={0,2})/g },
  { says: 'a password in an address', pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'`$<>{}()|\\]+:([^\s:/@"'`$<>{}()|\\]{3,})@[\w.[\]-]+/gi },
];
const ANY = new RegExp(SHAPES.map(({ pattern }) => `(?:${pattern.source})`).join('|'), 'i');

/** Every secret in a text that is known by its shape, with where it stands. Placeholders are none. */
export function* shapesIn(text: string): Iterable<{ readonly says: string; readonly at: number; readonly length: number }> {
  if (!ANY.test(text)) return;
  const taken: [number, number][] = [];
  for (const { says, pattern } of SHAPES) {
    for (const match of text.matchAll(pattern)) {
      const secret = match[1] ?? match[0];
      const at = match.index + match[0].lastIndexOf(secret);
      if (isPlaceholder(secret) || taken.some(([from, to]) => at < to && at + secret.length > from)) continue;
      taken.push([at, at + secret.length]);
      yield { says, at, length: secret.length };
    }
  }
}

/** Whether a value stands for another: an example, a reference, a variable, stars. */
export function isPlaceholder(value: string): boolean {
  const bare = value.trim();
  return bare === ''
    || /example|change.?me|placeholder|dummy|redacted|replace|todo|fixme|your[-_ ]|insert|sample|foobar|xxx|\*\*\*|\.\.\.|<[^>]*>|^\[.*\]$|^none$|^null$|^nil$|^undefined$|^true$|^false$/i.test(bare)
    || /\$\{|\$\(|\{\{|%\{|<%|<<|^\$\w+$|^%\w+%$|^(?:op|vault|awssm|gcpsm|ref\+\w+|secret|env|file):\/\/|^ENC\[|^[!&*]/.test(bare)
    // Vault in values of other tools: @json, #{...}; and one sign again and again.
    || /^#\{|^(.)\1*$/.test(bare);
}

/** Last words of keys that hold a secret. What names, counts or finds one (`passwordKey`, `tokenTTL`, `secretName`) ends otherwise. */
const SECRET_KEY = /(?:^|[_.\-/ ]|(?<=[a-z0-9]))(?:pass|passwd|password|passphrase|pwd|secret|token|credential|credentials|api[-_]?key|apikey|access[-_]?key|secret[-_]?key|private[-_]?key|auth[-_]?key|encryption[-_]?key|signing[-_]?key|master[-_]?key|client[-_]?secret|psk|hmac|webhook[-_]?secret)s?$/i;
/** Those of them that name something else in Kubernetes: a key within a Secret, a Secret by its name. */
const NAMING_KEY = /^(?:secretKey|secret|token|credentials|accessKey|existingSecret|imagePullSecret|pullSecret|tlsSecret|privateKey)$/;

/** Whether a value under this key is a secret by what it is called and how random it looks. */
export function looksSecret(key: string, value: string): boolean {
  if (!SECRET_KEY.test(key) || isPlaceholder(value)) return false;
  const bare = value.trim();
  // Names, paths, addresses, sentences, references are not what they name.
  if (/\s|^\/|^\.{1,2}\/|:\/\//.test(bare) || bare.length < 8 || bare.length > 4096) return false;
  if (/^[A-Za-z]+(?:[-_./:][A-Za-z]+)*$/.test(bare) || /^\d+(?:\.\d+)*[a-zA-Z]{0,2}$/.test(bare)) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((each) => each.test(bare)).length;
  const sure = !NAMING_KEY.test(key);
  if (/^[0-9a-f]{20,}$/i.test(bare)) return entropy(bare) > 2.8;
  // Words and numbers joined by dashes and dots are names: postgres-16-app, s3.eu-west-1.
  if (/^[a-z0-9]+(?:[-._/:][a-z0-9]+)*$/.test(bare) && bare.split(/[-._/:]/).every((part) => /^[a-z]*\d{0,4}$|^v?\d+[a-z]?$/.test(part))) return false;
  if (bare.length >= 16 && kinds >= 2) return entropy(bare) > (sure ? 3.2 : 3.7);
  return sure && kinds >= 3 && entropy(bare) > 2.5;
}

/** Bits of surprise per character (Shannon). */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
