#!/usr/bin/env node
// Owns the name `belay`: hands its arguments to src/main.ts. Refuses to know a single command.
import { enter } from './bootstrap.mjs';

await enter('belay', process.argv.slice(2));
