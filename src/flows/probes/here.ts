// Probes of what is near: the machine that Belay runs on, and what people have reported.
import type { Looks } from '../../ports/looks.ts';
import type { Probe } from '../../ports/probe.ts';
import type { Readings } from '../../ports/readings.ts';
import { textOf } from '../actions/arguments.ts';
import { optionalText, probeOf } from './probe.ts';

export function hostProbe({ host }: Pick<Looks, 'host'>): Probe {
  return probeOf('host', async (args) => {
    const { cpu, memory, disk } = await host.look({ path: optionalText(args, 'path') ?? '/' });
    return { known: true, values: { cpu, memory, disk } };
  });
}

/** Of the word of people: how many said so within the time that a word counts. */
export function reportsProbe(readings: Pick<Readings, 'views'>): Probe {
  return probeOf('reports', async (args) => {
    const org = optionalText(args, 'org');
    const views = (await readings.views(textOf(args, 'trigger'))).filter((one) => org === undefined || one.scope === org);
    const said = views.filter((one) => one.status !== 'ok');
    const people = said.reduce((sum, one) => sum + one.bad, 0);
    return { known: true, values: { people, open: said.length > 0 }, seen: { scopes: said.map(({ scope, since }) => ({ scope, since })) } };
  });
}
