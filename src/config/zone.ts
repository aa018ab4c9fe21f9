// A time zone as people write it. It knows no time.
import type { Reader } from './read.ts';
import { text } from './read.ts';

export const zone: Reader<string> = (value, problems, name) => {
  const read = text(value, problems, name);
  if (read === undefined || isZone(read)) return read;
  problems.error('zone', value.span, `${name} is "${read}", which is not a time zone`, {
    expected: 'a zone such as America/Sao_Paulo or UTC',
  });
  return undefined;
};

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    // Intl has no question for it: it throws for what it does not know.
    return false;
  }
}
