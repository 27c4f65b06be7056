/** Who may call what: the roles of Talos's own API (machined's rules), by the names the calls have in talos-api.ts. */
const ADMIN = 'os:admin';
const OPERATOR = 'os:operator';
const READER = 'os:reader';
const BACKUP = 'os:etcd:backup';
/** Calls that no role but the administrator's may make. */
const ADMINS_ALONE = new Set([
  'ApplyConfiguration', 'Bootstrap', 'Copy', 'EtcdForfeitLeadership', 'EtcdLeaveCluster', 'EtcdRecover', 'EtcdRemoveMemberByID', 'EtcdDowngradeValidate', 'EtcdDowngradeEnable', 'EtcdDowngradeCancel',
  'GenerateClientConfiguration', 'Kubeconfig', 'MachineConfig', 'MetaWrite', 'MetaDelete', 'Read', 'Reset', 'Rollback', 'Upgrade', 'BlockDeviceWipe',
]);
/** Calls that change something and are the operator's too. */
const OPERATORS = new Set(['EtcdAlarmDisarm', 'EtcdDefragment', 'ImagePull', 'PacketCapture', 'Reboot', 'Restart', 'ServiceRestart', 'ServiceStart', 'ServiceStop', 'Shutdown', 'EtcdSnapshot']);
const BACKUPS = new Set(['EtcdAlarmList', 'EtcdMemberList', 'EtcdSnapshot', 'EtcdStatus']);

/** True when one of the roles may make the call. `roles` is O of the client's certificate. */
export function mayCall(roles: readonly string[], method: string): boolean {
  return roles.some((role) => role === ADMIN || (role === BACKUP && BACKUPS.has(method)) || (role === OPERATOR && !ADMINS_ALONE.has(method)) || (role === READER && !ADMINS_ALONE.has(method) && !OPERATORS.has(method)));
}
/** Resources that hold secrets are the administrator's alone. */
export const maySeeSecrets = (roles: readonly string[]): boolean => roles.includes(ADMIN);
