import { z } from 'zod';

/** Fields of what a CLI writes. One of an unexpected type is as good as absent: the CLIs add and change fields without notice. */
export const text = z.string().optional().catch(undefined);
export const count = z.int().nonnegative().optional().catch(undefined);
export const amount = z.number().nonnegative().optional().catch(undefined);
export const list = z.array(z.unknown()).optional().catch(undefined);
export const flag = z.boolean().optional().catch(undefined);
