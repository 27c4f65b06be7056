/** A ustar archive (POSIX.1-1988) of a few small files, as kubeconfigs and copied folders travel. */

/** The archive's bytes, uncompressed. Names of at most 100 bytes; modes as of a private file. */
export function tar(files: Readonly<Record<string, Buffer>>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, content] of Object.entries(files)) {
    const head = Buffer.alloc(512);
    const put = (text: string, at: number): void => { head.write(text, at, 'latin1'); };
    const octal = (value: number, length: number): string => value.toString(8).padStart(length - 1, '0') + '\0';
    put(name.slice(0, 100), 0);
    put(octal(0o600, 8), 100);
    put(octal(0, 8), 108);
    put(octal(0, 8), 116);
    put(octal(content.length, 12), 124);
    put(octal(0, 12), 136);
    put('        ', 148);
    put('0', 156);
    put('ustar\x0000', 257);
    put(`${octal(head.reduce((sum, byte) => sum + byte, 0), 7)} `, 148);
    parts.push(head, content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}
