import type { FailureParts } from './failure.ts';

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const NO_HANDLES = new Set(['EMFILE', 'ENFILE']);
const NO_RIGHT = new Set(['EACCES', 'EPERM', 'EROFS']);
const IN_THE_WAY = new Set(['ENOTDIR', 'EEXIST', 'EISDIR']);

/**
 * What the operating system refused, as a person can mend it: no room, no right, something else in the way, too many open
 * files. undefined for anything else. The codes are those of open(2) and write(2); EFBIG is a limit on the size of files (ulimit -f).
 */
export function diskTrouble(error: unknown): Required<Pick<FailureParts, 'because' | 'hint'>> | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const code = String(error.code);
  const told = (hint: string): Required<Pick<FailureParts, 'because' | 'hint'>> => ({ because: error.message, hint: `${hint}, then run the same command again.` });
  if (NO_ROOM.has(code)) return told('The disk is full (df -h) or a limit is reached (ulimit -f, a quota): make room');
  if (NO_HANDLES.has(code)) return told('Allow more open files (ulimit -n)');
  // Without a path it is not a file that was refused (a signal, a connection).
  if (!('path' in error)) return undefined;
  if (NO_RIGHT.has(code)) return told('Make the folder writable (or set TASK_DIR to one that is)');
  if (IN_THE_WAY.has(code)) return told('Move away what lies there (or set TASK_DIR to another folder)');
  return undefined;
}
