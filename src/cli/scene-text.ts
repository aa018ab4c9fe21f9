// Played scenes as text: a line each, and of one that does not hold the first wrong moment, explained. It plays nothing.
import { guardText } from '../domain/event-text.ts';
import { explainNow } from '../domain/explanation.ts';
import type { System } from '../domain/system.ts';
import { explanationLines } from '../domain/text/explanations.ts';
import { writeDuration } from '../domain/units.ts';
import { isOpen } from '../flows/decide.ts';
import type { PlayedRun } from '../flows/rehearse/judge-scene.ts';
import { type Moment, type Played, SCENE_START } from '../flows/rehearse/scene.ts';
import type { SceneLook } from './rehearsal-text.ts';
import { rehearsalWords } from './rehearsal-text.ts';
import { runSceneJson, runSceneLines } from './run-scene-text.ts';
import { wrap } from './text-layout.ts';

/** Of both kinds. */
export interface PlayedScenes {
  readonly played: readonly Played[];
  readonly runs: readonly PlayedRun[];
}

export function scenesText({ played, runs }: PlayedScenes, system: System, o: SceneLook): string {
  const words = rehearsalWords(o.lang);
  const all = [...played, ...runs];
  if (all.length === 0) return words.noScenes;
  const files = [...new Set(all.map((one) => one.scene.file))].sort();
  const blocks = files.map((file) => [
    o.colour.bold(file),
    ...played.filter((one) => one.scene.file === file).flatMap((one) => sceneLines(one, system, o)),
    ...runs.filter((one) => one.scene.file === file).flatMap((one) => runSceneLines(one, o)),
  ]);
  const held = all.filter((one) => one.ok).length;
  return [...blocks.map((lines) => lines.join('\n')), words.scenes(held, all.length)].join('\n\n');
}

function sceneLines({ scene, ok, moments }: Played, system: System, o: SceneLook): readonly string[] {
  const words = rehearsalWords(o.lang);
  const mark = ok ? o.colour.green(o.marks.done) : o.colour.red(o.marks.failed);
  const held = moments.filter((one) => one.ok).length;
  const head = `  ${mark} ${scene.name} ${o.colour.dim(`(${scene.trigger}, ${words.moments(held, moments.length)})`)}`;
  const wrong = moments.find((one) => !one.ok);
  return wrong === undefined ? [head] : [head, ...wrongLines(wrong, scene.file, system, o)];
}

function wrongLines(wrong: Moment, file: string, system: System, o: SceneLook): readonly string[] {
  const words = rehearsalWords(o.lang);
  const where = wrong.scope === '' ? words.scopeAll : o.nameOf(wrong.scope);
  const at = writeDuration(Math.round(wrong.atMs / 1_000) * 1_000);
  const says =
    wrong.expected === 'never acts'
      ? [words.neverActs(at, where)]
      : wrong.expected === 'never asks'
        ? [words.neverAsks(at, where)]
        : wrong.guards === undefined
          ? [words.expected(at, where, wrong.expected), words.instead(wrong.found)]
          : [words.mustDecide(at, where, wrong.expected), words.decides(wrong.found)];
  const open = (wrong.guards ?? []).filter(isOpen).map((guard) => guardText(guard, o.lang));
  const why = [...explained(wrong, system, o), ...open].flatMap((line) => wrap(line, o.width - 6));
  return [
    `    ${file}:${wrong.line}:${wrong.column}`,
    ...says.map((line) => `    ${line}`),
    ...why.map((line) => `      ${o.colour.dim(line)}`),
  ];
}

/** A time of day in it is the time since the beginning of the scene. */
function explained({ view }: Moment, system: System, o: SceneLook): readonly string[] {
  if (view === null) return [rehearsalWords(o.lang).nothingSeen];
  const rule = system.triggers.find((one) => one.id === view.trigger);
  const kind = system.signals.find((one) => one.id === rule?.signal)?.signal.kind;
  if (rule === undefined || kind === undefined) return [];
  const told = explanationLines(explainNow({ rule, kind }, view), { lang: o.lang, zone: 'UTC', nameOf: o.nameOf });
  return told.map((line) => line.replaceAll(/(\d\d:\d\d) UTC/g, '$1'));
}

/** For --json: what was found at each moment, without the views. */
export const scenesJson = ({ played, runs }: PlayedScenes) => ({
  ok: [...played, ...runs].every((one) => one.ok),
  began: SCENE_START,
  scenes: played.map(({ scene, ok, moments }) => ({
    name: scene.name,
    file: scene.file,
    line: scene.line,
    trigger: scene.trigger,
    ok,
    moments: moments.map(({ view, ...one }) => ({ ...one, value: view?.value ?? null, level: view?.level ?? 'none' })),
  })),
  runbookScenes: runs.map(runSceneJson),
});
