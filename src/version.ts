import manifest from '../package.json' with { type: 'json' };

/** Version of the gateway, as package.json says it. */
export const VERSION: string = manifest.version;
