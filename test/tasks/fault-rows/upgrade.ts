/** The faults that talos-upgrade.test.ts speaks of; fault-rows.test.ts holds its text against this list. */
export const UPGRADE_ROWS: readonly string[] = ['upgrade-does-not-boot', 'upgrade-unhealthy', 'installer-unreachable'];
