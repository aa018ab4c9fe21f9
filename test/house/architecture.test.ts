// The drawing in ARCHITECTURE.md is the real graph, and the drawing can tell two graphs apart.
import { expect, test } from 'vitest';
import { drawLayers, withDrawing } from '../../scripts/architecture.ts';
import { read, root } from './source.ts';

test('ARCHITECTURE.md shows the imports as they are; if not, type: npm run docs', async () => {
  const text = read('ARCHITECTURE.md');
  expect(withDrawing(text, await drawLayers(root))).toBe(text);
}, 60_000);

test('a drawing replaces the one before, and a document without marks is refused', () => {
  const marked = (drawing: string) =>
    `a\n<!-- drawn by \`npm run docs\`: begin -->\n${drawing}\n<!-- drawn by \`npm run docs\`: end -->\nb`;
  expect(withDrawing(marked('old'), 'new')).toBe(marked('new'));
  expect(() => withDrawing('no marks', 'new')).toThrow(/lacks the marks/);
});
