import { defineConfig } from 'vitest/config';

// Apart from the other projects: it needs a Docker engine and builds an image.
export default defineConfig({
  test: {
    name: 'container',
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});
