// Played scenes of runbooks as text: a line each, and of one that does not hold what is not as it must be, and where it was killed. It plays
// nothing and judges nothing.
import type { UntoldSight } from '../domain/runbook-scene.ts';
import { formatDuration } from '../domain/time-text.ts';
import type { KilledAt, PlayedRun, WrongEnd } from '../flows/rehearse/judge-scene.ts';
import { rehearsalWords, type SceneLook } from './rehearsal-text.ts';
import { wrap } from './text-layout.ts';

export function runSceneLines(played: PlayedRun, o: SceneLook): readonly string[] {
  const { scene, ok, wrong, unlike, calm } = played;
  const mark = ok ? o.colour.green(o.marks.done) : o.colour.red(o.marks.failed);
  const head = `  ${mark} ${scene.name} ${o.colour.dim(`(${scene.runbook}, ${summary(played, o)})`)}`;
  if (ok) return [head];
  const [first] = wrong;
  const at = first === undefined ? `${scene.file}:${scene.line}:1` : `${scene.file}:${first.line}:${first.column}`;
  const why = unlike === null ? calm.untold.slice(0, 5).map((one) => `sees: ${untoldLine(one)}`) : [];
  const words = rehearsalWords(o.lang);
  return [
    head,
    `    ${at}`,
    ...wrong.map((one) => `    ${wrongLine(one, played, o)}`),
    ...(unlike === null ? [] : killedLines(unlike, o).map((line) => `    ${line}`)),
    ...(why.length === 0
      ? []
      : [words.untold, ...why].flatMap((line) => wrap(line, o.width - 6)).map((line) => `      ${o.colour.dim(line)}`)),
  ];
}

function summary({ ok, killed, boundaries, scene, calm }: PlayedRun, { lang }: SceneLook): string {
  const words = rehearsalWords(lang);
  if (!ok) return words.endsIn(calm.ends, formatDuration(calm.tookMs, lang));
  if (!scene.kills) return words.neverKilled;
  return words.sameEnd(killed, boundaries);
}

function wrongLine({ what, expected, found }: WrongEnd, { calm }: PlayedRun, { lang }: SceneLook): string {
  const words = rehearsalWords(lang);
  const isTime = what === 'within';
  const shown = (value: string): string => (isTime ? formatDuration(Number(value), lang) : value);
  const reason = what === 'ends' && calm.reason !== '' ? ` (${calm.reason})` : '';
  return words.unlike(what, shown(expected), `${shown(found)}${reason}`);
}

function killedLines({ at, name, what, expected, found }: KilledAt, { lang }: SceneLook): readonly string[] {
  const words = rehearsalWords(lang);
  return [words.killedAt(at.join(', '), name), words.unlikeCalm(what, expected, found)];
}

/** As it can be put into the scene. */
function untoldLine({ probe, with: args, names }: UntoldSight): string {
  const pairs = Object.entries(args).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const values = names.map((name) => `${name}: …`).join(', ');
  return `- { probe: ${probe}, with: { ${pairs.join(', ')} }, values: { ${values} } }`;
}

/** For --json: without the boundaries, of which only their number is of use. */
export const runSceneJson = ({ scene, ok, calm, wrong, killed, boundaries, unlike }: PlayedRun) => {
  const { boundaries: _boundaries, cost: _cost, ...end } = calm;
  return { name: scene.name, file: scene.file, line: scene.line, runbook: scene.runbook, ok, end, wrong, killed, boundaries, unlike };
};
