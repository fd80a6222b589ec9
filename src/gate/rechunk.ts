/** Bytes of one read. workerd reads 4 KiB by itself, and Grok goes over an unfinished event from its start at every piece. */
const READ_BYTES = 65_536;

/** The same answer in larger pieces; what is there is passed on at once. */
export function withWideReads(answer: Response): Response {
  if (!answer.body) return answer;
  const reader = answer.body.getReader({ mode: 'byob' });
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await reader.read(new Uint8Array(READ_BYTES));
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(body, answer);
}
