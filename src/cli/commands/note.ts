// `belay note`: a person's words into the log of an incident.
import type { Incident } from '../../domain/incident.ts';
import type { Run } from '../context.ts';
import { incidentArg } from '../context.ts';

export const run: Run = async ({ out, lang, reach }, typed) => {
  const id = incidentArg(typed.args[0]);
  const client = await reach();
  const answer = await client.post<{ incident: Incident }>(`/v1/incidents/${id}/notes`, { text: typed.rest.join(' '), lang });
  out.data(answer, () => `Noted in ${answer.incident.id}, as event ${answer.incident.seq}.`);
  return undefined;
};
