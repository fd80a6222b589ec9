import { expect, test } from 'vitest';
import { claimPort } from '../../scripts/port.ts';
import { useGateway } from './client.ts';
import { askDoctor } from './doctor.ts';

const { gateway } = useGateway();

test('the doctor looks at this machine and at a running gateway, and shows no secret', async () => {
  const { token } = gateway().settings;
  const { says, code, all } = await askDoctor(gateway().url, token);
  expect(says).toMatchObject({
    node: expect.stringMatching(/^ok: /),
    claude: 'ok: 2.1.330',
    'key of claude': expect.stringMatching(/^ok: Accepted/),
    KV: expect.stringMatching(/^ok/),
    executor: expect.stringContaining('grok 1.0.41'),
  });
  expect(code, all).toBe(0);
  expect(all).not.toContain(token);
});

test('a wrong token is told, and the exit code is 1', async () => {
  const { says, code } = await askDoctor(gateway().url, 'a-token-of-somebody-else');
  expect(says.gateway).toMatch(/^WRONG: .*HTTP 401.*GATEWAY_TOKEN/);
  expect(code).toBe(1);
});

test('where no gateway answers it says so, and what is set', async () => {
  const { says } = await askDoctor(`http://127.0.0.1:${await claimPort(0)}`, 'a-made-up-gateway-token');
  expect(says.port).toMatch(/^note: No gateway answers/);
});
