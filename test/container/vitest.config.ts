import { defineConfig } from 'vitest/config';
import { ROOT } from '../../scripts/local/environment.ts';

const shared = { globalSetup: ['test/container/helpers/setup.ts'], testTimeout: 180_000, hookTimeout: 600_000 };
const FIGURES = 'test/container/figures.test.ts';

// Separate from the other projects, because it needs a Docker engine and builds an image. Nothing else runs during the measurements.
export default defineConfig({
  test: {
    root: ROOT,
    projects: [
      { test: { ...shared, name: 'figures', root: ROOT, include: [FIGURES], sequence: { groupOrder: 1 } } },
      {
        test: {
          ...shared,
          name: 'container',
          root: ROOT,
          include: ['test/container/**/*.test.ts'],
          exclude: [FIGURES],
          sequence: { groupOrder: 2 },
          maxWorkers: 3,
        },
      },
    ],
  },
});
