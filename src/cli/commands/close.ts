// `belay close`: closes a resolved incident. What is still missing (a measure, evidence) is said instead.
import type { Incident } from '../../domain/incident.ts';
import type { Run } from '../context.ts';
import { incidentArg } from '../context.ts';

export const run: Run = async ({ out, reach }, typed) => {
  const id = incidentArg(typed.args[0]);
  const client = await reach();
  const answer = await client.post<{ incident: Incident }>(`/v1/incidents/${id}/close`, {});
  out.data(
    answer,
    () => `${answer.incident.id} is ${answer.incident.phase}. Keep its record: belay evidence export ${id} --out ${id}.evidence.json`,
  );
  return undefined;
};
