// The API operations of measures that outlast the moment: freezes of scopes, and the ledger of contingencies over all incidents.
import { z } from '@hono/zod-openapi';
import { ledgerOf } from '../domain/contingency-ledger.ts';
import { releasesOf } from '../flows/releases.ts';
import { triggerParams } from './api-schemas.ts';
import type { Commands } from './commands.ts';
import { type Add, READ, WRITE } from './endpoint.ts';
import type { ReadWorld } from './snapshot.ts';

const scope = z.string().min(1).max(200).openapi({ example: 'org/acme', description: '`org/<id>` or `component/<id>`' });
const freezeBody = z.strictObject({ scope, why: z.string().min(1).max(1_000) });
const freezeSchema = z
  .object({
    scope: z.string(),
    incident: z.string().nullable().openapi({ description: 'Null: a person froze it outside of any incident' }),
    by: z.string(),
    why: z.string(),
    at: z.number(),
  })
  .openapi('Freeze');
const FREEZE = z.object({ freeze: freezeSchema });
const ledgerQuery = z.strictObject({ all: z.enum(['true', 'false']).optional() });
const ledgerSchema = z
  .looseObject({
    incident: z.string(),
    step: z.string(),
    action: z.string(),
    scope: z.string(),
    owner: z.string(),
    openedAt: z.number(),
    expiresAt: z.number(),
    state: z.enum(['open', 'overdue', 'closed']),
    atExpiry: z.enum(['remind', 'undo']),
  })
  .openapi('Contingency');

const releasesSchema = z
  .looseObject({
    target: z.string(),
    live: z.string(),
    frozen: z.boolean(),
    soakMs: z.number(),
    lastStable: z.string().nullable(),
    releases: z.array(
      z.looseObject({
        ref: z.string(),
        version: z.string(),
        isLive: z.boolean(),
        kind: z.enum(['hotfix', 'feature', 'major', 'candidate']).nullable(),
        healthyMs: z.number(),
        stableSince: z.number().nullable(),
        rolledAway: z.boolean().openapi({ description: 'In an incident an older one was put in its place' }),
        notRestorable: z.string().nullable().openapi({ description: 'Null: it can be put back' }),
        smoke: z.enum(['pass', 'fail', 'inconclusive']).nullable().openapi({ description: 'Of its last deploy here; null: none was run' }),
      }),
    ),
  })
  .openapi('Releases');

const offersSchema = z
  .array(
    z.looseObject({
      input: z.string(),
      target: z.string(),
      live: z.string(),
      releases: z.array(
        z.looseObject({
          ref: z.string(),
          isLive: z.boolean(),
          stableSince: z.number().nullable(),
          rolledAway: z.boolean(),
          notRestorable: z.string().nullable(),
          verdict: z.string().nullable().openapi({ description: 'Of the plan with this release; null: not judged' }),
          unknown: z.string().nullable().openapi({ description: 'Why its plan could not be carried out as it is' }),
        }),
      ),
    }),
  )
  .openapi('ReleaseChoices');

const offersQuery = z.object({ org: z.string().max(200).optional() });

export function addMeasures(add: Add, { commands, world }: { readonly commands: Commands; readonly world: ReadWorld }): void {
  add({
    ...READ,
    operation: 'listReleases',
    path: '/v1/targets/{id}/releases',
    summary: 'Releases of a target: which is live, which is stable since when, which can be put back',
    params: triggerParams,
    answer: releasesSchema,
    handle: async ({ params }) => releasesOf(world, params.id),
  });
  add({
    ...READ,
    operation: 'listReleaseChoices',
    path: '/v1/runbooks/{id}/releases',
    summary: 'What may be chosen for each input of type release, newest first, with the verdict on a rollback to it',
    params: triggerParams,
    query: offersQuery,
    answer: z.object({ choices: offersSchema }),
    handle: async ({ params, query }) => ({
      choices: [...(await commands.releaseChoices({ runbook: params.id, inputs: query.org === undefined ? {} : { org: query.org } }))],
    }),
  });
  add({
    ...READ,
    operation: 'listFreezes',
    path: '/v1/freezes',
    summary: 'Scopes in which nothing new is put live',
    answer: z.object({ freezes: z.array(freezeSchema) }),
    handle: async () => ({ freezes: [...(await world.freezes.list())] }),
  });
  add({
    ...WRITE,
    operation: 'freezeScope',
    path: '/v1/freezes',
    summary: 'Nothing new is put live for this organization, or on this component, until it is thawed',
    body: freezeBody,
    answer: FREEZE,
    status: 201,
    handle: async ({ caller, body }) => ({ freeze: await commands.freeze(caller, body) }),
  });
  add({
    ...WRITE,
    operation: 'thawScope',
    path: '/v1/freezes/thaw',
    summary: 'Let things be put live there again; says which freeze was lifted',
    body: freezeBody,
    answer: FREEZE,
    handle: async ({ caller, body }) => ({ freeze: await commands.thaw(caller, body) }),
  });
  add({
    ...READ,
    operation: 'listContingencies',
    path: '/v1/contingencies',
    summary: 'Temporary measures of all incidents, the one that expires first before the others; `all=true`: those that were lifted, too',
    query: ledgerQuery,
    answer: z.object({ contingencies: z.array(ledgerSchema) }),
    handle: async ({ query }) => ({
      contingencies: ledgerOf(await world.incidents.list(), world.time.now()).filter(
        (one) => query.all === 'true' || one.state !== 'closed',
      ),
    }),
  });
}
