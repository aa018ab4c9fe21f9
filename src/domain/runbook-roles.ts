// What a runbook means by its words for people: roles of belay.yaml, and their deputies. It knows nobody by name and asks nobody.
import type { Runbook } from './ir.ts';

type Roles = Pick<Runbook, 'roles'>;

/** The role of belay.yaml behind a runbook's own word; a word that is none stands for itself. */
export const roleMeant = ({ roles }: Roles, word: string): string => (Object.hasOwn(roles, word) ? (roles[word]?.is ?? word) : word);

/** All who may stand in: for each word the role, and whoever deputizes, a role or a person. */
export function rolesMeant(runbook: Roles, words: readonly string[]): readonly string[] {
  const of = (word: string): readonly string[] => {
    const deputy = Object.hasOwn(runbook.roles, word) ? runbook.roles[word]?.deputy : undefined;
    return [roleMeant(runbook, word), ...(deputy === undefined ? [] : [deputy])];
  };
  return [...new Set(words.flatMap(of))];
}
