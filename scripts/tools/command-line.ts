/** A command line a person can copy: words that need it are quoted for a POSIX shell. */
export function commandLine(tool: string, argv: readonly string[]): string {
  return [tool, ...argv].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)).join(' ');
}

/** The last lines of what a tool said, fit for one reason: no blank lines, no escape codes, at most `lines` lines and `characters` characters. */
export function lastWords(text: string, lines = 6, characters = 900): string {
  const said = text
    // oxlint-disable-next-line no-control-regex -- colour codes are what is removed here
    .replace(/\u001B\[[0-9;]*[A-Za-z]/g, '')
    .split(/\r?\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const kept = said.slice(-lines).join('; ');
  return kept.length <= characters ? kept : `... ${kept.slice(-characters)}`;
}
