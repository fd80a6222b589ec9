import { providers } from './providers/index.ts';
import { serve } from './serve.ts';

await serve(providers);
