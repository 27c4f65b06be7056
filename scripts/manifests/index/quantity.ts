const UNITS: Readonly<Record<string, number>> = {
  n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3, Ti: 1024 ** 4, Pi: 1024 ** 5, Ei: 1024 ** 6,
};
const FORM = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/;

/** A Kubernetes quantity (`100m`, `1.5Gi`, `2e3`) as a number; undefined for what Kubernetes refuses. */
export function quantity(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const [, digits, exponent, unit = ''] = FORM.exec(value) ?? [];
  if (digits === undefined) return undefined;
  const scale = exponent === undefined ? UNITS[unit] : 10 ** Number(exponent.slice(1));
  return scale === undefined ? undefined : Number(digits) * scale;
}

/** The quantity somebody most likely meant by what is none: `128mi`, `1GB`, `256 Mi`. */
export function likelyQuantity(value: string): string | undefined {
  const [, digits, unit] = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/.exec(value) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  const meant = { ki: 'Ki', mi: 'Mi', gi: 'Gi', ti: 'Ti', kb: 'k', mb: 'M', gb: 'G', tb: 'T', kib: 'Ki', mib: 'Mi', gib: 'Gi', tib: 'Ti', k: 'k', g: 'G', t: 'T', '': '' }[unit.toLowerCase()];
  return meant === undefined || `${digits}${meant}` === value ? undefined : `${digits}${meant}`;
}
