// Begins the taking back of a measure that has expired, where it was opened to end by itself.
import type { Incident } from '../domain/incident.ts';
import { openContingencies } from '../domain/incident-fold.ts';
import type { Timer } from '../ports/incident-store.ts';
import type { World } from './world.ts';

export const EXPIRE = 'expire';

/** Started once an expiry, however often its timer is looked at. */
export async function startExpiry(world: Pick<World, 'engine'>, incident: Incident, timer: Timer): Promise<void> {
  const step = String(timer.data['step']);
  const open = openContingencies(incident).find((one) => one.step === step);
  if (open?.atExpiry !== 'undo' || open.undo === undefined) return;
  await world.engine.start(EXPIRE, { incident: incident.id, step }, { id: `expire/${incident.id}/${step}/${timer.at}` });
}
