import { expect, test } from 'vitest';
import { isPublicHttps } from '../../src/public-url.ts';

const urls: [url: string, isPublic: boolean][] = [
  ['https://hooks.example.com/approvals?x=1', true],
  ['https://example.com:8443/', true],
  ['https://8.8.8.8/', true],
  ['https://[2606:4700::1111]/', true],
  ['http://example.com/', false],
  ['ftp://example.com/', false],
  ['https://user:secret@example.com/', false],
  ['https://localhost/', false],
  ['https://LOCALHOST./', false],
  ['https://app.localhost/', false],
  ['https://printer.local/', false],
  ['https://gate.internal/', false],
  ['https://intranet/', false],
  ['https://127.0.0.1/', false],
  ['https://2130706433/', false],
  ['https://0x7f.1/', false],
  ['https://10.1.2.3/', false],
  ['https://172.16.0.1/', false],
  ['https://192.168.1.1/', false],
  ['https://169.254.169.254/latest/meta-data', false],
  ['https://100.64.0.1/', false],
  ['https://0.0.0.0/', false],
  ['https://[::1]/', false],
  ['https://[fe80::1]/', false],
  ['https://[fd00::1]/', false],
  ['https://[::ffff:127.0.0.1]/', false],
  ['https://[::ffff:8.8.8.8]/', true],
  ['no url', false],
];

test.each(urls)('%s is public: %s', (url, isPublic) => {
  expect(isPublicHttps(url)).toBe(isPublic);
});
