// The triggers that belong to policies of deploys: one for each target whose deploys are looked after. It raises none.
import { type DeployPolicy, deployTrigger } from './deploy-policy.ts';
import type { System } from './system.ts';
import type { TriggerRule } from './trigger.ts';

export const policyOf = ({ policy }: Pick<System, 'policy'>, target: string): DeployPolicy | undefined =>
  policy?.deploys?.find((one) => one.target === target);

const ASK = {
  en: (target: string) => `Is something wrong with what was deployed to ${target}?`,
  'pt-BR': (target: string) => `Há algo de errado com o que foi implantado em ${target}?`,
} as const;

/** The system with one trigger a target whose deploys are looked after. It only ever asks: one test that fails is no statistics. */
export function withDeployTriggers(system: System): System {
  const targets = (system.policy?.deploys ?? []).map((one) => one.target).filter((one) => !taken(system, one));
  if (targets.length === 0) return system;
  const made = targets.map((target) => {
    const id = deployTrigger(target);
    const signal = { id: `#${id}`, signal: { kind: 'manual', who: [], ask: ASK[system.lang](target) }, ...UNMEASURED } as const;
    const rule: TriggerRule = { id, signal: signal.id, ...RULE };
    return { signal, rule };
  });
  return {
    ...system,
    signals: [...system.signals, ...made.map((one) => one.signal)],
    triggers: [...system.triggers, ...made.map((one) => one.rule)],
  };
}

/** The user has a trigger of that name: the lint tells. */
const taken = ({ triggers }: System, target: string): boolean => triggers.some((one) => one.id === deployTrigger(target));

const UNMEASURED = { by: null, max: 1, lateMs: 0, absentAfter: { cadences: 3 }, sources: [] } as const;
const RULE = {
  scope: 'all',
  evidence: { suspect: 1e-3, act: 1e-5 },
  gap: 'hold',
  mode: 'armed',
  rearmMs: 60_000,
} as const satisfies Partial<TriggerRule>;
