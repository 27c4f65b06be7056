const UNITS: readonly { readonly unit: string; readonly ms: number }[] = [
  { unit: 'd', ms: 86_400_000 }, { unit: 'h', ms: 3_600_000 }, { unit: 'm', ms: 60_000 }, { unit: 's', ms: 1_000 },
];
/** Large units before small ones, each at most once. */
const FORM = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/;

/** ms of a duration as people write it: `45m`, `1h30m`, `90d`; undefined for anything else, and for none at all. */
export function parseDuration(text: string): number | undefined {
  const parts = FORM.exec(text);
  if (parts === null) return undefined;
  const ms = UNITS.reduce((sum, unit, index) => sum + Number(parts[index + 1] ?? 0) * unit.ms, 0);
  return ms > 0 && Number.isSafeInteger(ms) ? ms : undefined;
}

/** The same, written back: the two largest units that say something. */
export function formatDuration(ms: number): string {
  let rest = Math.max(0, Math.round(ms / 1000)) * 1000;
  const parts = UNITS.flatMap(({ unit, ms: each }) => {
    const count = Math.floor(rest / each);
    rest -= count * each;
    return count === 0 ? [] : [`${count}${unit}`];
  });
  return parts.slice(0, 2).join(' ') || '0s';
}
