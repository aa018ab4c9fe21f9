// `deploy.traffic`: a release gets an explicit share of the requests, the other one the rest. 10 %, then 50 %, then 100 % are three steps;
// the same step backwards is its undo.
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';
import { PERCENT_FORM, parsePercent, writePercent } from '../../domain/units.ts';
import type { Action } from '../../ports/action.ts';
import type { TrafficSplit, TrafficState } from '../../ports/traffic-split.ts';
import { type DeployRules, NO_DEPLOY_RULES } from '../deploy-policy.ts';
import { named, specOf, textOf } from './arguments.ts';

export function trafficActions(proxies: Readonly<Record<string, TrafficSplit>>, rules: DeployRules = NO_DEPLOY_RULES): readonly Action[] {
  const proxyOf = (args: JsonObject): TrafficSplit => named(proxies, 'proxy', textOf(args, 'proxy'));
  return [
    {
      spec: specOf('deploy.traffic'),
      compareAndSet: (args) => proxyOf(args).compareAndSet,
      target: (args) => `proxy:${textOf(args, 'proxy')}`,
      observe: async (args) => {
        const [proxy, to, share] = [proxyOf(args), textOf(args, 'to'), shareOf(args)];
        const state = await proxy.look();
        const shares = sharesOf(proxy.names, to, share);
        const [current, desired] = [wordsOf(state, proxy.names), wordsOf({ ...state, shares }, proxy.names)];
        // A share that nobody can serve is not reached, whatever the proxy is set to.
        const silent = silentOf(state, shares);
        const butSilent = current === desired && silent !== undefined ? `, but ${silent} does not answer` : '';
        return {
          current: `${current}${butSilent}${state.warning === undefined ? '' : `, but ${state.warning}`}`,
          desired,
          fingerprint: state.fingerprint,
          reached: current === desired && silent === undefined,
        };
      },
      notes: (args) => rules.sendingNotes(textOf(args, 'proxy'), textOf(args, 'to')),
      act: async (args, { isUndo = false, ...o }) => {
        // Asked once more: what was planned may have failed on staging since.
        const why = await refusalOf(proxyOf(args), args, { rules, isUndo });
        if (why !== null) throw new BelayError('BELAY_GUARD_REFUSED', why, { effect: 'none' });
        await proxyOf(args).put(textOf(args, 'to'), shareOf(args), o);
      },
      impossible: async (args) => {
        const [proxy, to, share] = [proxyOf(args), textOf(args, 'to'), shareOf(args)];
        if (!proxy.names.includes(to)) return `${textOf(args, 'proxy')} has no ${to}; it has ${proxy.names.join(', ')}`;
        const silent = silentOf(await proxy.look(), sharesOf(proxy.names, to, share));
        if (silent !== undefined) return `${silent} does not answer: ${textOf(args, 'proxy')} would send its requests nowhere`;
        return refusalOf(proxy, args, { rules, isUndo: false });
      },
      lastChange: async () => null,
    },
  ];
}

interface Asked {
  readonly rules: DeployRules;
  readonly isUndo: boolean;
}

/** Of the one that would get more than it has: which of the two a step names is a matter of words. */
async function refusalOf(proxy: TrafficSplit, args: JsonObject, { rules, isUndo }: Asked): Promise<string | null> {
  const { shares } = await proxy.look();
  const wanted = sharesOf(proxy.names, textOf(args, 'to'), shareOf(args));
  const gains = proxy.names.find((name) => (wanted[name] ?? 0) - (shares[name] ?? 0) > LEAST);
  const from = proxy.names.find((name) => name !== gains);
  return gains === undefined || from === undefined ? null : rules.sending(textOf(args, 'proxy'), { to: gains, from, isUndo });
}

/** Proxies keep shares to the hundredth. */
const LEAST = 0.005;

/** To the nearest hundredth, as the proxies keep it. @throws BELAY_INPUT_INVALID */
export function shareOf({ share }: JsonObject): number {
  const read = typeof share === 'number' || typeof share === 'string' ? parsePercent(String(share)) : null;
  if (read?.ok === true) return Math.round(read.value * 100) / 100;
  throw new BelayError('BELAY_INPUT_INVALID', `share is ${share === undefined ? 'missing' : JSON.stringify(share)}`, {
    hint: `It is ${PERCENT_FORM}.`,
  });
}

const sharesOf = (names: readonly string[], to: string, share: number): Readonly<Record<string, number>> =>
  Object.fromEntries(names.map((name) => [name, name === to ? share : 1 - share]));

/** Who would get requests and cannot answer them: whoever gets the rest counts as much as the one that is named. */
const silentOf = ({ up }: TrafficState, shares: Readonly<Record<string, number>>): string | undefined =>
  Object.entries(shares).find(([name, share]) => share > 0 && !up.includes(name))?.[0];

const wordsOf = ({ shares }: TrafficState, names: readonly string[]): string =>
  names.map((name) => `${name} ${writePercent(Math.round((shares[name] ?? 0) * 100) / 100)}`).join(', ');
