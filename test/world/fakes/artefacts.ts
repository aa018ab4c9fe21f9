// Artefacts in memory, on the disk of a world.

import type { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import type { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import type { Artefacts } from '../../../src/ports/artefacts.ts';

export function createFakeArtefacts(o: { readonly disk: DurableDisk; readonly kill: KillSwitch }): Artefacts {
  const files = artefactsOf(o.disk);
  return {
    write: async (incident, name, content) => {
      await o.kill.at('artefact:before');
      files.set(`${incident}/${name}`, content);
      await o.kill.at('artefact:after');
      return `/artefacts/${incident}/${name}`;
    },
    read: async (incident, name) => {
      await o.kill.gate();
      return files.get(`${incident}/${name}`) ?? null;
    },
  } satisfies Artefacts;
}

/** `<incident>/<name>` → content, readable after any kill. */
export function artefactsOf(disk: DurableDisk): Map<string, string> {
  return disk.part('artefacts', () => new Map<string, string>());
}
