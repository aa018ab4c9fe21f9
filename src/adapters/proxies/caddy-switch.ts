// A flow switch in a handler `map` of Caddy: the organization is the input, the flow its first output. It changes one mapping of it by the
// ETag of the whole handler, so that nothing of somebody else is ever overwritten.
import { BelayError } from '../../domain/errors.ts';
import { type Fields, fieldsIn, textIn } from '../../domain/received.ts';
import type { SwitchOptions } from '../../domain/switch-catalog.ts';
import type { FlowState, FlowSwitch } from '../../ports/flow-switch.ts';
import type { Http } from '../../ports/http.ts';
import type { Time } from '../../ports/time.ts';
import { type CaddyAdmin, type Found, openCaddy } from './caddy-admin.ts';
import { createSeen } from './seen.ts';

const MAX_ROUNDS = 20;

/** @throws BELAY_CONFIG_INVALID */
export function createCaddySwitch(
  options: SwitchOptions<'caddy'>,
  { http, time }: { readonly http: Http; readonly time: Pick<Time, 'now'> },
) {
  const { values } = options;
  if (values.length < 2)
    throw new BelayError('BELAY_CONFIG_INVALID', 'driver caddy: values: at least two flows are needed, such as [stable, next]');
  const caddy = openCaddy(options, http);
  const seen = createSeen();
  const read = async (org: string): Promise<{ readonly state: FlowState; readonly found: Found; readonly key: string }> => {
    const found = await caddy.look();
    const { value, moves, movedAt, previous, key } = seen.look(org, flowOf(caddy, found.handler, org), time.now());
    // Caddy keeps no time of a change: one that was not seen is of long ago.
    return { found, key, state: { value, fingerprint: `${value}+${moves}`, changedAt: movedAt ?? 0, previous } };
  };
  return {
    compareAndSet: 'native',
    values,
    get: async (org) => (await read(org)).state,
    set: async (org, value, { expected, key }) => {
      if (!values.includes(value))
        throw new BelayError('BELAY_INPUT_INVALID', `"${value}" is not a flow of ${caddy.name}`, { hint: `Flows: ${values.join(', ')}.` });
      for (let round = 1; round <= MAX_ROUNDS; round += 1) {
        const now = await read(org);
        if (now.state.value === value && now.key === key) return;
        if (now.state.fingerprint !== expected)
          throw new BelayError('BELAY_TARGET_CONFLICT', `${caddy.name}: ${org} is ${now.state.fingerprint}, not ${expected}`, {
            hint: 'Somebody else has changed it in between: plan again.',
          });
        // Another organization may have been changed since: then it is read again.
        if (!(await caddy.replace(now.found, withFlow(now.found.handler, org, value)))) continue;
        seen.put(org, value, { key, now: time.now() });
        return;
      }
      throw new BelayError('BELAY_LOCK_HELD', `${caddy.name} changes all the time`, { hint: 'Stop what changes it, then try again.' });
    },
  } satisfies FlowSwitch;
}

const mappingsIn = ({ mappings }: Fields): readonly Fields[] => (Array.isArray(mappings) ? mappings.map(fieldsIn) : []);
const firstOf = (outputs: unknown): string => (Array.isArray(outputs) ? textIn(outputs[0]) : '');

/** @throws BELAY_TARGET_UNREACHABLE */
function flowOf({ name }: CaddyAdmin, handler: Fields, org: string): string {
  if (handler['handler'] !== 'map')
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${name} is no handler map`, { hint: 'Give the @id to the handler map.' });
  const mapping = mappingsIn(handler).find((one) => one['input'] === org);
  const flow = firstOf(mapping?.['outputs'] ?? handler['defaults']);
  if (flow !== '') return flow;
  throw new BelayError('BELAY_TARGET_UNREACHABLE', `${name} has neither a mapping for ${org} nor defaults`, {
    hint: 'Add "defaults": ["stable"] to the handler map.',
  });
}

/** Every other output, mapping and setting stays as it is. A new mapping goes first: those with input_regexp would catch it. */
function withFlow(handler: Fields, org: string, flow: string): Fields {
  const mappings = mappingsIn(handler);
  const at = mappings.findIndex((one) => one['input'] === org);
  const outputsOf = (outputs: unknown): readonly unknown[] => [flow, ...(Array.isArray(outputs) ? outputs.slice(1) : [])];
  if (at === -1) return { ...handler, mappings: [{ input: org, outputs: outputsOf(handler['defaults']) }, ...mappings] };
  return { ...handler, mappings: mappings.map((one, n) => (n === at ? { ...one, outputs: outputsOf(one['outputs']) } : one)) };
}
