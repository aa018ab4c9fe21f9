// Backtests and scenes in English.
export const rehearsalEn = {
  replayed: (trigger: string, from: string, to: string): string => `${trigger}, replayed from ${from} to ${to}`,
  scopes: (count: number): string => (count === 1 ? '1 organization' : `${count} organizations`),
  none: 'It would have told nobody of anything.',
  summary: (act: number, ask: number): string =>
    `It would have told people ${act + ask === 1 ? 'once' : `${act + ask} times`}: ${act} with evidence to act, ${ask} to ask.`,
  guards: 'Whether Belay acts is decided by the guards of that moment; they are not replayed.',
  nearMisses: (count: number): string => `${count} more ${count === 1 ? 'was' : 'were'} over before anybody would have been told.`,
  delay: (time: string): string => `Half of them were told of within ${time} after the limit was crossed.`,
  columns: ['began', 'lasted', 'where', 'worst', 'evidence', 'incident'],
  everything: '(all)',
  stillOn: 'still on',
  levels: { none: 'persists', suspect: 'ask', act: 'act' },
  noIncident: 'none',
  counts: (bad: string, all: string): string => ` (${bad} of ${all})`,
  unmatched: (ids: string): string => `Incidents of this trigger without an episode here: ${ids}`,
  noData: (share: string): string => `Not known, ${share} of the time: nobody watched, so nothing is claimed of it.`,
  gap: { away: 'Belay was away', silent: 'its sources were silent' },
  more: (count: number): string => `… and ${count} more: --json shows them all`,
  resolution: 'Counts are kept by the minute: what comes and goes within one is not seen, and times are a minute later than they were.',
  progress: (share: string): string => `replayed ${share}`,
};
