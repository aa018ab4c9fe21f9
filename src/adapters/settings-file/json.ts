// JSON files as settings: strict JSON, of which only the values that are named are replaced in the text.
import { type Format, FormatProblem } from './format.ts';
import { blank, literalAt, type ObjectNode } from './literal.ts';
import { edited, objectUnder, valuesOf } from './object-edit.ts';

export function jsonFormat(under: string | undefined): Format {
  const find = (text: string): ObjectNode => objectUnder(wholeOf(text), under);
  return {
    read: (text) => valuesOf(find(text)),
    held: (_key, value) => {
      if (typeof value === 'number' && !Number.isFinite(value)) throw new FormatProblem(`${value} is no number of JSON`);
      return value;
    },
    write: (text, changes) => edited(text, changes, { dialect: 'json', find }),
  };
}

function wholeOf(text: string) {
  try {
    JSON.parse(text.replace(/^\u{feff}/u, ''));
  } catch (cause) {
    throw new FormatProblem(`it is not JSON: ${(cause as Error).message}`);
  }
  const reading = { text, dialect: 'json' } as const;
  return literalAt(reading, blank(reading, 0));
}
