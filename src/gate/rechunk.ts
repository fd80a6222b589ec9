/** Bytes of one read. workerd reads 4 KiB by default, and a CLI may parse an unfinished event again at every chunk. */
const READ_BYTES = 65_536;

/** A response with larger chunks. Data that has arrived is passed on at once. */
export function rechunk(response: Response): Response {
  if (!response.body) return response;
  const reader = response.body.getReader({ mode: 'byob' });
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await reader.read(new Uint8Array(READ_BYTES));
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(body, response);
}
