import { Container, type State, type StopParams } from '@cloudflare/containers';
import { z } from 'zod';
import { EXECUTOR_ERRORS, type ExecutorError, Health } from '../../container/protocol.ts';
import { readConfig } from '../config.ts';
import { messageOf } from '../errors.ts';
import { handleModelRequest } from '../gate/gate.ts';
import { jobNameOfRun, jobOf } from '../objects.ts';
import { VERSION } from '../version.ts';
import { isHung } from './hung.ts';
import { noContainer } from './no-container.ts';
import { Served } from './served.ts';

const PORT = 8080;
/** A made-up host: interception leads it to the gate. */
const GATE_HOST = 'gate.internal';
/** Longest wait for a machine in ms: a job that waits for room is told so by then, and asks again. */
const MACHINE_MS = 10_000;
/** Longest wait for the executor in it, in ms. The first start after a deploy pulls the image. */
const START_MS = 60_000;
/** How often a start is looked at, in ms. */
const START_ROUND_MS = 100;
/** An executor that gives no health for this long hangs, in ms: its runs count as lost before (executorLostMs). */
const HEALTH_MS = 20_000;
/** A container that was told to stop gets no new run for this long, in ms: longer than its executor takes to end. */
const STOPPING_MS = 30_000;
/** Certificate of those who read allowed HTTPS traffic on its way out. */
const CERTIFICATE = '/etc/cloudflare/certs/cloudflare-containers-ca.crt';

const Canceled = z.object({ over: z.boolean() });

const refuse = (code: ExecutorError['code'], message: string) =>
  Response.json({ code, message } satisfies ExecutorError, { status: EXECUTOR_ERRORS[code] });

/** The container of an account and workspace. It is started for a run alone: a look at an old run never starts one. */
export class Runner extends Container<Env> {
  readonly #config = readConfig(this.env);
  readonly #served = new Served(this.ctx.storage);
  readonly #token = this.#keptToken();
  /** Requests so far. */
  #requests = 0;
  #stoppingUntil = 0;
  readonly #opens = this.#config.egressAllow.length > 0;

  override defaultPort = PORT;
  override sleepAfter = this.#config.limits.containerIdleMs / 1_000;
  override enableInternet = false;
  override allowedHosts = this.#opens ? [GATE_HOST, ...this.#config.egressAllow] : undefined;
  override interceptHttps = this.#opens;
  override envVars = {
    EXECUTOR_TOKEN: this.#token,
    ...(this.#opens && { NODE_EXTRA_CA_CERTS: CERTIFICATE, SSL_CERT_FILE: CERTIFICATE, GIT_SSL_CAINFO: CERTIFICATE }),
  };

  /** Of this container alone; a container outlives the object that started it. */
  #keptToken(): string {
    const { kv } = this.ctx.storage;
    const kept = kv.get('token');
    if (typeof kept === 'string') return kept;
    const made = crypto.randomUUID() + crypto.randomUUID();
    kv.put('token', made);
    return made;
  }

  get #isRunning(): boolean {
    return this.ctx.container?.running ?? false;
  }

  /** The executor's HTTP interface. `?wake` on /health starts the container; nothing else does. */
  override async fetch(request: Request): Promise<Response> {
    this.#requests += 1;
    const { pathname, searchParams } = new URL(request.url);
    const wakes = pathname === '/health' && searchParams.has('wake');
    if ((wakes || request.method === 'PUT') && this.#isRunning && Date.now() < this.#stoppingUntil)
      return refuse('shutting_down', 'The container is going to sleep: the next request wakes it.');
    if (wakes) {
      const refusal = await this.#wake();
      if (refusal) return refusal;
    }
    const [, run] = /^\/runs\/([^/]+)/.exec(pathname) ?? [];
    const job = run && this.ctx.id.name && jobNameOfRun(this.ctx.id.name, run);
    if (!this.#isRunning) return this.#absent(request.method, job);
    if (job && request.method === 'PUT') this.#served.add(job);
    const answer = await this.#send(request);
    if (job && request.method === 'DELETE' && (await isOver(answer))) this.#served.remove(job);
    return answer;
  }

  /** What an executor that lost everything would say. */
  #absent(method: string, job: string | undefined): Response {
    if (job === undefined) return refuse('shutting_down', 'The container sleeps: the next request wakes it.');
    if (method === 'PUT') return refuse('state_changed', 'The container stopped since it was asked.');
    // Its job is about to be told why: whoever looks first is not to be told less.
    if (this.#served.has(job)) return refuse('shutting_down', 'The container stopped just now.');
    return refuse('run_not_found', 'Its container is not running any more.');
  }

  async #send(request: Request): Promise<Response> {
    const { container } = this.ctx;
    if (!container) throw new Error('containers are not enabled');
    const headers = new Headers(request.headers);
    headers.set('authorization', `Bearer ${this.#token}`);
    this.renewActivityTimeout();
    try {
      return await container.getTcpPort(PORT).fetch(request.url.replace(/^https:/, 'http:'), new Request(request, { headers }));
    } finally {
      this.renewActivityTimeout();
    }
  }

  /** Null where the executor does not answer in time, undefined where it is not reached or not understood. */
  async #health(): Promise<Health | null | undefined> {
    const signal = AbortSignal.timeout(HEALTH_MS);
    const answer = await this.#send(new Request('http://executor/health', { signal })).catch(() => undefined);
    if (!answer && signal.aborted) return null;
    return Health.safeParse(await answer?.json().catch(() => null)).data;
  }

  /** Starts the container unless it runs. A refusal lets the job wait. */
  async #wake(): Promise<Response | null> {
    if (this.#isRunning) await this.#clear();
    else this.#stoppingUntil = 0;
    const timeouts = { instanceGetTimeoutMS: MACHINE_MS, portReadyTimeoutMS: START_MS, waitInterval: START_ROUND_MS };
    try {
      await this.startAndWaitForPorts({ ports: PORT, cancellationOptions: timeouts });
      return null;
    } catch (error) {
      this.#log('no container', error);
      const { code, message } = noContainer(error);
      return refuse(code, message);
    }
  }

  /** Destroys a container that is not to get another run: it hangs, or is of an earlier version. */
  async #clear(): Promise<void> {
    const before = await this.getState();
    const health = await this.#health();
    if (health === null) return this.#destroyHung(before);
    if (!health || !this.#isOld(health)) return;
    this.ctx.storage.kv.put('replacedFor', VERSION);
    await this.#destroyNow();
  }

  /** An earlier version goes when nothing runs in it: once, because the new image may come later than this code. */
  #isOld({ running, version }: Health): boolean {
    // A job that is served may have come since, or still has a log to read there.
    const isIdle = running === 0 && this.#served.isEmpty;
    return isIdle && version !== VERSION && this.ctx.storage.kv.get('replacedFor') !== VERSION;
  }

  /** `before`: the container's state when its health was asked for. */
  async #destroyHung(before: State): Promise<void> {
    if (!this.#isRunning || !isHung(before, await this.getState(), MACHINE_MS + START_MS, Date.now())) return;
    this.#log('the container is destroyed', `its executor gave no health within ${HEALTH_MS} ms`);
    await this.#destroyNow();
  }

  async #destroyNow(): Promise<void> {
    this.#stoppingUntil = Date.now() + STOPPING_MS;
    await this.destroy();
    this.#stoppingUntil = 0;
  }

  override async onActivityExpired(): Promise<void> {
    const requests = this.#requests;
    const before = await this.getState();
    const health = await this.#health();
    if (health === null) return this.#destroyHung(before);
    if ((health && health.running > 0) || requests !== this.#requests) return;
    this.#stoppingUntil = Date.now() + STOPPING_MS;
    await this.stop();
  }

  override async onStop({ exitCode }: StopParams): Promise<void> {
    await this.#tellJobs(`The container stopped while the job ran (exit code ${exitCode}).`);
  }

  override async onError(error: unknown): Promise<void> {
    this.#log('the container failed', error);
    if (!this.#isRunning) await this.#tellJobs('The container failed while the job ran.');
  }

  async #tellJobs(what: string): Promise<void> {
    await Promise.allSettled(this.#served.take().map((job) => jobOf(this.env, job).executorGone(what)));
  }

  #log(what: string, error: unknown): void {
    console.error(JSON.stringify({ runner: this.ctx.id.name, what, error: messageOf(error) }));
  }
}

// An assignment, because a static field would define the property and so miss the setter that registers the handlers.
Runner.outboundByHost = { [GATE_HOST]: handleModelRequest };

/** Whether an answer to DELETE says that the run had ended; the answer itself stays unread. */
async function isOver(answer: Response): Promise<boolean> {
  const body = await answer
    .clone()
    .json()
    .catch(() => null);
  return Canceled.safeParse(body).data?.over ?? !answer.ok;
}
