import { Container, type State, type StopParams } from '@cloudflare/containers';
import { z } from 'zod';
import { EXECUTOR_ERRORS, type ExecutorError, Health } from '../../container/protocol.ts';
import { readConfig, runShares } from '../config.ts';
import { messageOf } from '../errors.ts';
import { handleModelRequest } from '../gate/gate.ts';
import { jobNameOfRun, jobOf } from '../objects.ts';
import { VERSION } from '../version.ts';
import { ActiveJobs } from './active-jobs.ts';
import { isUnresponsive, startRefusal } from './container-state.ts';

const PORT = 8080;
/** A made-up host, whose requests are intercepted and go to the gate. */
const GATE_HOST = 'gate.internal';
/** Longest wait for a machine, in ms. After it the job reports that it waits for room, and tries again. */
const MACHINE_MAX_MS = 10_000;
/** Longest wait for the executor to start, in ms. The first start after a deploy pulls the image. */
const START_MAX_MS = 60_000;
/** Interval at which a start is checked, in ms. */
const START_CHECK_MS = 100;
/** How much longer than executorSilentMs, after which runs count as lost, a health answer may take, in ms. */
const HEALTH_MARGIN_MS = 5_000;
/** Time without new runs after a stop was requested, in ms. Longer than an executor takes to end. */
const STOPPING_MS = 30_000;
/** Certificate of the proxy that reads allowed HTTPS traffic on its way out. */
const CERTIFICATE = '/etc/cloudflare/certs/cloudflare-containers-ca.crt';

const Canceled = z.object({ over: z.boolean() });

const refuse = (code: ExecutorError['code'], message: string) =>
  Response.json({ code, message } satisfies ExecutorError, { status: EXECUTOR_ERRORS[code] });

/** The container of an account's workspace. Only a new run starts it; reading an old run never does. */
export class Runner extends Container<Env> {
  readonly #config = readConfig(this.env);
  readonly #jobs = new ActiveJobs(this.ctx.storage);
  readonly #token = this.#loadOrCreateToken();
  /** Number of requests so far. */
  #requests = 0;
  #stoppingUntil = 0;
  readonly #healthMaxMs = this.#config.limits.executorSilentMs + HEALTH_MARGIN_MS;
  readonly #hasEgress = this.#config.egressAllow.length > 0;

  override defaultPort = PORT;
  override sleepAfter = this.#config.limits.containerIdleMs / 1_000;
  override enableInternet = false;
  override allowedHosts = this.#hasEgress ? [GATE_HOST, ...this.#config.egressAllow] : undefined;
  override interceptHttps = this.#hasEgress;
  override envVars = {
    EXECUTOR_TOKEN: this.#token,
    EXECUTOR_RETENTION_DAYS: String(this.#config.limits.retentionDays),
    ...runShares(this.#config),
    ...(this.#hasEgress && { NODE_EXTRA_CA_CERTS: CERTIFICATE, SSL_CERT_FILE: CERTIFICATE, GIT_SSL_CAINFO: CERTIFICATE }),
  };

  /** The token of this container's executor, stored because a container outlives the object that started it. */
  #loadOrCreateToken(): string {
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

  /** The executor's HTTP interface. Only `/health?wake` starts the container. */
  override async fetch(request: Request): Promise<Response> {
    this.#requests += 1;
    const { pathname, searchParams } = new URL(request.url);
    const isWake = pathname === '/health' && searchParams.has('wake');
    if ((isWake || request.method === 'PUT') && this.#isRunning && Date.now() < this.#stoppingUntil)
      return refuse('shutting_down', 'The container is going to sleep. The next request wakes it.');
    if (isWake) {
      const refusal = await this.#wake();
      if (refusal) return refusal;
    }
    const [, run] = /^\/runs\/([^/]+)/.exec(pathname) ?? [];
    const job = run && this.ctx.id.name && jobNameOfRun(this.ctx.id.name, run);
    if (!this.#isRunning) return this.#answerStopped(request.method, job);
    if (job && request.method === 'PUT') this.#jobs.add(job);
    const answer = await this.#send(request);
    if (job && request.method === 'DELETE' && (await hasEnded(answer))) this.#jobs.remove(job);
    return answer;
  }

  /** Answers like an executor that lost its disk. */
  #answerStopped(method: string, job: string | undefined): Response {
    if (job === undefined) return refuse('shutting_down', 'The container sleeps. The next request wakes it.');
    if (method === 'PUT') return refuse('state_changed', 'The container stopped since its state was read.');
    // The cause is about to be reported to the job, and run_not_found would end it without one.
    if (this.#jobs.has(job)) return refuse('shutting_down', 'The container stopped just now.');
    return refuse('run_not_found', 'Its container is no longer running.');
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

  /** The executor's health. Null: no answer in time. Undefined: unreachable, or not a valid answer. */
  async #health(): Promise<Health | null | undefined> {
    const signal = AbortSignal.timeout(this.#healthMaxMs);
    const answer = await this.#send(new Request('http://executor/health', { signal })).catch(() => undefined);
    if (!answer && signal.aborted) return null;
    return Health.safeParse(await answer?.json().catch(() => null)).data;
  }

  /** Starts the container unless it runs. After a refusal the job keeps waiting. */
  async #wake(): Promise<Response | null> {
    if (this.#isRunning) await this.#replaceIfUnusable();
    else this.#stoppingUntil = 0;
    const timeouts = { instanceGetTimeoutMS: MACHINE_MAX_MS, portReadyTimeoutMS: START_MAX_MS, waitInterval: START_CHECK_MS };
    try {
      await this.startAndWaitForPorts({ ports: PORT, cancellationOptions: timeouts });
      return null;
    } catch (error) {
      this.#log('the container could not be started', error);
      const { code, message } = startRefusal(error);
      return refuse(code, message);
    }
  }

  /** Destroys a container that is unresponsive, or idle and of an earlier version. */
  async #replaceIfUnusable(): Promise<void> {
    const before = await this.getState();
    const health = await this.#health();
    if (health === null) return this.#destroyUnresponsive(before);
    if (!health || !this.#isOld(health)) return;
    this.ctx.storage.kv.put('replacedFor', VERSION);
    await this.#destroyNow();
  }

  /** Whether an idle container is of an earlier version. Once per version, because the new image may be deployed after this code. */
  #isOld({ running, version }: Health): boolean {
    // An active job may have started since, or still has a log to read there.
    const isIdle = running === 0 && this.#jobs.isEmpty;
    return isIdle && version !== VERSION && this.ctx.storage.kv.get('replacedFor') !== VERSION;
  }

  /** `before`: the container's state before its health check. */
  async #destroyUnresponsive(before: State): Promise<void> {
    if (!this.#isRunning || !isUnresponsive(before, await this.getState(), MACHINE_MAX_MS + START_MAX_MS, Date.now())) return;
    this.#log('the container is destroyed', `its executor did not answer a health check within ${this.#healthMaxMs} ms`);
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
    if (health === null) return this.#destroyUnresponsive(before);
    if ((health && health.running > 0) || requests !== this.#requests) return;
    this.#stoppingUntil = Date.now() + STOPPING_MS;
    await this.stop();
  }

  override async onStop({ exitCode }: StopParams): Promise<void> {
    await this.#orphanJobs(`The container stopped while the job ran (exit code ${exitCode}).`);
  }

  override async onError(error: unknown): Promise<void> {
    this.#log('the container failed', error);
    if (!this.#isRunning) await this.#orphanJobs('The container failed while the job ran.');
  }

  async #orphanJobs(cause: string): Promise<void> {
    await Promise.allSettled(this.#jobs.takeAll().map((job) => jobOf(this.env, job).orphan(cause)));
  }

  #log(what: string, error: unknown): void {
    console.error(JSON.stringify({ runner: this.ctx.id.name, what, error: messageOf(error) }));
  }
}

// An assignment, because a static field would define the property and so miss the setter that registers the handlers.
Runner.outboundByHost = { [GATE_HOST]: handleModelRequest };

/** Whether an answer to DELETE reports that the run had ended. Reads a copy of the answer. */
async function hasEnded(answer: Response): Promise<boolean> {
  const body = await answer
    .clone()
    .json()
    .catch(() => null);
  return Canceled.safeParse(body).data?.over ?? !answer.ok;
}
