import { expect, test } from 'vitest';
import { isPinned } from '../../../scripts/manifests/build/remote.ts';

test.each([
  ['https://github.com/some/app//deploy?ref=v1.2.3', true],
  ['https://github.com/some/app//deploy?ref=0123456789abcdef0123456789abcdef01234567', true],
  ['github.com/some/app/deploy?version=2.0', true],
  ['https://github.com/some/app/releases/download/v1.2.3/install.yaml', true],
  ['https://raw.githubusercontent.com/some/app/v1.2.3/install.yaml', true],
  ['https://github.com/some/app//deploy?ref=main', false],
  ['https://github.com/some/app//deploy?ref=', false],
  ['https://github.com/some/app//deploy', false],
  ['https://github.com/some/app/releases/latest/download/install.yaml', false],
  ['https://raw.githubusercontent.com/some/app/main/install.yaml', false],
  ['git@github.com:some/app.git', false],
])('%s: %s', (address, pinned) => {
  expect(isPinned(address)).toBe(pinned);
});
