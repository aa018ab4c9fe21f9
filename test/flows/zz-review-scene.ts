import { createCommands } from '../../src/flows/commands.ts';
import type { Incident } from '../../src/domain/incident.ts';
import { fakeTargetOn } from '../world/fakes/action.ts';
import { DurableDisk } from '../world/fakes/durable-disk.ts';
import { createFakeTime } from '../world/fakes/time.ts';
import type { SceneOptions } from '../world/scenes/deploy.ts';
import { BAD_RELEASE, START, startLife } from '../world/scenes/deploy.ts';
export const ANA = { person: 'ana', roles: ['commander', 'comms'] };
export const BOB = { person: 'bob', roles: ['commander'] };
export async function scene(options: Partial<SceneOptions> = {}) {
  const disk = options.disk ?? new DurableDisk();
  const clock = options.clock ?? createFakeTime(START, 3);
  const life = await startLife({ disk, clock, ...options });
  const incident = async (): Promise<Incident> => {
    const all = await life.world.incidents.list();
    const first = all.at(-1);
    if (first === undefined) throw new Error('no incident');
    return first;
  };
  const until = (condition: (incident: Incident) => boolean, maxMs = 3_600_000): Promise<void> =>
    clock.advanceUntil(async () => ((await life.world.incidents.list())[0] === undefined ? false : condition(await incident())), maxMs);
  const events = async (id = 'INC-1') => await life.world.incidents.events(id);
  const types = async (id = 'INC-1') => (await events(id)).map((e) => e.type);
  const runs = () => [...disk.runs.values()].map((r) => `${r.id} ${r.status} ${JSON.stringify(r.outcome)}`);
  return { ...life, incident, until, types, events, runs, commands: createCommands(life.world), shop: fakeTargetOn(disk, 'shop', BAD_RELEASE), freeze: fakeTargetOn(disk, 'freeze', 'open') };
}
export const waits = (i: Incident) => Object.values(i.approvals).some((a) => a.state === 'open');
export const openApproval = (i: Incident) => { const o = Object.values(i.approvals).find((a) => a.state === 'open'); if (!o) throw new Error('none open'); return o; };
