import { providers } from './providers/index.ts';
import { serve } from './start.ts';

await serve(providers);
