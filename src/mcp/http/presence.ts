import { clock } from '../../clock.ts';

/** A call that took less is answered without a probe, in ms. */
export const PROBED_AFTER_MS = 1_000;

/** Probes of a connection, and the time after each, in ms. A closed connection refuses the first write, so only the second one fails. */
const PROBES = 4;
const PROBE_MS = 60;

/** A comment of an event stream: clients ignore it. */
const COMMENT = new TextEncoder().encode(': probe\n\n');

/** Whether the client of one request still reads its answer. */
export class Presence {
  readonly #since = clock.now();
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  #hasLeft = false;

  /** The response, watched if it is an event stream. Any other response is made when there is nothing more to wait for. */
  watch(response: Response): Response {
    const { body, headers } = response;
    if (!body || !headers.get('content-type')?.startsWith('text/event-stream')) return response;
    const reader = body.getReader();
    const watched = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#stream = controller;
      },
      pull: async (controller) => {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        this.#stream = undefined;
        controller.close();
      },
      cancel: (reason) => {
        this.#hasLeft = true;
        this.#stream = undefined;
        return reader.cancel(reason);
      },
    });
    return new Response(watched, response);
  }

  /** Whether the client is still there. Writes to a stream that has been open for a while, because only a write shows that a client left. */
  async isListening(): Promise<boolean> {
    if (clock.now() - this.#since < PROBED_AFTER_MS) return !this.#hasLeft;
    for (let i = 0; i < PROBES && this.#stream; i += 1) {
      this.#stream.enqueue(COMMENT);
      await new Promise((resolve) => setTimeout(resolve, PROBE_MS));
    }
    return !this.#hasLeft;
  }
}
