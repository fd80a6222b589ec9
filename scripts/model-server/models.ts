// Grok offers only the efforts that the model's row lists; without them it drops --effort silently.
const EFFORTS = ['low', 'medium', 'high'];

/** GET /v1/models. */
export function modelsResponse(names: string[]) {
  const data = names.map((id) => ({
    id,
    object: 'model',
    type: 'model',
    display_name: id,
    created: 1_750_000_000,
    created_at: '2025-06-15T00:00:00Z',
    owned_by: id.startsWith('grok') ? 'xai' : 'anthropic',
    capabilities: { reasoning_effort: EFFORTS },
  }));
  return { object: 'list', has_more: false, first_id: names[0], last_id: names.at(-1), data };
}
