/** Header `server` of the bundled model endpoint, which accepts any key. */
export const BUNDLED_SERVER = 'llm-cli-gateway-offline';
