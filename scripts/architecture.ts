// Owns the drawing of the real import graph, folder by folder, and its place in ARCHITECTURE.md. Refuses to judge it: the guard does.
import path from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import config from '../.dependency-cruiser.mjs';

const BEGIN = '<!-- drawn by `npm run docs`: begin -->';
const END = '<!-- drawn by `npm run docs`: end -->';
/** Top to bottom, as people read it: doors first, truth last. */
const ORDER = ['main', 'cli', 'server', 'lsp', 'web', 'config', 'adapters', 'flows', 'ports', 'domain'];
const LABELS: Readonly<Record<string, string>> = {
  main: 'main.ts, registry.ts: wire all',
  cli: 'cli: a door',
  server: 'server: a door',
  lsp: 'lsp: a door for editors',
  web: 'web: the browser',
  config: 'config: files to values',
  adapters: 'adapters: one folder, one real thing',
  flows: 'flows: what happens next',
  ports: 'ports: contracts',
  domain: 'domain: what is true',
};

export async function drawLayers(root: string): Promise<string> {
  const { tsConfig: _, ...options } = config.options;
  const { output } = await cruise(['src'], { ...options, baseDir: root } as ICruiseOptions, options.enhancedResolveOptions);
  const edges = new Set<string>();
  const seen = new Set<string>();
  for (const module of (output as ICruiseResult).modules) {
    const from = layerOf(module.source);
    if (from === null) continue;
    seen.add(from);
    for (const { resolved } of module.dependencies) {
      const to = layerOf(resolved);
      if (to !== null && to !== from) edges.add(`${from} ${to}`);
    }
  }
  return mermaid(seen, edges);
}

function layerOf(file: string): string | null {
  const inside = file.split(path.sep).join('/');
  // The files at the root of src are main: its registry grows a line with each adapter.
  const layer = /^src\/[^/]+\.ts$/.test(inside) ? 'main' : /^src\/([^/]+)\//.exec(inside)?.[1];
  return layer !== undefined && ORDER.includes(layer) ? layer : null;
}

function mermaid(seen: ReadonlySet<string>, edges: ReadonlySet<string>): string {
  const nodes = ORDER.filter((layer) => seen.has(layer)).map((layer) => `  ${layer}["${LABELS[layer] ?? layer}"]`);
  const rank = (edge: string): number => {
    const [from = '', to = ''] = edge.split(' ');
    return ORDER.indexOf(from) * ORDER.length + ORDER.indexOf(to);
  };
  const arrows = [...edges].sort((a, b) => rank(a) - rank(b)).map((edge) => `  ${edge.replace(' ', ' --> ')}`);
  return ['```mermaid', 'flowchart TD', ...nodes, ...arrows, '```'].join('\n');
}

/** The document with the drawing between its two marks replaced. */
export function withDrawing(text: string, drawing: string): string {
  const [before, rest = ''] = text.split(BEGIN);
  const after = rest.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`The document lacks the marks ${BEGIN} and ${END}.`);
  return `${before}${BEGIN}\n${drawing}\n${END}${after}`;
}
