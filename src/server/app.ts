// The HTTP door: API, live stream and war room on one loopback port. It reads through ports and acts through commands only.

import type { AddressInfo } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import type { Hono } from 'hono';
import { BelayError } from '../domain/errors.ts';
import type { Batch } from '../domain/signal.ts';
import type { Replays } from '../ports/replays.ts';
import { mountApi } from './api.ts';
import { mountRaw } from './api-raw.ts';
import { mountAssets } from './assets.ts';
import type { Auth } from './auth.ts';
import { createBacktests } from './backtests.ts';
import { type Certify, createCertifications } from './certifications.ts';
import type { Commands } from './commands.ts';
import { answerError, createApi } from './endpoint.ts';
import { type AppEnv, addressGuard, hostGuard, identify } from './guard.ts';
import { createIdempotency, createMemoryIdempotency, type IdempotencyStore } from './idempotency.ts';
import { type IntakeDeps, mountIntake } from './intake.ts';
import { type IntakeDoorDeps, mountIntakeDoor } from './intake-door.ts';
import { mountOfrep, type OfrepDeps } from './ofrep.ts';
import { problemOf, problemResponse } from './problem.ts';
import type { Refusals } from './refusals.ts';
import type { ReadWorld } from './snapshot.ts';
import { createStreams, STREAM_DEFAULTS, type StreamOptions, type Streams } from './stream.ts';
import { mountWarRoom } from './war-room.ts';

export interface ServerDeps {
  readonly world: ReadWorld;
  readonly commands: Commands;
  readonly auth: Auth;
  readonly version: string;
  /** Answers of writes by their key; in memory when absent. */
  readonly idempotency?: IdempotencyStore | undefined;
  /** Takes pushed samples; resolves when they are durable. */
  readonly ingest?: ((batch: Batch) => Promise<void>) | undefined;
  /** Sources that others send to, by id. */
  readonly receivers?: IntakeDeps['receivers'] | undefined;
  /** Keeps messages in front of webhooks; without it there is no such door. */
  readonly intake?: Pick<IntakeDoorDeps, 'store' | 'onStored'> | undefined;
  readonly onRefused?: IntakeDeps['onRefused'];
  /** Flags that applications read. */
  readonly flags?: OfrepDeps['flags'] | undefined;
  /** Keeps what the door refused; without it nothing is kept. */
  readonly refusals?: Refusals | undefined;
  /** Tries a way back on its drill database; without it none is tried here. */
  readonly certify?: Certify;
  /** Replays triggers beside this server; without it there are no backtests here. */
  readonly replays?: Replays | undefined;
  readonly stream?: Partial<StreamOptions> | undefined;
  /** Called with errors that are ours, for the log. */
  readonly onBug?: ((error: unknown) => void) | undefined;
}

export interface Listening {
  readonly port: number;
  readonly url: string;
  /** Ends streams and connections; resolves when the port is free. */
  close(): Promise<void>;
}

export interface BelayServer {
  readonly app: Hono<AppEnv>;
  readonly streams: Streams;
  /** 127.0.0.1 only. Port 0 picks a free one. @throws BELAY_SERVER_RUNNING when the port is taken. */
  listen(port: number): Promise<Listening>;
}

/** @example const server = createServer({ world, commands, auth: await createAuth(...), version }); await server.listen(7070) */
export function createServer(deps: ServerDeps): BelayServer {
  const api = createApi();
  const idempotency = createIdempotency(deps.idempotency ?? createMemoryIdempotency());
  const streams = createStreams(deps.world, { ...STREAM_DEFAULTS, ...deps.stream });
  const backtests = createBacktests(deps.world, deps.replays ?? null);
  const shared = {
    world: deps.world,
    commands: deps.commands,
    auth: deps.auth,
    idempotency,
    version: deps.version,
    refusals: deps.refusals,
    backtests,
    certifications: createCertifications(deps.certify ?? null, deps.world.time),
    intake: deps.intake?.store,
  };

  api.onError((error) => {
    const response = answerError(error);
    if (response.status === 500 && !BelayError.is(error)) deps.onBug?.(error);
    return response;
  });
  api.notFound((c) =>
    problemResponse(problemOf(new BelayError('BELAY_NOT_FOUND', `there is no ${c.req.path}`, { hint: 'See /v1/openapi.json.' }))),
  );
  api.use('*', hostGuard);
  api.use('*', addressGuard);
  const { system, time } = deps.world;
  mountIntake(api, { sources: system.sources, receivers: deps.receivers ?? {}, time, onRefused: deps.onRefused, refusals: deps.refusals });
  const { intakes = [], organizations } = system;
  if (deps.intake !== undefined && intakes.length > 0) mountIntakeDoor(api, { ...deps.intake, intakes, organizations, time });
  mountOfrep(api, { flags: deps.flags ?? {}, tokens: system.ofrep?.tokens ?? [] });
  api.use('*', identify(deps.auth));
  mountApi(api, shared);
  mountRaw(api, { ...shared, streams, ingest: deps.ingest });
  api.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'http',
    scheme: 'bearer',
    description: 'A token of <data>/token or <data>/tokens/<person>',
  });
  api.doc31('/v1/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Belay', version: deps.version, description: 'Runs your rollback runbook. Every write needs an Idempotency-Key.' },
  });
  mountAssets(api);
  mountWarRoom(api, shared);
  const leave = async (): Promise<void> => {
    streams.close();
    await backtests.stop();
  };
  return { app: api, streams, listen: (port) => listen(api, leave, port) };
}

async function listen(app: Hono<AppEnv>, leave: () => Promise<void>, port: number): Promise<Listening> {
  const server = await new Promise<ServerType>((resolve, reject) => {
    const starting: ServerType = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => resolve(starting));
    starting.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      reject(
        new BelayError(
          taken ? 'BELAY_SERVER_RUNNING' : 'BELAY_SERVER_UNREACHABLE',
          `cannot listen on 127.0.0.1:${port}: ${cause.message}`,
          { hint: taken ? 'Use --port 0 for a free one, or stop the other program.' : 'Choose another --port.', cause },
        ),
      );
    });
  });
  const actual = (server.address() as AddressInfo).port;
  return {
    port: actual,
    url: `http://127.0.0.1:${actual}`,
    async close() {
      await leave();
      await new Promise<void>((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        if ('closeAllConnections' in server) server.closeAllConnections();
      });
    },
  };
}
