// Loaded with each test file, because its helpers are loaded once for many.
import { afterAll } from 'vitest';
import { removeLeftovers } from './executor.ts';

afterAll(removeLeftovers);
