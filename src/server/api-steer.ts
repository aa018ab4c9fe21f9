// Steering a run at work through the API: go on, skip a step, stop it, take it over.
import { z } from '@hono/zod-openapi';
import { incidentParams, incidentSchema, steerBody } from './api-schemas.ts';
import type { Commands } from './commands.ts';
import { type Add, WRITE } from './endpoint.ts';
import { findIncident, type ReadWorld } from './snapshot.ts';

export function addSteering(add: Add, { commands, world }: { readonly commands: Commands; readonly world: ReadWorld }): void {
  add({
    ...WRITE,
    operation: 'steerRun',
    path: '/v1/incidents/{id}/run',
    summary: 'Go on after a rest, skip a step that has not begun, stop the run where it stands, or take it over from who drives it',
    params: incidentParams,
    body: steerBody,
    answer: z.object({ incident: incidentSchema }),
    handle: async ({ caller, params, body, key }) => ({
      incident: await commands.steer(caller, { incident: (await findIncident(world, params.id)).id, ...body, key }),
    }),
  });
}
