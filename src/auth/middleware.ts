import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import { readConfig } from '../config.ts';
import { toHttpError } from '../errors.ts';
import type { AppEnv } from './app-env.ts';
import { clientIp, countRequest } from './rate-limit.ts';
import { isLoopback, resourceOf } from './resource.ts';
import { toLoopbackCookies, withHostCookies } from './sign-in/cookies.ts';

/** Largest form, registration or token request, in bytes. */
export const FORM_MAX_BYTES = 65_536;

/** Refuses requests to another host, and sets `config` and `resource` for the routes. */
export const requireOwnHost = createMiddleware<AppEnv>(async (c, next) => {
  const config = readConfig(c.env);
  const url = new URL(c.req.url);
  const resource = resourceOf(url, config);
  if (resource === null) return toHttpError({ code: 'host_refused', host: url.host });
  c.set('config', config);
  c.set('resource', resource);
  const isPlain = url.protocol === 'http:';
  if (isPlain) c.req.raw = withHostCookies(c.req.raw);
  await next();
  if (isPlain) toLoopbackCookies(c.res.headers);
});

/** Without an opener policy, because the window that opened the consent page waits for it. */
export const securityHeaders = secureHeaders({
  crossOriginOpenerPolicy: false,
  crossOriginResourcePolicy: false,
  referrerPolicy: 'same-origin',
  xFrameOptions: 'DENY',
});

/** Hides the gate unless runs call it by HTTP: those of a container reach it by interception. */
export const needsOpenGate = createMiddleware<AppEnv>(async (c, next) => {
  const isOpen = readConfig(c.env).executorUrl !== undefined || isLoopback(new URL(c.req.url));
  return isOpen ? next() : toHttpError({ code: 'not_found' });
});

/** Limits the refused requests of a client's IP address. Runs share one, so that their calls are not counted. */
export const limitRefusals = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  if (c.res.status !== 403) return;
  const counted = await countRequest(c.env.RL_SIGN_IN, clientIp(c.req.raw));
  if (!counted.ok) c.res = toHttpError(counted.failure);
});

/** Limits the requests of a client's IP address. */
export const rateLimitByIp = (limiter: 'RL_ADDRESS' | 'RL_SIGN_IN') =>
  createMiddleware<AppEnv>(async (c, next) => {
    const counted = await countRequest(c.env[limiter], clientIp(c.req.raw));
    if (!counted.ok) return toHttpError(counted.failure);
    await next();
  });

/** Refuses a large body before anything reads it. */
export const limitBody = (maxBytes: number) =>
  bodyLimit({ maxSize: maxBytes, onError: () => toHttpError({ code: 'body_too_large', maxBytes }) });

export const limitFormBody = limitBody(FORM_MAX_BYTES);

const FORM_TYPE = /^(application\/x-www-form-urlencoded|multipart\/form-data)(;|$)/i;

/** Refuses a POST whose body is not a form. */
export const requireForm = createMiddleware<AppEnv>(async (c, next) => {
  const type = c.req.header('content-type') ?? '';
  if (c.req.method !== 'POST' || FORM_TYPE.test(type) || c.req.header('content-length') === '0') return next();
  const given = type ? JSON.stringify(type.slice(0, 80)) : 'none';
  return toHttpError({ code: 'invalid_input', issues: [`This page accepts a form, and the content type is ${given}.`] });
});
