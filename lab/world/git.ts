import { spawn } from 'node:child_process';
import type { GitTree } from './types.ts';

function git(root: string, argv: readonly string[], stdin?: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', ['-C', root, ...argv], { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out));
      else reject(new Error(`git ${argv[0]} in ${root}: ${Buffer.concat(err).toString().trim() || `exit ${code}`}`));
    });
    child.stdin.end(stdin ?? '');
  });
}

/** What a Git server would serve of the project: files at a commit, never of the work tree. Commits do not change, so what was read is kept. */
export function gitTree(root: string): GitTree {
  const kept = new Map<string, Promise<ReadonlyMap<string, string>>>();
  return {
    async head() {
      const [commit = '', branch = ''] = (await git(root, ['rev-parse', 'HEAD', '--abbrev-ref', 'HEAD'])).toString().trim().split('\n');
      return { commit, branch: branch === 'HEAD' ? 'main' : branch };
    },
    files(commit, prefix) {
      const key = `${commit}:${prefix}`;
      let answer = kept.get(key);
      if (answer === undefined) {
        answer = read(root, commit, prefix);
        kept.set(key, answer);
        // A failed reading is not an answer to keep.
        answer.catch(() => kept.delete(key));
        const oldest = kept.keys().next().value;
        if (kept.size > 16 && oldest !== undefined) kept.delete(oldest);
      }
      return answer;
    },
  };
}

async function read(root: string, commit: string, prefix: string): Promise<ReadonlyMap<string, string>> {
  const listing = (await git(root, ['ls-tree', '-r', '-z', '--full-tree', commit, ...(prefix === '' ? [] : ['--', prefix])])).toString();
  const blobs: { readonly path: string; readonly id: string }[] = [];
  for (const line of listing.split('\0')) {
    const [meta = '', path = ''] = line.split('\t');
    const [mode, type, id = ''] = meta.split(' ');
    if (type === 'blob' && mode !== '120000') blobs.push({ path, id });
  }
  const files = new Map<string, string>();
  if (blobs.length === 0) return files;
  const packed = await git(root, ['cat-file', '--batch'], blobs.map((blob) => blob.id).join('\n') + '\n');
  let at = 0;
  for (const blob of blobs) {
    const end = packed.indexOf(10, at);
    const size = Number(packed.subarray(at, end).toString().split(' ')[2]);
    if (!Number.isSafeInteger(size)) throw new Error(`git cat-file said nothing usable of ${blob.path} at ${commit}`);
    files.set(blob.path, packed.subarray(end + 1, end + 1 + size).toString());
    at = end + 1 + size + 1;
  }
  return files;
}
