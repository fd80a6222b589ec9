import { defineConfig } from 'vitest/config';
import { ROOT } from '../../scripts/environment.ts';

// Apart from the other projects: it needs a Docker engine and builds an image.
export default defineConfig({
  test: {
    name: 'container',
    root: ROOT,
    include: ['test/container/**/*.test.ts'],
    globalSetup: ['test/container/setup.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});
