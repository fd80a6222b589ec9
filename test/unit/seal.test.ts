import { expect, test } from 'vitest';
import { seal, unseal } from '../../src/auth/credentials/seal.ts';

const SECRET = 'a made-up secret of the gateway';
const PLACE = 'owner\nXAI_API_KEY';

test('a sealed text opens with its secret and for its place, and no two seals are alike', async () => {
  const [first, second] = [await seal(SECRET, PLACE, 'xai-made-up'), await seal(SECRET, PLACE, 'xai-made-up')];
  expect(first).not.toBe(second);
  expect(Buffer.from(first, 'base64url').toString('latin1')).not.toContain('xai-made-up');
  expect(await unseal(SECRET, PLACE, first)).toBe('xai-made-up');
});

const broken: [what: string, secret: string, place: string, change: (sealed: string) => string][] = [
  ['another secret', 'another made-up secret', PLACE, (sealed) => sealed],
  ['another account', SECRET, 'someone\nXAI_API_KEY', (sealed) => sealed],
  ['another name', SECRET, 'owner\nANTHROPIC_API_KEY', (sealed) => sealed],
  ['a changed bit', SECRET, PLACE, (sealed) => (sealed.startsWith('A') ? 'B' : 'A') + sealed.slice(1)],
  ['a cut text', SECRET, PLACE, (sealed) => sealed.slice(0, 8)],
  ['no text', SECRET, PLACE, () => ''],
];

test.each(broken)('%s opens nothing', async (_what, secret, place, change) => {
  expect(await unseal(secret, place, change(await seal(SECRET, PLACE, 'xai-made-up')))).toBeUndefined();
});
