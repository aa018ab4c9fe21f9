// The shadow report in English.
const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

export const shadowEn = {
  none: 'No trigger is in shadow: belay.yaml has none with mode: shadow.',
  armedNow: 'armed now',
  inShadow: 'in shadow',
  quiet: (span: string): string => `In ${span}: it would have told nobody of anything.`,
  summary: (span: string, o: { readonly episodes: number; readonly acts: number; readonly asks: number }): string =>
    `In ${span}: ${o.episodes === 1 ? '1 incident' : `${o.episodes} incidents`}; it would have acted ${times(o.acts)}, asked people ${times(o.asks)}.`,
  refusals: (count: number): string => `Its runbook would have refused ${times(count)}.`,
  undecided: (count: number): string =>
    `Nothing was decided ${times(count)}: silenced until it was over, or before such decisions were kept.`,
  joined: (count: number): string =>
    `${count} more ${count === 1 ? 'organization' : 'organizations'} would have been a part of one of these.`,
  marked: (right: number, all: number): string => `${right} of ${all} ${all === 1 ? 'was' : 'were'} right, people say.`,
  unmarked: 'Nobody has said yet whether it was right: belay shadow mark EPISODE --right, or --false --why TEXT',
  everything: '(all)',
  stillOn: 'still on',
  counts: (bad: string, all: string): string => ` (${bad} of ${all})`,
  unknownValue: 'no value',
  choices: { act: 'it would have acted', ask: 'it would have asked people', refuse: 'it would have refused' },
  notDecided: 'nothing was decided',
  /** Null: everybody. */
  joins: (scope: string | null): string => (scope === null ? 'as a part of what hit everybody' : `as a part of what hit ${scope}`),
  reasons: {
    'the runbook asks': 'its runbook always asks',
    'no runbook': 'no runbook answers it: people would have been told',
    irreversible: 'a step cannot be taken back',
  } as Readonly<Record<string, string>>,
  unknownStep: (step: string): string => `step ${step} could not be planned`,
  noPlan: (why: string): string => `there was no plan: ${why}`,
  notJudged: (why: string): string => `it could not be judged: ${why}`,
  incident: (id: string): string => `real incident: ${id}`,
  noIncident: 'no real incident then',
  said: (verdict: 'right' | 'false', by: string, why: string): string =>
    `${verdict === 'right' ? 'right' : 'false'}, says ${by}${why === '' ? '' : `: ${why}`}`,
  more: 'There are more: --json, or one trigger and a shorter --since.',
  counterfactual: 'Nothing was done, so nothing was healed: how long it lasted says nothing of how long it would have lasted.',
  stored: (verdict: 'right' | 'false', episode: string): string => `Stored: ${episode} was ${verdict}.`,
};
