// What everything that looks at a part of a document is given: the text, where findings go, and what was announced last.
import type { SourceText } from '../source-text.ts';
import type { Body } from './body.ts';
import type { Findings } from './found.ts';
import type { Front } from './front.ts';
import type { Ids } from './ids.ts';
import type { Topic } from './topics.ts';

export interface Walk {
  readonly source: SourceText;
  readonly findings: Findings;
  readonly body: Body;
  readonly front: Front;
  /** Of clocks, guards, templates and drafts. */
  readonly ids: Ids;
  readonly lang: Front['lang'];
  /** The last words that announced something: "Actions:". */
  label: { readonly text: string; readonly line: number } | null;
  topic: Topic;
}
