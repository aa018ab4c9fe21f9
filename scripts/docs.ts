// Owns `npm run docs`: redraws what documents take from the code. It writes nothing when nothing changed.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { drawLayers, withDrawing } from './architecture.ts';

const root = path.dirname(import.meta.dirname);
const file = path.join(root, 'ARCHITECTURE.md');
const old = readFileSync(file, 'utf8');
const drawn = withDrawing(old, await drawLayers(root));
if (drawn !== old) writeFileSync(file, drawn);
console.log(drawn === old ? 'ARCHITECTURE.md is as the imports are' : 'ARCHITECTURE.md: the graph was redrawn');
