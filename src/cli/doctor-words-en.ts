// What `belay doctor` says of signals, in English.
export const doctorEn = {
  matches: (series: number, sources: string): string => `selects ${series} series of what ${sources} told`,
  noName: (selector: string, sources: string, names: string): string => `selects ${selector}, and ${sources} told only: ${names}`,
  nothing: 'nothing',
  noLabels: (selector: string, name: string, labels: string): string =>
    `selects ${selector}, and no series of ${name} matches: there are ${labels}`,
  later: (selector: string, labels: string): string =>
    `nothing matches ${selector} now, which is right while nothing of it has happened; there are ${labels}`,
  noScope: (selector: string, by: string, labels: string): string => `no series of ${selector} has the label ${by}: there are ${labels}`,
  noLabelsAtAll: 'no labels',
  unread: (sources: string): string => ` (not looked at here: ${sources})`,
  meant: (near: string): string => `Did you mean ${near}?`,
  mend: 'Mend the selector in belay.yaml, or what the source tells.',
  scope: 'Without it all is counted as (other), which may ask and never acts. Name another label with by, or tell it.',
};
