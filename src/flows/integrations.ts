// Which integration an action or a probe means: the one that is named, or the only one of its driver.
import { BelayError } from '../domain/errors.ts';
import { driverOf } from '../domain/integration-catalog.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Integration } from '../ports/integration.ts';
import { named, textOf } from './actions/arguments.ts';

export type Integrations = Readonly<Record<string, Integration>>;

export interface Chosen {
  readonly id: string;
  readonly integration: Integration;
}

/** @throws BELAY_NOT_FOUND, BELAY_INPUT_INVALID */
export function chosenFor(integrations: Integrations, name: string, args: JsonObject): Chosen {
  const driver = driverOf(name);
  const known = Object.entries(integrations).filter(([, one]) => one.driver === driver);
  if (args['integration'] !== undefined) {
    const id = textOf(args, 'integration');
    return { id, integration: named(Object.fromEntries(known), `${driver} integration`, id) };
  }
  const [only] = known;
  if (only !== undefined && known.length === 1) return { id: only[0], integration: only[1] };
  throw new BelayError(
    'BELAY_NOT_FOUND',
    only === undefined ? `there is no integration with driver ${driver}` : `which ${driver} is meant?`,
    {
      hint:
        only === undefined
          ? 'Add one under integrations: in belay.yaml.'
          : `Give integration: one of ${known.map(([id]) => id).join(', ')}, in \`with\`.`,
    },
  );
}
