// What people add to the record of an incident, and its closing.
import { z } from '@hono/zod-openapi';
import { evidenceBody, evidenceParams, incidentParams, incidentSchema, noteBody } from './api-schemas.ts';
import type { Commands } from './commands.ts';
import { type Add, WRITE } from './endpoint.ts';
import { findIncident, type ReadWorld } from './snapshot.ts';

const INCIDENT = z.object({ incident: incidentSchema });

export function addRecords(add: Add, { commands, world }: { readonly commands: Commands; readonly world: ReadWorld }): void {
  add({
    ...WRITE,
    operation: 'addNote',
    path: '/v1/incidents/{id}/notes',
    summary: 'Write a note into the log',
    params: incidentParams,
    body: noteBody,
    answer: INCIDENT,
    status: 201,
    handle: async ({ caller, params, body, key }) => ({
      incident: await commands.note(caller, { incident: (await findIncident(world, params.id)).id, ...body, key }),
    }),
  });
  add({
    ...WRITE,
    operation: 'keepEvidence',
    path: '/v1/incidents/{id}/evidence/{evidence}',
    summary: 'Keep evidence by hand that no step captured; secrets in it are hidden',
    params: evidenceParams,
    body: evidenceBody,
    answer: INCIDENT,
    status: 201,
    handle: async ({ caller, params, body, key }) => ({
      incident: await commands.keepEvidence(caller, {
        ...{ incident: (await findIncident(world, params.id)).id, evidence: params.evidence },
        ...body,
        key,
      }),
    }),
  });
  add({
    ...WRITE,
    operation: 'closeIncident',
    path: '/v1/incidents/{id}/close',
    summary: 'Close a resolved incident',
    params: incidentParams,
    answer: INCIDENT,
    handle: async ({ caller, params, key }) => ({
      incident: await commands.close(caller, { incident: (await findIncident(world, params.id)).id, key }),
    }),
  });
}
