// Tells the responders that an incident needs them: Belay asks, a run could not go on, or something is late. Planned in the transaction of the fact itself.
import { ASKS, BUILT_IN_TEMPLATES, LATE, type Late } from '../domain/built-in-templates.ts';
import { messageValues, planDeliveries, plannedEvents } from '../domain/delivery-plan.ts';
import type { EventDraft } from '../domain/event.ts';
import type { Incident } from '../domain/incident.ts';
import type { Instant } from '../domain/json.ts';
import type { DeliveryDraft } from '../domain/message.ts';
import type { AudienceSpec, Lang, System } from '../domain/system.ts';
import type { World } from './world.ts';

export interface Attention {
  /** Tells two messages of one incident apart. */
  readonly revision: string;
  readonly at: Instant;
  /** What is asked for, why it stopped, or where the question has gone. */
  readonly asks:
    | 'approval'
    | 'answer'
    | 'look'
    | { readonly stopped: string }
    | { readonly overridden: string }
    | { readonly mergedInto: string }
    | { readonly clockOf: string }
    | { readonly late: Late };
  /** Roles (or people) that are asked. Absent: it is for all responders. */
  readonly of?: readonly string[];
}

/** An audience that keeps to its roles hears of what they are asked; were nobody left, all would hear. */
function audiencesFor(system: System, of: readonly string[] | undefined): readonly AudienceSpec[] {
  const responders = system.audiences.filter((audience) => audience.kind === 'responders');
  if (of === undefined) return responders;
  const roles = new Set([...of, ...system.people.filter(({ id }) => of.includes(id)).flatMap((person) => person.roles)]);
  const asked = responders.filter((audience) => audience.roles === undefined || audience.roles.some((role) => roles.has(role)));
  return asked.length === 0 ? responders : asked;
}

/** Pages of responders are exempt from the cap. Empty when nobody is declared as a responder. */
export function attention(
  run: { readonly world: Pick<World, 'system'> },
  incident: Incident,
  o: Attention,
): { readonly events: readonly EventDraft[]; readonly deliveries: readonly DeliveryDraft[] } {
  const { system } = run.world;
  const template = templateOf(o.asks);
  const plans = audiencesFor(system, o.of).map((audience) =>
    planDeliveries({
      incident,
      system: { ...system, templates: { ...BUILT_IN_TEMPLATES, ...system.templates } },
      template,
      audiences: [audience.id],
      values: {
        ...messageValues({ incident, system, now: o.at }),
        asks: asksIn(o.asks, audience.lang),
      },
      thread: incident.id,
      revision: o.revision,
      exempt: true,
    }),
  );
  return { events: plans.flatMap((plan) => plannedEvents(plan, { at: o.at })), deliveries: plans.flatMap((plan) => plan.deliveries) };
}

function templateOf(asks: Attention['asks']): string {
  if (typeof asks === 'string') return 'belay-asks';
  if ('stopped' in asks) return 'belay-stopped';
  if ('overridden' in asks) return 'belay-overridden';
  if ('late' in asks) return 'belay-late';
  return 'clockOf' in asks ? 'belay-clock' : 'belay-merged';
}

function asksIn(asks: Attention['asks'], lang: Lang): string {
  if (typeof asks === 'string') return ASKS[asks][lang];
  if ('stopped' in asks) return asks.stopped;
  if ('overridden' in asks) return asks.overridden;
  if ('late' in asks) return LATE[asks.late.what][lang](asks.late.of);
  return 'clockOf' in asks ? asks.clockOf : asks.mergedInto;
}
